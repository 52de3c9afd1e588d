"""The track record: forecasts of the past months made again, or kept from when they were, held against what came."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.db.models import Min

from core import jobs
from core.jobs import Outcome
from core.models import JobRun
from core.periods import FiscalCalendar, month_start
from customers.models import StageEvent
from planning.models import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast
from planning.queries.calendars import WorkCalendar
from planning.queries.replays import Origin, Replayed, came, origins, replay
from planning.queries.snapshot import METHOD
from planning.queries.wins import wins_ledger
from teams.models import Company

JUDGED_MONTHS = 18
_BATCH = 2_000

Row = TypeVar("Row", PastForecast, ChanceCheck)


@dataclass(frozen=True)
class Record:
    """What a run publishes, not yet saved; `made` days were forecast again, the other ones kept."""

    forecasts: list[PastForecast]
    checks: list[ChanceCheck]
    made: int


def run_track_record(
    *,
    today: date,
    clock: Callable[[], datetime],
    months: int = JUDGED_MONTHS,
    again: bool = False,
    anew: bool = False,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Outcome:
    """
    Judge the forecasts of the months that are over, once a month, for the whole company, and publish the result.

    Days judged by an earlier run with the same method are kept as they were forecast then; only what came is read anew.
    Safe to start any number of times, at once, and to kill anywhere: see `core.jobs`.

    :param today: any day of the running month; judged is what ended before this month
    :param again: judge although the month is published: the next revision
    :param anew: forecast all days again, the kept ones too
    :param watch: told how many days are done, of how many
    """
    before = month_start(today)
    late = _has_come_late(before, months)
    run = jobs.due(job=TRACK_JOB, scope=TRACK_SCOPE, business_date=before, now=clock(), again=again or late)
    return jobs.carry_out(
        run,
        reckon=lambda: _record(before, months=months, anew=anew, watch=watch),
        write=_write,
        clock=clock,
    )


def _has_come_late(before: date, months: int) -> bool:
    """Say whether the month's run found nothing to judge, and an import has brought a history since."""
    empty = JobRun.objects.filter(
        job=TRACK_JOB, scope=TRACK_SCOPE, business_date=before, state=JobRun.State.PUBLISHED, rows=0
    )
    return empty.exists() and bool(_origins(Company.objects.the_one(), before, months))


def _known_from(before: date) -> date:
    first = StageEvent.objects.aggregate(first=Min("occurred_at"))["first"]
    return first.date() if first else before


def _origins(company: Company, before: date, months: int) -> list[Origin]:
    fiscal = FiscalCalendar(company.fiscal_start_month)
    return origins(before=before, months=months, fiscal=fiscal, known_from=_known_from(before))


def _record(before: date, *, months: int, anew: bool, watch: Callable[[int, int], None]) -> Record:
    company = Company.objects.the_one()
    fiscal = FiscalCalendar(company.fiscal_start_month)
    known_from = _known_from(before)
    wanted = _origins(company, before, months)
    wins = wins_ledger(time_zone=company.time_zone)
    calendar = WorkCalendar()
    kept = {} if anew else _kept(wanted)
    forecasts, checks = [], []
    for done, origin in enumerate(wanted):
        watch(done, len(wanted))
        told = kept.get(origin.as_of) or replay(
            origin, wins=wins, calendar=calendar, fiscal=fiscal, time_zone=company.time_zone, known_from=known_from
        )
        forecasts += told.forecasts
        checks += told.checks
    watch(len(wanted), len(wanted))
    actual = came(wins.known_before(before), [period for origin in wanted for period in origin.periods])
    for row in forecasts:
        row.actual = actual[row.first_date, row.after_date].get((row.unit_id, row.person_id), Decimal(0))
    return Record(forecasts, checks, made=len(wanted) - len(kept))


def _kept(wanted: list[Origin]) -> dict[date, Replayed]:
    """The days that the published record holds whole, by today's method."""
    rows: dict[date, list[PastForecast]] = {}
    for row in PastForecast.objects.current().filter(method=METHOD):
        rows.setdefault(row.as_of_date, []).append(row)
    checks: dict[date, list[ChanceCheck]] = {}
    for check in ChanceCheck.objects.current():
        checks.setdefault(check.as_of_date, []).append(check)
    found = {}
    for origin in wanted:
        mine = rows.get(origin.as_of, [])
        asked = {(period.kind, period.days_to_go) for period in origin.periods}
        whole = asked <= {(row.kind, row.days_to_go) for row in mine}
        if whole and (origin.as_of in checks or not origin.judges_deals):
            mine = [row for row in mine if (row.kind, row.days_to_go) in asked]
            found[origin.as_of] = Replayed(_copies(mine), _copies(checks.get(origin.as_of, [])))
    return found


def _copies(rows: list[Row]) -> list[Row]:
    for row in rows:
        row.pk = None
        row._state.adding = True
    return rows


def _write(run: JobRun, record: Record) -> int:
    """Save the record; of the earlier ones the last stays, for readers who are on their way with its key."""
    old = JobRun.objects.filter(job=TRACK_JOB, scope=TRACK_SCOPE, state=JobRun.State.PUBLISHED)
    for stale in old.order_by("-business_date", "-revision")[1:]:
        PastForecast.objects.filter(run=stale).delete()
        ChanceCheck.objects.filter(run=stale).delete()
    for row in record.forecasts:
        row.run = run
    for check in record.checks:
        check.run = run
    PastForecast.objects.bulk_create(record.forecasts, batch_size=_BATCH)
    ChanceCheck.objects.bulk_create(record.checks, batch_size=_BATCH)
    return len(record.forecasts) + len(record.checks)
