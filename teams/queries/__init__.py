"""Reads about people, units and what was done."""

from .audit import AuditRow, audit_trail, with_subjects
from .capacity import CapacityPage, Rule, Rules, capacity_page
from .people import PersonPage, people, person_page
from .units import UnitRow, unit_tree, units_in_order

__all__ = [
    "AuditRow",
    "CapacityPage",
    "PersonPage",
    "Rule",
    "Rules",
    "UnitRow",
    "audit_trail",
    "capacity_page",
    "people",
    "person_page",
    "unit_tree",
    "units_in_order",
    "with_subjects",
]
