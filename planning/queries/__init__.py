"""Reads of the plan: targets against what was won."""

from .actuals import NOTHING, Actual, Won, actuals, by_person, by_unit, in_no_unit, sum_of, unit_parents, year_actuals
from .calendars import CalendarYear, WorkCalendar, calendar_year, fiscal_months
from .ladders import Base, BaseSource, LadderSheet, base_of, growth_of, ladder_sheet
from .pace import Pace, quarter_pace
from .plans import plan_on, version_in_force, visible_versions
from .season import Learned, learned_season, season_lines
from .shapes import Basis, Shape, last_year_shape, shape_of
from .targets import GridRow, TargetGrid, ancestors, months_of, target_grid, target_to_date
from .versions import RowChange, VersionChanges, version_changes

__all__ = [
    "NOTHING",
    "Actual",
    "Base",
    "BaseSource",
    "Basis",
    "CalendarYear",
    "GridRow",
    "LadderSheet",
    "Learned",
    "Pace",
    "RowChange",
    "Shape",
    "TargetGrid",
    "VersionChanges",
    "Won",
    "WorkCalendar",
    "actuals",
    "ancestors",
    "base_of",
    "by_person",
    "by_unit",
    "calendar_year",
    "fiscal_months",
    "growth_of",
    "in_no_unit",
    "ladder_sheet",
    "last_year_shape",
    "learned_season",
    "months_of",
    "plan_on",
    "quarter_pace",
    "season_lines",
    "shape_of",
    "sum_of",
    "target_grid",
    "target_to_date",
    "unit_parents",
    "version_changes",
    "version_in_force",
    "visible_versions",
    "year_actuals",
]
