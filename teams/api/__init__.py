"""People and units over HTTP."""

from .capacity import CapacityRuleViewSet, PlannedHireViewSet, PresenceViewSet
from .people import PersonViewSet, UnitViewSet

__all__ = ["CapacityRuleViewSet", "PersonViewSet", "PlannedHireViewSet", "PresenceViewSet", "UnitViewSet"]
