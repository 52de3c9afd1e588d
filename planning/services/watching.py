"""
The nightly watch over conversions, carried out and published: new warnings, followed ones, levers.

A warning ends when its conversion is back (`forecasting.alerts.follow_up`), or when it fades: no night has found it for
four weeks, and the last six weeks show no gap beyond chance, or too few deals to tell; or no night has found it for half a
year: then the lower level is its own history by now. It stays in the history with its reason, and the next drop of the cell
is a new warning.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db.models import Max

from core import audit, jobs
from core.appending import append
from core.jobs import Outcome
from core.models import JobRun
from core.transactions import within_transaction
from planning.models import WARNINGS_JOB, ConversionWarning, Plan, WarningNight, Watched
from planning.queries.watching import Cell, Finding, NightWatch, night_watch

from .forecasts import KEPT_DAYS

FADES_AFTER = timedelta(days=28)  # not found for so long, without a gap beyond chance
USUAL_AFTER = timedelta(days=182)  # not found for so long, whatever the gap
Status = ConversionWarning.Status
Fading = ConversionWarning.Fading


def watch_conversions(*, plan: Plan, as_of: date, clock: Callable[[], datetime], again: bool = False) -> Outcome:
    """
    Judge every conversion from what was known before a business day, open warnings, and follow up those that stand.

    Safe to start any number of times, at once, and to kill anywhere: see `core.jobs`. A day that is reckoned anew replaces
    its own figures; a day that is made up later leaves what newer nights wrote.

    :param again: reckon anew although the day is published (late data): the next revision
    """
    run = jobs.due(job=WARNINGS_JOB, scope=str(plan.pk), business_date=as_of, now=clock(), again=again)
    outcome = jobs.carry_out(
        run,
        reckon=lambda: night_watch(plan=plan, as_of=as_of),
        write=lambda row, night: _write(row, plan, as_of, night),
        clock=clock,
    )
    if outcome is Outcome.PUBLISHED:
        jobs.prune(job=WARNINGS_JOB, scope=str(plan.pk), before=as_of - timedelta(days=KEPT_DAYS))
    return outcome


@within_transaction
def _write(run: JobRun, plan: Plan, as_of: date, night: NightWatch) -> int:
    for lever in night.levers:
        lever.run = run
    append(night.levers)
    Watched.objects.create(
        run=run,
        plan=plan,
        as_of_date=as_of,
        until_date=night.until,
        cells=night.cells,
        too_few=night.too_few,
        found=sum(finding.is_found for finding in night.findings),
        pushed=sum(finding.is_pushed for finding in night.findings),
    )
    written = len(night.levers) + 1
    standing = _standing()
    for finding in night.findings:
        row, newest = standing.pop(finding.cell, (None, None))
        if newest is not None and newest > as_of:
            continue
        if row is None:
            if not finding.is_found:
                continue
            row = _opened(plan, as_of, finding)
        _follow(row, plan, as_of, finding)
        written += 1
    _take_back(standing, as_of)
    _fade_unseen(standing, as_of)
    return written


def _standing() -> dict[Cell, tuple[ConversionWarning | None, date | None]]:
    rows = ConversionWarning.objects.current().select_for_update().order_by("pk")
    newest = dict(
        WarningNight.objects.filter(warning__in=rows.values("pk"))
        .order_by()
        .values("warning")
        .annotate(newest=Max("date"))
        .values_list("warning", "newest")
    )
    return {(row.stage_id, row.by, row.member): (row, newest.get(row.pk)) for row in rows}


@within_transaction
def _opened(plan: Plan, as_of: date, finding: Finding) -> ConversionWarning:
    stage, by, member = finding.cell
    row = ConversionWarning.objects.create(
        plan=plan,
        stage_id=stage,
        by=by,
        member=member,
        found_date=as_of,
        since_date=min(finding.since_date, as_of),
        last_date=as_of,
        at_stake=finding.at_stake,
    )
    audit.record("planning.warning.found", actor=None, subject=row, stage=stage, by=by, member=member, date=as_of)
    return row


@within_transaction
def _follow(row: ConversionWarning, plan: Plan, as_of: date, finding: Finding) -> None:
    """Write what the night saw, and move the status where the night has a say in it."""
    seen = finding.follow_up
    WarningNight.objects.update_or_create(
        warning=row,
        date=as_of,
        defaults={
            "is_found": finding.is_found,
            "is_pushed": finding.is_pushed,
            "observed": seen.observed,
            "expected": seen.expected,
            "low": seen.low,
            "high": seen.high,
            "is_back": seen.recovered,
            "at_stake": finding.at_stake,
        },
    )
    row.plan, row.at_stake, row.facts = plan, finding.at_stake, finding.facts
    if finding.is_found:
        row.last_date = as_of
    if finding.is_pushed and row.pushed_date is None:
        row.pushed_date = as_of
        audit.record("planning.warning.pushed", actor=None, subject=row, at_stake=row.at_stake, date=as_of)
    if row.status == Status.SNOOZED and row.snoozed_until is not None and row.snoozed_until <= as_of:
        row.status, row.snoozed_until = Status.OPEN, None
        row.version += 1
        audit.record("planning.warning.woken", actor=None, subject=row, date=as_of)
    if seen.recovered and not finding.is_found and row.found_date < as_of:
        row.recovered_date = as_of
        row.version += 1
        if row.status != Status.CLOSED:
            row.status, row.snoozed_until = Status.RECOVERED, None
        audit.record("planning.warning.recovered", actor=None, subject=row, date=as_of)
    elif (why := _fading(row, finding, as_of)) is not None:
        _fade(row, why, as_of)
    row.save()


def _fading(row: ConversionWarning, finding: Finding, as_of: date) -> Fading | None:
    """Why a warning is kept no longer, None where it stays."""
    seen, unseen_for = finding.follow_up, as_of - row.last_date
    if unseen_for < FADES_AFTER:
        return None
    if seen.recovered is None:
        return Fading.TOO_FEW
    if seen.high >= 1:
        return Fading.NO_GAP
    return Fading.USUAL if unseen_for >= USUAL_AFTER else None


@within_transaction
def _fade(row: ConversionWarning, why: Fading, as_of: date) -> None:
    row.faded_date, row.faded_why = as_of, why
    row.version += 1
    if row.status != Status.CLOSED:
        row.status, row.snoozed_until = Status.FADED, None
    audit.record("planning.warning.faded", actor=None, subject=row, why=str(why), date=as_of)


@within_transaction
def _take_back(standing: dict[Cell, tuple[ConversionWarning | None, date | None]], as_of: date) -> None:
    """A day reckoned anew no longer finds what it found: gone again, unless somebody took it up meanwhile."""
    for row, _newest in standing.values():
        if row is not None and row.found_date == as_of and row.version == 1 and row.status == Status.OPEN:
            audit.record("planning.warning.taken_back", actor=None, subject=row, date=as_of)
            row.delete()


@within_transaction
def _fade_unseen(standing: dict[Cell, tuple[ConversionWarning | None, date | None]], as_of: date) -> None:
    """Cells that a night does not even see any more: nobody and nothing passes there, or the member is gone."""
    for row, newest in standing.values():
        if row is None or row.pk is None or (newest is not None and newest > as_of):
            continue
        if as_of - row.last_date >= FADES_AFTER:
            _fade(row, Fading.TOO_FEW, as_of)
            row.save()
