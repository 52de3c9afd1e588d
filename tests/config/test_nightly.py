from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.nightly import run_month, run_nights
from core.jobs import Outcome
from core.models import JobRun
from planning.models import TRACK_JOB, Plan
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8", "R7.2")]


def _clock() -> datetime:
    return datetime(2026, 6, 30, 17, 0, tzinfo=UTC)


def test_the_plans_own_time_zone_decides_which_night_it_is(cast: Cast) -> None:
    make_plan(2026, time_zone="Asia/Shanghai")

    (night,) = run_nights(clock=_clock)

    assert (night.as_of, night.outcome) == (date(2026, 7, 1), Outcome.PUBLISHED)


def test_only_plans_whose_year_is_running_have_a_night(cast: Cast) -> None:
    make_plan(2026)
    make_plan(2025)

    assert [night.plan.fiscal_year.year for night in run_nights(clock=_clock)] == [2026]


def test_one_bad_plan_stops_no_other(cast: Cast) -> None:
    make_plan(2026)
    broken = make_plan(2027)
    Plan.objects.filter(pk=broken.pk).update(time_zone="Nowhere/Land")

    good, bad = run_nights(clock=_clock)

    assert good.outcome is Outcome.PUBLISHED
    assert bad.outcome is Outcome.FAILED
    assert "Nowhere" in bad.error


def test_the_command_runs_the_night_of_a_day_and_says_what_came_of_it(cast: Cast) -> None:
    make_plan(2026)
    said = StringIO()

    call_command("run_nightly", "--date=2026-03-01", stdout=said)
    call_command("run_nightly", "--date=2026-03-01", stdout=said)

    assert said.getvalue().splitlines() == [
        "FY2026 Plan · 2026-03-01: published",
        "FY2026 Plan · 2026-03-01: already published",
    ]


def test_the_command_says_what_is_missing_where_there_is_no_plan() -> None:
    with pytest.raises(CommandError, match="set a target first"):
        call_command("run_nightly")


def test_the_months_that_are_over_are_judged_once_in_each_month_of_the_companys_time_zone(cast: Cast) -> None:
    assert run_month(clock=_clock) is Outcome.PUBLISHED
    assert run_month(clock=_clock) is Outcome.ALREADY

    assert JobRun.objects.get(job=TRACK_JOB).business_date == date(2026, 7, 1)
