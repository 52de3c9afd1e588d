"""The step of the month, killed -9 at many points: readers see one whole track record, and each month is judged once."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Count

from core.models import AuditEntry, JobRun, Publication
from planning.models import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast
from tests.crash import harness
from tests.factories.customers import make_deal
from tests.factories.teams import make_cast

pytestmark = [
    pytest.mark.crash,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("R1.8"),
]
JUNE, JULY = "2026-06-02", "2026-07-02"
POINTS, NAIVE_POINTS, DEALS = 20, 6, 150
WON, LOST = ("Lead", "Contacted", "Visited", "Quoted", "Won"), ("Lead", "Contacted", "Lost")
FIGURES = ("as_of_date", "unit", "person", "kind", "first_date", "days_to_go", "expected", "actual")

Seen = tuple[str, list[tuple[object, ...]], int]


@pytest.fixture
def record() -> None:
    """A company with more than a year of history, and last month's record published."""
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
    harness.finish(harness.start("monthly", JUNE))


def seen() -> Seen:
    """Return what readers see now: the month judged, every figure, and how many checks of chances."""
    run = Publication.objects.get(job=TRACK_JOB, scope=TRACK_SCOPE).run
    rows = PastForecast.objects.current().order_by(*FIGURES[:6]).values_list(*FIGURES)
    return str(run.business_date), list(rows), ChanceCheck.objects.current().count()


def unpublish_july() -> None:
    """Bring back the evening before: July's step has not begun."""
    before = JobRun.objects.get(job=TRACK_JOB, business_date="2026-06-01")
    Publication.objects.filter(job=TRACK_JOB).update(run=before)
    JobRun.objects.filter(job=TRACK_JOB, business_date="2026-07-01").delete()


@pytest.mark.usefixtures("record")
def test_a_month_killed_at_twenty_points_is_never_seen_in_part_and_judged_once() -> None:
    whole = {"2026-06-01": seen()}
    seconds = harness.duration("monthly", JULY)
    whole["2026-07-01"] = seen()
    assert whole["2026-07-01"][1]
    assert whole["2026-07-01"] != whole["2026-06-01"]

    def fault(done: bool) -> str:
        shown = seen()
        if shown != whole[shown[0]]:
            return f"{shown[0]}: {len(shown[1])} forecasts, {shown[2]} checks, not what a whole record shows"
        if not done:
            return ""
        runs = JobRun.objects.filter(job=TRACK_JOB, business_date="2026-07-01", state=JobRun.State.PUBLISHED)
        told = AuditEntry.objects.filter(
            event="core.job.published", subject_id__in=[str(pk) for pk in runs.values_list("pk", flat=True)]
        )
        torn = (
            PastForecast.objects.values("run")
            .annotate(n=Count("pk"))
            .exclude(n=len(shown[1]))
            .exclude(run__business_date="2026-06-01")
        )
        if (shown[0], runs.count(), told.count()) != ("2026-07-01", 1, 1):
            return f"{shown[0]}: judged {runs.count()} times, told {told.count()} times"
        return f"{len(torn)} records lie about in part" if torn else ""

    tally = harness.kill_at_random_points(
        "monthly", JULY, points=POINTS, seconds=seconds, reset=unpublish_july, fault=fault
    )
    assert (tally.wrong_after_kill, tally.wrong_at_the_end) == ([], [])
    assert tally.killed_at_work >= POINTS * 0.6


@pytest.mark.usefixtures("record")
def test_deleting_and_inserting_in_place_shows_half_a_record() -> None:
    whole = list(PastForecast.objects.current())
    run = whole[0].run
    seconds = harness.duration("naive-monthly", JUNE)
    partial = 0
    for point in range(NAIVE_POINTS):
        PastForecast.objects.all().delete()
        for row in whole:
            row.run = run
        PastForecast.objects.bulk_create(whole)
        harness.kill_after(seconds * (point + 1) / (NAIVE_POINTS + 1), "naive-monthly", JUNE)
        partial += PastForecast.objects.current().count() != len(whole)
    assert partial >= NAIVE_POINTS // 2
