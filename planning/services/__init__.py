"""Writes of the plan."""

from .forecasts import YearIsOver, run_forecast
from .groundwork import help_with_groundwork, lay_groundwork, nobody
from .ladders import climb_target
from .refusals import (
    AmountIsInvalid,
    CompanyIsMissing,
    DraftExists,
    FiscalYearExists,
    NoActiveVersion,
    NothingToGrowFrom,
    PlanExists,
    PlanHasChanged,
    PlanHasNoTargets,
    PlanIsActive,
)
from .targets import Spread, set_target, split_target
from .track_record import JUDGED_MONTHS, run_track_record
from .versions import activate_version, revise_plan, targets_state
from .years import begin_year, create_plan, open_fiscal_year

__all__ = [
    "JUDGED_MONTHS",
    "AmountIsInvalid",
    "CompanyIsMissing",
    "DraftExists",
    "FiscalYearExists",
    "NoActiveVersion",
    "NothingToGrowFrom",
    "PlanExists",
    "PlanHasChanged",
    "PlanHasNoTargets",
    "PlanIsActive",
    "Spread",
    "YearIsOver",
    "activate_version",
    "begin_year",
    "climb_target",
    "create_plan",
    "help_with_groundwork",
    "lay_groundwork",
    "nobody",
    "open_fiscal_year",
    "revise_plan",
    "run_forecast",
    "run_track_record",
    "set_target",
    "split_target",
    "targets_state",
]
