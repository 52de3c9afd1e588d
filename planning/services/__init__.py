"""Writes of the plan."""

from .calls import call_deal, submit_call
from .conversions import set_rate_limits
from .forecasts import YearIsOver, run_forecast
from .groundwork import help_with_groundwork, lay_groundwork, nobody
from .ladders import climb_target
from .refusals import (
    AmountIsInvalid,
    CallIsInvalid,
    CompanyIsMissing,
    DealIsClosed,
    DraftExists,
    FiscalYearExists,
    NoActiveVersion,
    NothingToGrowFrom,
    NothingToReview,
    PeriodIsOver,
    PlanExists,
    PlanHasChanged,
    PlanHasNoTargets,
    PlanIsActive,
)
from .reviews import mark_reviewed
from .targets import Spread, set_target, split_target
from .track_record import JUDGED_MONTHS, run_track_record
from .versions import activate_version, revise_plan, targets_state
from .years import begin_year, create_plan, open_fiscal_year

__all__ = [
    "JUDGED_MONTHS",
    "AmountIsInvalid",
    "CallIsInvalid",
    "CompanyIsMissing",
    "DealIsClosed",
    "DraftExists",
    "FiscalYearExists",
    "NoActiveVersion",
    "NothingToGrowFrom",
    "NothingToReview",
    "PeriodIsOver",
    "PlanExists",
    "PlanHasChanged",
    "PlanHasNoTargets",
    "PlanIsActive",
    "Spread",
    "YearIsOver",
    "activate_version",
    "begin_year",
    "call_deal",
    "climb_target",
    "create_plan",
    "help_with_groundwork",
    "lay_groundwork",
    "mark_reviewed",
    "nobody",
    "open_fiscal_year",
    "revise_plan",
    "run_forecast",
    "run_track_record",
    "set_rate_limits",
    "set_target",
    "split_target",
    "submit_call",
    "targets_state",
]
