"""Reads of the plan: targets against what was won."""

from .actuals import NOTHING, Actual, Won, actuals, by_person, by_unit, in_no_unit, sum_of, unit_parents, year_actuals
from .calendars import WorkCalendar, fiscal_months
from .shapes import Basis, Shape, last_year_shape, shape_of

__all__ = [
    "NOTHING",
    "Actual",
    "Basis",
    "Shape",
    "Won",
    "WorkCalendar",
    "actuals",
    "by_person",
    "by_unit",
    "fiscal_months",
    "in_no_unit",
    "last_year_shape",
    "shape_of",
    "sum_of",
    "unit_parents",
    "year_actuals",
]
