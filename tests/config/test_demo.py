from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from config.demo import SIGN_INS, load_demo
from config.demo.cast import CHANNELS
from config.demo.story import WEAK_SINCE_DAYS, stories
from config.demo.work import acts_of
from config.nightly import run_nights
from customers.models import Activity, Customer, Deal, DealCredit, StageEvent
from customers.queries.invariants import violations
from planning.models import (
    By,
    ConversionWarning,
    NodeForecast,
    Plan,
    PlanVersion,
    Potential,
    Scenario,
    SmartFinding,
    Target,
)
from teams.models import Company, Management, OrgUnit, PlannedHire, Presence, User

DAY = date(2026, 6, 15)


def test_the_same_day_tells_the_same_history() -> None:
    assert list(stories(DAY)) == list(stories(DAY))


def test_the_history_is_as_long_as_promised_and_ends_before_the_day() -> None:
    told = list(stories(DAY))

    assert min(tale.steps[0].at for tale in told).date() < DAY - timedelta(days=3 * 365 - 30)
    assert max(step.at for tale in told for step in tale.steps).date() < DAY
    assert len(told) > 2000


@pytest.mark.parametrize("place", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Auckland"])
def test_the_history_lies_in_the_past_from_the_first_minute_of_the_day_on_wherever_the_company_is(place: str) -> None:
    with override_settings(TIME_ZONE=place):
        midnight = datetime.combine(DAY, datetime.min.time(), ZoneInfo(place))
        last = max(step.at for tale in stories(DAY) for step in tale.steps)

    assert midnight - timedelta(days=4) < last < midnight


def test_the_first_quarter_is_weak_and_the_fourth_strong() -> None:
    created = Counter(tale.steps[0].at.month for tale in stories(DAY))

    assert created[2] < created[1]
    assert created[2] * 1.4 < created[10]


def test_quotes_in_the_south_have_weakened_lately() -> None:
    def share(side: str) -> float:
        since = datetime.combine(DAY - timedelta(days=WEAK_SINCE_DAYS), datetime.min.time(), UTC)
        ends = [
            after.stage
            for tale in stories(DAY)
            if tale.rep.unit.startswith(side)
            for before, after in zip(tale.steps, tale.steps[1:], strict=False)
            if before.stage == "Quoted" and after.stage in ("Won", "Lost") and after.at > since
        ]
        return ends.count("Won") / len(ends)

    assert share("South") < share("East") - 0.15


def test_the_core_customer_stopped_buying() -> None:
    wins = [tale.steps[-1].at.date() for tale in stories(DAY) if tale.customer == 0 and tale.steps[-1].stage == "Won"]

    before = sum(day < DAY - timedelta(days=240) for day in wins)
    assert before > 10
    assert len(wins) - before <= 2


@pytest.mark.requirement("R1.7")
def test_leads_are_answered_visited_and_followed_up_at_different_speeds() -> None:
    end = datetime.combine(DAY, datetime.min.time(), UTC)
    told = [(tale, list(acts_of(tale, end=end))) for tale in stories(DAY)]

    def answered_fast(channel: int) -> float:
        waits = [
            acts[0].done - tale.steps[0].at for tale, acts in told if tale.channel == channel and acts and acts[0].done
        ]
        return sum(wait < timedelta(hours=1) for wait in waits) / len(waits)

    names = [name for name, *_ in CHANNELS]
    visited = [acts for _tale, acts in told if any(act.kind == "visit" for act in acts)]
    assert told == [(tale, list(acts_of(tale, end=end))) for tale in stories(DAY)]
    assert answered_fast(names.index("Website")) > answered_fast(names.index("Trade fair")) + 0.2
    assert 0.4 < sum(any(act.due for act in acts) for acts in visited) / len(visited) < 0.9
    assert all(act.done < end for _tale, acts in told for act in acts if act.done)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("R7.2")
def test_the_demo_company_holds_what_always_holds_and_says_that_it_is_one() -> None:
    said: list[str] = []

    load_demo(clock=timezone.now, today=timezone.localdate(), say=said.append)

    assert list(violations()) == []
    tables: tuple[Any, ...] = (
        Company.objects,
        User.objects,
        OrgUnit.objects,
        Customer.objects,
        Deal.objects,
        Plan.objects,
    )
    for rows in tables:
        assert not [row for row in rows.all() if not row.is_demo]
    assert set(SIGN_INS) <= set(User.objects.values_list("email", flat=True))
    assert not User.objects.exclude(email__endswith="@demo.example").exists()
    assert StageEvent.objects.filter(kind=StageEvent.Kind.REOPEN).exists()
    assert Activity.objects.planned().exists()
    version = PlanVersion.objects.get()
    assert not version.is_draft
    assert Target.objects.filter(version=version, person__isnull=False).count() == 15
    assert not NodeForecast.objects.exists() or NodeForecast.objects.filter(p_attain__gt=0).exists()
    _has_something_on_every_page_of_targets(version)
    run_nights(clock=timezone.now)
    weak = ConversionWarning.objects.current().filter(stage__name="Quoted", by=By.UNIT)
    assert OrgUnit.objects.get(name="South China").pk in weak.values_list("member", flat=True)
    with pytest.raises(CommandError, match="There is a company here already"):
        call_command("load_demo")


def _has_something_on_every_page_of_targets(version: PlanVersion) -> None:
    company = OrgUnit.objects.get(kind=OrgUnit.Kind.COMPANY)
    assert Management.objects.current().filter(unit=company).count() == 1
    findings = SmartFinding.objects.filter(target__version=version, kind="specific")
    assert set(findings.values_list("verdict", flat=True)) == {"passed"}
    assert PlannedHire.objects.filter(count__gt=0).count() == 2
    assert Presence.objects.count() == 2
    assert Scenario.objects.filter(version=version).count() == 3
    assert Potential.objects.filter(plan=version.plan).count() == 3
    assert {row.act for row in version.commitments.all()} == {"commit", "counter", "accept"}
    assert Target.objects.plain().get(version=version, unit=company).stretch
    won = Deal.objects.won().filter(closed_date__gte=version.plan.fiscal_year.first_date)
    assert DealCredit.objects.exists() == won.filter(owner__name="Rep East A", amount__isnull=False).exists()


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_what_an_interrupted_load_left_behind_is_cleared_away_before_the_next() -> None:
    User.objects.create_user("admin@demo.example", name="Administrator", is_demo=True)

    load_demo(clock=timezone.now, today=timezone.localdate(), say=lambda _line: None)

    assert User.objects.filter(email="admin@demo.example").count() == 1
    assert Company.objects.get().is_demo


@pytest.mark.django_db
def test_the_demo_company_does_not_come_over_real_people() -> None:
    User.objects.create_user("somebody@company.example", name="Somebody")

    with pytest.raises(CommandError, match="empty installation"):
        call_command("load_demo")
