"""
The night, step by step, in the order in which it is done.

    1  the forecast of the plan: what the year will bring
    2  what the SMART checks find of the plan's draft
    3  the watch over conversions: warnings, their follow-up, levers

Every plan whose year has begun has one night for each business day of its own time zone. Looking costs nothing: a plan
whose night is published is passed over, so the night may be looked for every few minutes, by beat, by hand, or by both at
once. Missed days are not made up one by one: a forecast is about what lies ahead, and the newest says it best.

Once a month the forecasts of the months that are over are held against what came. On a new installation that takes some forty
forecasts of past days, later four; so it is a step of its own, for which no night waits.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.jobs import Outcome
from planning import services
from planning.models import Plan
from planning.tasks import call_helpers
from teams.models import Company

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Night:
    """What came of one plan's night."""

    plan: Plan
    as_of: date | None
    outcome: Outcome
    error: str = ""


def run_nights(
    *, clock: Callable[[], datetime], as_of: date | None = None, year: int | None = None, again: bool = False
) -> list[Night]:
    """
    Forecast every running plan; one that fails stops no other.

    :param as_of: the business day; None = today in each plan's time zone
    :param year: only the plan of this fiscal year
    :param again: reckon anew what is published already
    """
    plans = Plan.objects.select_related("fiscal_year").order_by("pk")
    asked = plans if year is None else plans.filter(fiscal_year__year=year)
    nights = (_night(plan, clock=clock, as_of=as_of, named=year is not None, again=again) for plan in asked)
    return [night for night in nights if night is not None]


def _night(plan: Plan, *, clock: Callable[[], datetime], as_of: date | None, named: bool, again: bool) -> Night | None:
    day = as_of
    try:
        day = as_of or clock().astimezone(ZoneInfo(plan.time_zone)).date()
        is_running = plan.fiscal_year.first_date <= day < plan.fiscal_year.after_date
        if not is_running and not named:
            return None
        outcome = services.run_forecast(plan=plan, as_of=day, clock=clock, again=again, call=call_helpers)
        if outcome is Outcome.PUBLISHED:
            for draft in plan.versions.drafts():
                services.check_targets(version=draft, now=clock())
        services.watch_conversions(plan=plan, as_of=day, clock=clock, again=again)
        return Night(plan, day, outcome)
    except Exception as error:  # one bad plan stops no other; the run's row and the log keep what happened
        log.exception("the night of %s for %s failed", day, plan)
        return Night(plan, day, Outcome.FAILED, f"{type(error).__name__}: {error}")


def run_month(*, clock: Callable[[], datetime]) -> Outcome:
    """Judge the forecasts of the months that are over, once in each month of the company's time zone."""
    today = clock().astimezone(ZoneInfo(Company.objects.the_one().time_zone)).date()
    return services.run_track_record(today=today, clock=clock)
