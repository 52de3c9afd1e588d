"""People and units over HTTP."""

from .people import PersonViewSet, UnitViewSet

__all__ = ["PersonViewSet", "UnitViewSet"]
