"""
A worker's part of an import: checking a file, and bringing it in so that a death at any line costs nothing.

    1  the row is the truth; Celery only says "look". Whoever looks takes the file's session lock, or goes home
    2  the attempt number is the fence: a worker whose connection died finds that a later attempt holds the row
    3  a batch of lines comes in together with the resume mark `next_line`, in one transaction, one file at a time
    4  everything is judged by the moment at which the import began, so an interrupted run ends as an undisturbed one
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from core.jobs import patient_statements
from core.transactions import within_transaction
from customers import policies
from customers.intake import Finding, History
from customers.intake.histories import Taken
from customers.intake.rows import Refused
from customers.models import ImportFile, ImportProblem
from customers.queries.imports import known_deals, ledger_lines, source_known_since
from customers.services.import_judging import Fate, Judgement, judge
from customers.services.import_reading import Reading
from customers.services.import_writing import _make_pipeline, _write_judgements

log = logging.getLogger(__name__)
State = ImportFile.State
MOST_ATTEMPTS_WITHOUT_PROGRESS = 5
CHECK_HOLDS = timedelta(minutes=10)
EXAMPLES = 5
_BATCH = 2_000
_ONE_WRITER = 7_150_001  # the lock under which batches are written: two files never add the same customer twice
Clock = Callable[[], datetime]
Watcher = Callable[[ImportFile], None]


class StaleAttempt(Exception):
    """A later attempt holds the file: what this worker was doing is not wanted any more."""


def _nobody(_file: ImportFile) -> None:
    """Watch nothing."""


def work_on_import(key: int, *, clock: Clock, watch: Watcher = _nobody) -> bool:
    """
    Do what there is to do with a file: check it, or bring it in; from where an earlier worker died, if one did.

    Returns whether this worker did it (False: nothing to do, or another one is at it). What goes wrong is noted on the file;
    a fault that may pass (the database went away) is raised and tried again later.
    """
    with _locked(key) as mine:
        if not mine:
            return False
        file = _begin(key, at=clock())
        if file is None:
            return False
        try:
            with patient_statements(), translation.override(file.uploaded_by.language or None):
                if file.state == State.CHECKING:
                    _check(file, clock, watch)
                else:
                    _run(file, clock, watch)
        except StaleAttempt:
            return False
        except DomainError as refusal:
            _fail(file, refusal.message, at=clock())
        except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as fault:
            log.exception("import %s failed", file)
            _fail(file, f"{type(fault).__name__}: {fault}"[:400], at=clock())
        return True


def examine(
    file: ImportFile, *, now: datetime, path: Path, progress: Callable[[int], None] = lambda _line: None
) -> tuple[dict[str, Any], list[Finding]]:
    """
    Judge every line of a file as the import would, and write nothing.

    Returns the counts and notes (`ImportFile.findings`), and every problem in order of its line.
    """
    actor = file.uploaded_by
    reading = Reading(file, actor, now, policies.can_add_what_an_import_names(actor), path)
    fates: Counter[str] = Counter()
    about: Counter[str] = Counter()
    problems: list[Finding] = []
    days: list[date] = []
    examples: list[dict[str, Any]] = []
    refused_rows = 0
    for batch in reading.batches():
        for judgement in _judged(batch, reading, now):
            if isinstance(judgement, Refused):
                problems += judgement.findings
                refused_rows += 1
                continue
            history = judgement.history
            fates[judgement.fate] += 1
            if judgement.fate == Fate.REFUSED:
                problems += judgement.findings
                refused_rows += len(history.lines)
                continue
            days += [history.created.day, history.steps[-1].when.day]
            days = [min(days), max(days)]
            about["no_amount"] += judgement.told["amount"] is None
            about["no_customer"] += history.customer is None
            about["lost_amount_left_out"] += history.left_out_amount
            about["moves"] += len(judgement.lines)
            if len(examples) < EXAMPLES and judgement.fate != Fate.UNCHANGED:
                examples.append(_shown(judgement))
        progress(reading.last_line)
    findings = _findings(reading, fates=fates, about=about, problems=problems, refused_rows=refused_rows, days=days)
    return {**findings, "examples": examples}, problems


def _shown(judgement: Judgement) -> dict[str, Any]:
    """Return a deal as the preview shows it: what it is called, and the lines that its ledger will get."""
    return {
        "title": judgement.title or (judgement.known.deal.title if judgement.known else ""),
        "external_id": judgement.history.external_id,
        "line": judgement.history.line,
        "owner": judgement.owners[-1][0].name if judgement.owners else "",
        "lines": [
            {
                "stage": line.stage.name,
                "day": line.at.isoformat(),
                "amount": None if line.amount is None else str(line.amount),
            }
            for line in judgement.lines
        ],
    }


def _findings(
    reading: Reading,
    *,
    fates: Counter[str],
    about: Counter[str],
    problems: Sequence[Finding],
    refused_rows: int,
    days: Sequence[date],
) -> dict[str, Any]:
    file, fresh = reading.file, reading.directory.newcomers()
    spellings = {
        kind: {key: name for name in names if (key := reading.directory.key(kind, name))}
        for kind, names in fresh.items()
    }
    reading.directory.respell()
    notes: list[tuple[str, dict[str, object]]] = [
        ("taken_as", {"count": count, "given": given, "taken": taken})
        for _kind, given, taken, count in reading.directory.taken_as()
    ]
    for kind, names in fresh.items():
        shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        facts: dict[str, object] = {"count": len(names), "names": shown}
        notes.append(("new_owners", facts) if kind == "owner" else ("new_words", {**facts, "field": kind}))
    counts = {
        "no_amount": about["no_amount"],
        "no_customer": about["no_customer"] if file.mapping.get("customer") else 0,
        "lost_amount_left_out": about["lost_amount_left_out"],
        "since_unknown": reading.deals.since_unknown,
        "repeated": reading.deals.repeated,
        "computed_amounts": reading.reader.computed,
    }
    notes += [(code, {"count": count}) for code, count in counts.items() if count]
    blanks = reading.reader.blank_created
    default = reading.options.blank_created
    if blanks:
        code = "created_blank" if default is None else "created_by_default"
        notes.append((code, {"count": blanks, "day": default.isoformat() if default else ""}))
    unused = [column for column in reading.table.header if column not in file.mapping.values()]
    if unused:
        notes.append(("unused_columns", {"count": len(unused), "names": ", ".join(unused)}))
    return {
        "rows": reading.rows,
        "deals": sum(fates.values()),
        **{fate.value: fates[fate] for fate in Fate},
        "refused_rows": refused_rows,
        "problems": len(problems),
        "ledger_lines": about["moves"],
        "first_day": days[0].isoformat() if days else None,
        "last_day": days[-1].isoformat() if days else None,
        "stage_words": dict(reading.stage_words.most_common(200)),
        "spellings": spellings,
        "new_owners": len(fresh.get("owner", ())),
        "notes": notes,
    }


def _judged(batch: Sequence[Taken], reading: Reading, known_since: datetime) -> Iterator[Judgement | Refused]:
    """Judge a batch against what is here. Reads twice: the deals of the source, and the ledgers of those that changed."""
    setting = reading.setting
    stories = [taken for taken in batch if isinstance(taken, History)]
    known = known_deals(reading.file.source, [story.external_id for story in stories])
    changed = [
        known[story.external_id].deal.pk
        for story in stories
        if story.shape == "events" and story.external_id in known and known[story.external_id].digest != story.digest
    ]
    ledgers = ledger_lines(changed) if changed else {}
    for taken in batch:
        if isinstance(taken, Refused):
            yield taken
            continue
        here = known.get(taken.external_id)
        yield judge(taken, setting, here, ledgers.get(here.deal.pk, ()) if here else ())


def _check(file: ImportFile, clock: Clock, watch: Watcher) -> None:
    findings, problems = examine(file, now=clock(), path=Path(file.file.path), progress=_progress(file, clock, watch))
    _store_check(file, findings, problems, state=State.CHECKED, at=clock())
    watch(file)


def _run(file: ImportFile, clock: Clock, watch: Watcher) -> None:
    began = file.started_at or clock()
    path = Path(file.file.path)
    if file.next_line == 0:
        # All or nothing means: every line is looked at before the first one comes in, by a check that is not stale.
        if not file.findings or (file.policy == ImportFile.Policy.ALL and not _is_fresh(file.findings, clock())):
            findings, problems = examine(file, now=began, path=path, progress=_progress(file, clock, watch))
            if problems and file.policy == ImportFile.Policy.ALL:
                _store_check(file, findings, problems, state=State.REFUSED, at=clock())
                watch(file)
                return
            file.findings = {**findings, "checked_at": began.isoformat()}
        _prepare(file)
    known_since = source_known_since(file.source, but_not_after=began)
    actor = file.uploaded_by
    reading = Reading(file, actor, began, policies.can_add_what_an_import_names(actor), path)
    for batch in reading.batches(from_line=file.next_line):
        _bring_in(file, reading, batch, known_since, clock())
        watch(file)
    _finish(file, rows=reading.rows, at=clock())
    watch(file)


def _is_fresh(findings: Mapping[str, Any], now: datetime) -> bool:
    checked_at = findings.get("checked_at")
    return checked_at is not None and now - datetime.fromisoformat(checked_at) < CHECK_HOLDS


@contextmanager
def _locked(key: int) -> Iterator[bool]:
    """Hold the file's session lock; Postgres frees it when the connection ends, however it ends."""
    names = ("customers.import", key)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", names)
        ((mine,),) = cursor.fetchall()
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", names)


@transaction.atomic(durable=True)
def _begin(key: int, *, at: datetime) -> ImportFile | None:
    """Take the next attempt at a file; None where there is nothing to do."""
    file = (
        ImportFile.objects.select_for_update(of=("self",)).select_related("uploaded_by", "pipeline", "unit").get(pk=key)
    )
    if not file.is_working:
        return None
    file.attempt += 1
    file.attempts_without_progress += 1
    if file.attempts_without_progress > MOST_ATTEMPTS_WITHOUT_PROGRESS:
        file.state, file.finished_at = State.FAILED, at
        file.error = _("The import stopped at line %(line)s several times. It can be tried again.") % {
            "line": file.next_line
        }
    elif file.state == State.QUEUED:
        file.state = State.RUNNING
        file.started_at = file.started_at or at
    file.lines_looked_at = file.next_line
    file.progressed_at = at
    file.save()
    return file if file.is_working else None


@within_transaction
def _fenced(file: ImportFile, **values: object) -> None:
    """Write to the file's row unless a later attempt holds it. :raises StaleAttempt:"""
    mine = ImportFile.objects.filter(pk=file.pk, attempt=file.attempt, state=file.state, next_line=file.next_line)
    if not mine.update(**values):
        raise StaleAttempt
    for name, value in values.items():
        if not hasattr(value, "resolve_expression"):
            setattr(file, name, value)


def _progress(file: ImportFile, clock: Clock, watch: Watcher) -> Callable[[int], None]:
    def note(line: int) -> None:
        with transaction.atomic(durable=True):
            _fenced(file, lines_looked_at=line, progressed_at=clock())
        watch(file)

    return note


@transaction.atomic(durable=True)
def _store_check(
    file: ImportFile, findings: dict[str, Any], problems: Sequence[Finding], *, state: str, at: datetime
) -> None:
    """Keep what a check found; readers see all of it or nothing."""
    refused = state == State.REFUSED
    _fenced(
        file,
        state=state,
        findings={**findings, "checked_at": at.isoformat()},
        rows_total=findings["rows"],
        rows_refused=findings["refused_rows"],
        attempts_without_progress=0,
        finished_at=at if refused else None,
    )
    ImportProblem.objects.filter(file=file).delete()
    _note_problems(file, problems)
    if refused:
        audit.record("customers.import.refused", actor=file.uploaded_by, subject=file, problems=len(problems))


@transaction.atomic(durable=True)
def _prepare(file: ImportFile) -> None:
    """Make the pipeline that was wished for, and forget the problems of the check: the import lists its own."""
    with_pipeline = file.pipeline or _make_pipeline(file)
    ImportProblem.objects.filter(file=file).delete()
    _fenced(
        file,
        pipeline=with_pipeline,
        findings=file.findings,
        rows_total=file.findings["rows"],
        rows_refused=0,
        next_line=1,
        attempts_without_progress=0,
    )


@transaction.atomic(durable=True)
def _bring_in(file: ImportFile, reading: Reading, batch: Sequence[Taken], known_since: datetime, now: datetime) -> None:
    """Bring in one batch, with its problems, its audit line and the resume mark. :raises StaleAttempt:"""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5min'")  # another file's batch takes a second; waiting is no fault
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_WRITER])
    judged = list(_judged(batch, reading, known_since))
    taken = [judgement for judgement in judged if isinstance(judgement, Judgement) and judgement.fate != Fate.REFUSED]
    refused = [judgement for judgement in judged if isinstance(judgement, Refused) or judgement.fate == Fate.REFUSED]
    problems = [finding for judgement in refused for finding in judgement.findings]
    if problems and file.policy == ImportFile.Policy.ALL:
        raise SomethingChanged(
            _(
                "Line %(line)s has a problem that the check did not find: the deals changed meanwhile. Lines before it are in."
            )
            % {"line": problems[0].line}
        )
    _write_judgements(taken, reading=reading, known_since=known_since, now=now)
    fates = Counter(judgement.fate for judgement in taken)
    next_line = (batch[-1].line) + 1
    rows = sum(1 if isinstance(judgement, Refused) else len(judgement.history.lines) for judgement in refused)
    _note_problems(file, problems)
    audit.record(
        "customers.import.lines_taken",
        actor=file.uploaded_by,
        subject=file,
        from_line=batch[0].line,
        created=fates[Fate.CREATED],
        changed=fates[Fate.CHANGED],
        unchanged=fates[Fate.UNCHANGED],
        refused=rows,
        changed_deals=[item.known.deal.pk for item in taken if item.known and item.fate == Fate.CHANGED],
    )
    _fenced(
        file,
        next_line=next_line,
        lines_looked_at=next_line,
        deals_created=F("deals_created") + fates[Fate.CREATED],
        deals_changed=F("deals_changed") + fates[Fate.CHANGED],
        deals_unchanged=F("deals_unchanged") + fates[Fate.UNCHANGED],
        rows_refused=F("rows_refused") + rows,
        attempts_without_progress=0,
        progressed_at=now,
    )


class SomethingChanged(DomainError):
    """Between the check and the import somebody changed a deal of the file."""

    code = "something_changed"


@transaction.atomic(durable=True)
def _finish(file: ImportFile, *, rows: int, at: datetime) -> None:
    _fenced(file, state=State.DONE, rows_total=rows, finished_at=at, version=F("version") + 1)
    file.refresh_from_db()
    audit.record(
        "customers.import.done",
        actor=file.uploaded_by,
        subject=file,
        created=file.deals_created,
        changed=file.deals_changed,
        unchanged=file.deals_unchanged,
        refused=file.rows_refused,
    )


@transaction.atomic(durable=True)
def _fail(file: ImportFile, message: str, *, at: datetime) -> None:
    """Note why an import cannot go on. What came in stays, and the resume mark with it."""
    failed = ImportFile.objects.filter(pk=file.pk, attempt=file.attempt)
    if failed.update(state=State.FAILED, error=message, finished_at=at):
        audit.record("customers.import.failed", actor=file.uploaded_by, subject=file, error=message)


@within_transaction
def _note_problems(file: ImportFile, problems: Sequence[Finding]) -> None:
    ImportProblem.objects.bulk_create(
        (
            ImportProblem(
                file=file,
                line=finding.line,
                column=finding.column[:160],
                value=finding.value[:200],
                code=finding.code,
                facts=dict(finding.facts),
            )
            for finding in problems
        ),
        batch_size=_BATCH,
    )
