"""
Work that happens once per job, scope and business date, whoever starts it, however often, and wherever it dies.

    1  one row per (job, scope, business date, revision); the unique key makes the second starter find the first one's row
    2  a session advisory lock: of two at the same moment one works, the other goes home
    3  the attempt number is the fencing token: a worker whose connection died (and whose lock went with it) finds, when it
       comes to write, that a later attempt holds the row, and writes nothing
    4  reckon outside any transaction; then ONE transaction writes all rows, marks the run and swaps the pointer that readers
       follow, so that nobody ever reads half a snapshot and a death at any line leaves the last good one
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F

from core import audit
from core.models import JobRun, Publication

log = logging.getLogger(__name__)
Work = TypeVar("Work")
MAX_ATTEMPTS = 3
FINISHED = frozenset({JobRun.State.PUBLISHED, JobRun.State.HELD, JobRun.State.FAILED})
STATEMENT_MINUTES = 10


class Outcome(StrEnum):
    PUBLISHED = "published"
    ALREADY = "already published"
    BUSY = "another worker is at it"
    HELD = "held"
    FAILED = "failed"


class StaleAttempt(Exception):
    """A later attempt holds the run: what this worker reckoned is not wanted any more."""


def due(*, job: str, scope: str, business_date: date, now: datetime, again: bool = False) -> JobRun:
    """
    Return the newest run of a key, making it where there is none.

    :param again: reckon anew although the key is published, held or failed: the next revision; the earlier one stays
    """
    key = {"job": job, "scope": scope, "business_date": business_date}
    newest = JobRun.objects.filter(**key).order_by("-revision").first()
    if newest is not None and not (again and newest.state in FINISHED):
        return newest
    revision = 1 if newest is None else newest.revision + 1
    run, _ = JobRun.objects.get_or_create(**key, revision=revision, defaults={"created_at": now})
    return run


def carry_out(
    run: JobRun,
    *,
    reckon: Callable[[], Work],
    write: Callable[[JobRun, Work], int],
    doubt: Callable[[Work], str] = lambda _work: "",
    clock: Callable[[], datetime],
) -> Outcome:
    """
    Bring a run to its end, if nobody else is at it.

    :param reckon: reads and computes, writes nothing
    :param write: writes the rows of the run and returns how many; runs inside the one transaction
    :param doubt: looks at the result before publication; a sentence holds the run back, "" lets it pass
    :raises Exception: what `reckon` or `write` raised, after it is noted on the run; the third time the run is failed
    """
    with session_lock(run.job, run.scope) as mine:
        if not mine:
            return Outcome.BUSY
        attempt = _begin(run, at=clock())
        if attempt is None:
            return _standing(run)
        try:
            with patient_statements():
                work = reckon()
                reason = doubt(work)
                return _hold(run, attempt, reason, clock()) if reason else _publish(run, attempt, work, write, clock)
        except StaleAttempt:
            return Outcome.BUSY
        except Exception as error:
            _note_failure(run, attempt, error, at=clock())
            raise


def current(*, job: str, scope: str) -> JobRun | None:
    """Return the run that readers see now."""
    pointer = Publication.objects.filter(job=job, scope=scope).select_related("run").first()
    return pointer.run if pointer else None


def prune(*, job: str, scope: str, before: date, keep: Collection[int] = ()) -> int:
    """
    Delete the runs of days before a day, with their rows, but for the last of each month, which are kept for ever.

    :param keep: keys of further runs that stay
    """
    old = JobRun.objects.filter(job=job, scope=scope, business_date__lt=before)
    last_of_month: dict[tuple[int, int], int] = {}
    published = old.filter(state=JobRun.State.PUBLISHED).order_by("business_date", "revision")
    for key, day in published.values_list("pk", "business_date"):
        last_of_month[day.year, day.month] = key
    shown = Publication.objects.filter(job=job, scope=scope).values("run")
    deleted, _ = old.exclude(pk__in=[*last_of_month.values(), *keep]).exclude(pk__in=shown).delete()
    return deleted


@contextmanager
def patient_statements(minutes: int = STATEMENT_MINUTES) -> Iterator[None]:
    """Let statements of this connection run longer than a web request may wait."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        ((usual,),) = cursor.fetchall()
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{minutes}min"])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, false)", [usual])


@contextmanager
def session_lock(name: str, scope: object) -> Iterator[bool]:
    """
    Hold the session lock of a name and a scope, or say that another connection does.

    Postgres frees it when the connection ends, however it ends.
    """
    key = [name, str(scope)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", key)
        ((mine,),) = cursor.fetchall()
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", key)


@transaction.atomic(durable=True)
def _begin(run: JobRun, *, at: datetime) -> int | None:
    """Take the next attempt; None where there is nothing (more) to do."""
    taken = JobRun.objects.filter(
        pk=run.pk, state__in=[JobRun.State.DUE, JobRun.State.RUNNING], attempt__lt=MAX_ATTEMPTS
    ).update(attempt=F("attempt") + 1, state=JobRun.State.RUNNING, started_at=at)
    if not taken:
        # A worker that died in its last attempt left the run "running": nobody will finish it.
        JobRun.objects.filter(pk=run.pk, state__in=[JobRun.State.DUE, JobRun.State.RUNNING]).update(
            state=JobRun.State.FAILED, finished_at=at, error=F("error")
        )
    run.refresh_from_db()
    return run.attempt if taken else None


def _standing(run: JobRun) -> Outcome:
    return {
        JobRun.State.PUBLISHED: Outcome.ALREADY,
        JobRun.State.HELD: Outcome.HELD,
        JobRun.State.FAILED: Outcome.FAILED,
    }.get(JobRun.State(run.state), Outcome.BUSY)


def _mine(run: JobRun, attempt: int) -> JobRun:
    """Lock the run's row and make sure that no later attempt holds it. :raises StaleAttempt: otherwise"""
    row = JobRun.objects.select_for_update().filter(pk=run.pk, attempt=attempt, state=JobRun.State.RUNNING).first()
    if row is None:
        raise StaleAttempt
    return row


@transaction.atomic(durable=True)
def _publish(
    run: JobRun, attempt: int, work: Work, write: Callable[[JobRun, Work], int], clock: Callable[[], datetime]
) -> Outcome:
    row = _mine(run, attempt)
    row.rows = write(row, work)
    at = clock()
    row.state, row.finished_at, row.error = JobRun.State.PUBLISHED, at, ""
    row.save(update_fields=["rows", "state", "finished_at", "error"])
    _point_at(row, at)
    audit.record("core.job.published", actor=None, subject=row, job=row.job, scope=row.scope, date=row.business_date)
    return Outcome.PUBLISHED


def _point_at(run: JobRun, at: datetime) -> None:
    """Swap the pointer, unless it shows a newer day already (a missed night that is made up later)."""
    pointer = Publication.objects.select_for_update().filter(job=run.job, scope=run.scope).first()
    if pointer is None:
        Publication.objects.create(job=run.job, scope=run.scope, run=run, published_at=at)
        return
    shown = pointer.run
    if (shown.business_date, shown.revision) < (run.business_date, run.revision):
        pointer.run, pointer.published_at = run, at
        pointer.save(update_fields=["run", "published_at"])


@transaction.atomic(durable=True)
def _hold(run: JobRun, attempt: int, reason: str, at: datetime) -> Outcome:
    row = _mine(run, attempt)
    row.state, row.finished_at, row.error = JobRun.State.HELD, at, reason
    row.save(update_fields=["state", "finished_at", "error"])
    audit.record("core.job.held", actor=None, subject=row, job=row.job, scope=row.scope, reason=reason)
    log.warning("run %s is held back: %s", row, reason)
    return Outcome.HELD


@transaction.atomic(durable=True)
def _note_failure(run: JobRun, attempt: int, error: Exception, *, at: datetime) -> None:
    spent = attempt >= MAX_ATTEMPTS
    JobRun.objects.filter(pk=run.pk, attempt=attempt, state=JobRun.State.RUNNING).update(
        state=JobRun.State.FAILED if spent else JobRun.State.DUE,
        finished_at=at if spent else None,
        error=f"{type(error).__name__}: {error}"[:2000],
    )
