"""What the API shows of people and units."""

from .people import PersonOut, UnitOut

__all__ = ["PersonOut", "UnitOut"]
