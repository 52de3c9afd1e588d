"""Pages of the plan."""

from .calendar import work_calendar, workday_drop, workday_new
from .calls import forecast_call
from .capacity import capacity, full_quota
from .cascades import plan_assignment, target_cascade, target_levels
from .chances import deal_call, deal_chance, deal_forecast
from .commitments import my_commitment, target_answer, targets_reconcile, version_talk
from .conversions import conversion, conversion_settings
from .forecasts import forecast, funnel, overview
from .goals import funnel_derive, funnel_effort, funnel_goals, my_goals, stage_goal_edit
from .grid_parts import targets_below, targets_find
from .ladders import target_ladder
from .market import market_shares, share_target_set, target_links
from .metrics import metric_edit, metric_new, metrics
from .movements import forecast_review
from .other_targets import other_clear, other_grow, other_lock, other_new, other_remove, other_target, others
from .plans import fiscal_calendar, plan_activate, plan_new, version_close
from .potentials import potentials
from .replans import plan_revise
from .scenarios import scenario_adopt, scenario_change, scenario_drop, scenario_keep, scenarios
from .share_files import share_targets_import
from .smart import smart_limits, target_smart, targets_smart
from .submissions import submission_approve, submission_detail, submission_send_back, version_approval, version_submit
from .target_files import targets_import
from .target_packs import targets_print
from .target_rows import target_clear, target_edit, target_grow, target_lock, target_split
from .targets import my_pace, targets
from .track_record import track_record
from .versions import versions_compare
from .warnings import (
    levers,
    warning_acknowledge,
    warning_assign,
    warning_close,
    warning_detail,
    warning_reopen,
    warning_snooze,
    warnings,
    warnings_top,
)

__all__ = [
    "capacity",
    "conversion",
    "conversion_settings",
    "deal_call",
    "deal_chance",
    "deal_forecast",
    "fiscal_calendar",
    "forecast",
    "forecast_call",
    "forecast_review",
    "full_quota",
    "funnel",
    "funnel_derive",
    "funnel_effort",
    "funnel_goals",
    "levers",
    "market_shares",
    "metric_edit",
    "metric_new",
    "metrics",
    "my_commitment",
    "my_goals",
    "my_pace",
    "other_clear",
    "other_grow",
    "other_lock",
    "other_new",
    "other_remove",
    "other_target",
    "others",
    "overview",
    "plan_activate",
    "plan_assignment",
    "plan_new",
    "plan_revise",
    "potentials",
    "scenario_adopt",
    "scenario_change",
    "scenario_drop",
    "scenario_keep",
    "scenarios",
    "share_target_set",
    "share_targets_import",
    "smart_limits",
    "stage_goal_edit",
    "submission_approve",
    "submission_detail",
    "submission_send_back",
    "target_answer",
    "target_cascade",
    "target_clear",
    "target_edit",
    "target_grow",
    "target_ladder",
    "target_levels",
    "target_links",
    "target_lock",
    "target_smart",
    "target_split",
    "targets",
    "targets_below",
    "targets_find",
    "targets_import",
    "targets_print",
    "targets_reconcile",
    "targets_smart",
    "track_record",
    "version_approval",
    "version_close",
    "version_submit",
    "version_talk",
    "versions_compare",
    "warning_acknowledge",
    "warning_assign",
    "warning_close",
    "warning_detail",
    "warning_reopen",
    "warning_snooze",
    "warnings",
    "warnings_top",
    "work_calendar",
    "workday_drop",
    "workday_new",
]
