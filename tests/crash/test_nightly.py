"""The product's night, killed -9 at fifty points: readers see whole snapshots only, and each night is published once."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.models import AuditEntry, JobRun, Publication
from planning.models import (
    JOB,
    WARNINGS_JOB,
    DealForecast,
    ForecastEvidence,
    Lever,
    NodeForecast,
    Plan,
    PlanVersion,
    StageConversion,
    Watched,
)
from tests.crash import harness
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import make_cast

pytestmark = [
    pytest.mark.crash,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("R1.8"),
]
YESTERDAY, TODAY = "2026-06-01", "2026-06-02"
POINTS, NAIVE_POINTS, DEALS = 50, 10, 150
JOBS = (JOB, WARNINGS_JOB)  # the steps of a night, each published by itself
WON, LOST = ("Lead", "Contacted", "Visited", "Quoted", "Won"), ("Lead", "Contacted", "Lost")

Seen = tuple[str, list[tuple[object, ...]], int, int, int]


@pytest.fixture
def plan() -> Plan:
    """A company with a year of history, a plan with a target, and yesterday's night published."""
    people = make_cast()
    chance = random.Random(7)
    for number in range(DEALS):
        make_deal(
            owner=chance.choice([people.rao, people.peer, people.west_rep]),
            path=chance.choice([WON, LOST, WON[:2], WON[:4]]),
            amount=Decimal(chance.randrange(1_000, 90_000)),
            created=date(2025, 3, 1) + timedelta(days=number * 3),
            days_in_stage=chance.randrange(2, 20),
        )
    plan = make_plan(2026)
    make_target(make_version(plan, status=PlanVersion.Status.ACTIVE), unit=people.company, month=Decimal(500_000))
    harness.finish(harness.start("nightly", YESTERDAY))
    return plan


def seen(plan: Plan) -> Seen:
    """Return what readers see now: the day, every figure of every node, and how many rows of the other kinds."""
    run = Publication.objects.get(job=JOB, scope=str(plan.pk)).run
    figures = NodeForecast.objects.current(plan).order_by("unit", "person", "period")
    return (
        str(run.business_date),
        list(figures.values_list("unit", "person", "period", "expected", "p10", "p50", "p90", "target", "p_attain")),
        DealForecast.objects.current(plan).count(),
        StageConversion.objects.current(plan).count(),
        ForecastEvidence.objects.current(plan).count(),
    )


def watched(plan: Plan) -> tuple[str, int, int]:
    """Return what readers see of the watch over conversions: the day, its levers, and whether it says what it looked at."""
    run = Publication.objects.get(job=WARNINGS_JOB, scope=str(plan.pk)).run
    return str(run.business_date), Lever.objects.filter(run=run).count(), Watched.objects.filter(run=run).count()


def unpublish_today() -> None:
    """Bring back the evening before: today's night has not begun."""
    for before in JobRun.objects.filter(job__in=JOBS, business_date=YESTERDAY):
        Publication.objects.filter(job=before.job).update(run=before)
    JobRun.objects.filter(business_date=TODAY).delete()


def test_a_night_killed_at_fifty_points_is_never_seen_in_part_and_published_once(plan: Plan) -> None:
    whole, looked = {YESTERDAY: seen(plan)}, {YESTERDAY: watched(plan)}
    seconds = harness.duration("nightly", TODAY)
    whole[TODAY], looked[TODAY] = seen(plan), watched(plan)
    assert whole[TODAY][1]

    def fault(done: bool) -> str:
        shown = seen(plan)
        if shown != whole[shown[0]]:
            return f"{shown[0]}: {len(shown[1])} nodes, not what a whole night shows"
        levers = watched(plan)
        if levers != looked[levers[0]]:
            return f"{levers[0]}: {levers[1]} levers, not what a whole night shows"
        if not done:
            return ""
        runs = JobRun.objects.filter(business_date=TODAY, state=JobRun.State.PUBLISHED).values_list("pk", "job")
        told = AuditEntry.objects.filter(event="core.job.published", subject_id__in=[str(pk) for pk, _job in runs])
        jobs = sorted(job for _pk, job in runs)
        is_once = (shown[0], levers[0], jobs, told.count()) == (TODAY, TODAY, sorted(JOBS), len(JOBS))
        return "" if is_once else f"{shown[0]}, {levers[0]}: ran {jobs}, told {told.count()} times"

    tally = harness.kill_at_random_points(
        "nightly", TODAY, points=POINTS, seconds=seconds, reset=unpublish_today, fault=fault
    )
    assert (tally.wrong_after_kill, tally.wrong_at_the_end) == ([], [])
    assert tally.killed_at_work >= POINTS * 0.6


def test_deleting_and_inserting_in_place_shows_half_a_night(plan: Plan) -> None:
    whole = list(NodeForecast.objects.current(plan))
    seconds = harness.duration("naive-nightly", YESTERDAY)
    partial = 0
    for point in range(NAIVE_POINTS):
        NodeForecast.objects.all().delete()
        NodeForecast.objects.bulk_create(whole)
        harness.kill_after(seconds * (point + 1) / (NAIVE_POINTS + 1), "naive-nightly", YESTERDAY)
        partial += NodeForecast.objects.current(plan).count() != len(whole)
    assert partial >= NAIVE_POINTS // 2
