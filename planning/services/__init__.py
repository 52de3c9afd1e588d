"""Writes of the plan."""

from .assignment import set_assignment_policy
from .calls import call_deal, submit_call
from .cascades import Levels, cascade_target, import_potentials, set_levels
from .conversions import set_rate_limits
from .digests import due_week, send_digests
from .forecasts import YearIsOver, run_forecast
from .groundwork import help_with_groundwork, lay_groundwork, nobody
from .ladders import climb_target
from .metrics import restore_metrics
from .refusals import (
    AmountIsInvalid,
    CallIsInvalid,
    CascadeIsInvalid,
    CommitmentIsInvalid,
    CompanyIsMissing,
    DayIsInvalid,
    DealIsClosed,
    DraftExists,
    FiscalYearExists,
    NoActiveVersion,
    NothingCommitted,
    NothingToGrowFrom,
    NothingToReview,
    PeriodIsOver,
    PersonIsUnknown,
    PlanExists,
    PlanHasChanged,
    PlanHasNoTargets,
    PlanIsActive,
    SpanIsInvalid,
    TalkIsClosed,
    WarningIsOver,
)
from .reviews import mark_reviewed
from .targets import Spread, set_target, split_target
from .track_record import JUDGED_MONTHS, run_track_record
from .versions import activate_version, revise_plan, targets_state
from .warnings import acknowledge_warning, assign_warning, close_warning, reopen_warning, snooze_warning
from .watching import watch_conversions
from .years import begin_year, create_plan, open_fiscal_year

__all__ = [
    "JUDGED_MONTHS",
    "AmountIsInvalid",
    "CallIsInvalid",
    "CascadeIsInvalid",
    "CommitmentIsInvalid",
    "CompanyIsMissing",
    "DayIsInvalid",
    "DealIsClosed",
    "DraftExists",
    "FiscalYearExists",
    "Levels",
    "NoActiveVersion",
    "NothingCommitted",
    "NothingToGrowFrom",
    "NothingToReview",
    "PeriodIsOver",
    "PersonIsUnknown",
    "PlanExists",
    "PlanHasChanged",
    "PlanHasNoTargets",
    "PlanIsActive",
    "SpanIsInvalid",
    "Spread",
    "TalkIsClosed",
    "WarningIsOver",
    "YearIsOver",
    "acknowledge_warning",
    "activate_version",
    "assign_warning",
    "begin_year",
    "call_deal",
    "cascade_target",
    "climb_target",
    "close_warning",
    "create_plan",
    "due_week",
    "help_with_groundwork",
    "import_potentials",
    "lay_groundwork",
    "mark_reviewed",
    "nobody",
    "open_fiscal_year",
    "reopen_warning",
    "restore_metrics",
    "revise_plan",
    "run_forecast",
    "run_track_record",
    "send_digests",
    "set_assignment_policy",
    "set_levels",
    "set_rate_limits",
    "set_target",
    "snooze_warning",
    "split_target",
    "submit_call",
    "targets_state",
    "watch_conversions",
]
