"""A published track record for tests: months that were forecast so and came so."""

from datetime import UTC, date, datetime
from decimal import Decimal

from core.models import JobRun, Publication
from core.periods import add_months
from planning.models import TRACK_JOB, TRACK_SCOPE, PastForecast
from planning.queries.track_record import JUDGED
from teams.models import OrgUnit, User

LAST = date(2026, 8, 1)
AFTER = date(2026, 9, 1)


def make_record() -> JobRun:
    """Make the run that readers see, or return it."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    run, _made = JobRun.objects.get_or_create(
        job=TRACK_JOB,
        scope=TRACK_SCOPE,
        business_date=AFTER,
        revision=1,
        defaults={"state": JobRun.State.PUBLISHED, "created_at": at, "finished_at": at},
    )
    Publication.objects.get_or_create(job=TRACK_JOB, scope=TRACK_SCOPE, defaults={"run": run, "published_at": at})
    return run


def judge(
    *,
    unit: OrgUnit | None = None,
    person: User | None = None,
    months: int = JUDGED,
    expected: int = 100,
    run_rate: int | None = 100,
    actual: int = 100,
    days: int = 30,
    **fields: object,
) -> None:
    """Say of the last months, newest last, what was forecast of each and what came."""
    run = make_record()
    spread = {"p025": 60, "p10": 80, "p25": 90, "p50": 100, "p75": 110, "p90": 120, "p975": 140}
    for back in range(months):
        first = add_months(LAST, -back)
        PastForecast.objects.create(
            run=run,
            unit=unit,
            person=person,
            kind=PastForecast.Kind.MONTH,
            first_date=first,
            after_date=add_months(first, 1),
            days_to_go=days,
            as_of_date=first,
            method="test",
            expected=Decimal(expected),
            run_rate=run_rate,
            pipeline=expected,
            actual=Decimal(actual),
            **{**spread, **fields},
        )
