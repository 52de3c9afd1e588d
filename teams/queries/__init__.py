"""Reads about people, units and what was done."""

from .audit import AuditRow, audit_trail, with_subjects
from .people import PersonPage, people, person_page
from .units import UnitRow, unit_tree, units_in_order

__all__ = [
    "AuditRow",
    "PersonPage",
    "UnitRow",
    "audit_trail",
    "people",
    "person_page",
    "unit_tree",
    "units_in_order",
    "with_subjects",
]
