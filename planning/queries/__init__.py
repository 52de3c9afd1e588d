"""Reads of the plan: targets against what was won."""

from .actuals import (
    NOTHING,
    Actual,
    Won,
    actuals,
    by_person,
    by_unit,
    in_no_unit,
    overlays,
    sum_of,
    unit_parents,
    year_actuals,
)
from .calendars import CalendarYear, WorkCalendar, calendar_year, fiscal_months
from .capacity import Capacity, capacity_of
from .ladders import Base, LadderSheet, base_of, growth_of, ladder_sheet, year_before
from .outline import row_key
from .overlay import OverlayCredit, OverlayLine, overlay_credit
from .overrides import MonthNote, month_notes
from .pace import Pace, quarter_pace
from .parts import Extent, Held, Part, approvers, extent_of, held_parts, parts
from .plans import plan_on, version_in_force, visible_versions
from .replans import ReplanLine, Replanned, effective_months, replan_lines, replanned, revisable
from .season import Learned, learned_season, season_lines
from .shapes import Basis, Shape, last_year_shape, shape_of
from .submissions import Failure, Review, failures, review, undecided_below
from .targets import GridRow, TargetGrid, ancestors, months_of, target_grid, target_to_date
from .versions import RowChange, VersionChanges, version_changes
from .years import fiscal_years, months_before, next_year

__all__ = [
    "NOTHING",
    "Actual",
    "Base",
    "Basis",
    "CalendarYear",
    "Capacity",
    "Extent",
    "Failure",
    "GridRow",
    "Held",
    "LadderSheet",
    "Learned",
    "MonthNote",
    "OverlayCredit",
    "OverlayLine",
    "Pace",
    "Part",
    "ReplanLine",
    "Replanned",
    "Review",
    "RowChange",
    "Shape",
    "TargetGrid",
    "VersionChanges",
    "Won",
    "WorkCalendar",
    "actuals",
    "ancestors",
    "approvers",
    "base_of",
    "by_person",
    "by_unit",
    "calendar_year",
    "capacity_of",
    "effective_months",
    "extent_of",
    "failures",
    "fiscal_months",
    "fiscal_years",
    "growth_of",
    "held_parts",
    "in_no_unit",
    "ladder_sheet",
    "last_year_shape",
    "learned_season",
    "month_notes",
    "months_before",
    "months_of",
    "next_year",
    "overlay_credit",
    "overlays",
    "parts",
    "plan_on",
    "quarter_pace",
    "replan_lines",
    "replanned",
    "review",
    "revisable",
    "row_key",
    "season_lines",
    "shape_of",
    "sum_of",
    "target_grid",
    "target_to_date",
    "undecided_below",
    "unit_parents",
    "version_changes",
    "version_in_force",
    "visible_versions",
    "year_actuals",
    "year_before",
]
