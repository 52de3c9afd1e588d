"""
The fast path for whole histories: an import and the demo company write deals with their ledgers by COPY, in batches.

It passes the same checks as the single services (`history_problems` names what they would refuse), and the database's own
constraints hold anyway. What was known when: a history told afterwards is taken at its word, each line's `recorded_at` is its
`occurred_at` unless the source says otherwise (see customers/README.md, "Two clocks").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from itertools import pairwise

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import Invalid, Problem, VersionConflict
from core.transactions import within_transaction
from customers.models import Deal, DealOwnership, Stage, StageEvent
from customers.services.ledger import CLOCK_TOLERANCE, business_date
from teams.models import Company, User

_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One step as the source tells it; the kind follows from the stages. Amount and expected close are those after it."""

    stage: Stage
    occurred_at: datetime
    amount: Decimal | None = None
    expected_close_date: date | None = None
    reason: str = ""
    actor: User | None = None
    recorded_at: datetime | None = None


@dataclass(slots=True)
class DealHistory:
    """
    A deal and the lines of its ledger, oldest first.

    `deal` is either new (facts filled in: title, source, external_id, customer, owner, product, region, channel, pipeline,
    is_demo; what the ledger decides is set here), or saved, and then the lines continue its ledger and `deal.version` must be
    the current one. `owners` are earlier owners as (person, from), oldest first, the present owner last; by default the
    owner has had it since the first line.
    """

    deal: Deal
    lines: Sequence[HistoryLine]
    owners: Sequence[tuple[User, datetime]] = field(default_factory=tuple)


def history_problems(history: DealHistory, *, now: datetime) -> list[str]:
    """Return what the single services would refuse in this history, as sentences; empty when it may be written."""
    deal, problems = history.deal, []
    before = deal.stage if deal.pk else None
    if not history.lines:
        return [] if deal.pk else [_("A deal needs at least one line of history.")]
    if before is None and not history.lines[0].stage.is_open:
        problems.append(_("A history begins in an open stage."))
    for line in history.lines:
        if line.stage.pipeline_id != deal.pipeline_id:
            problems.append(_("This stage belongs to another pipeline."))
        if line.amount is not None and line.amount < 0:
            problems.append(_("An amount cannot be below zero."))
        if before is not None and before.pk != line.stage.pk:
            if not before.is_open and not line.stage.is_open:
                problems.append(_("This deal is won or lost. Reopen it before moving it."))
            if _needs_reason(before, line.stage) and not line.reason.strip():
                problems.append(_("Going back and reopening need a reason."))
        before = line.stage
    if any(later.occurred_at < earlier.occurred_at for earlier, later in pairwise(history.lines)):
        problems.append(_("The lines are not in order of time."))
    if history.lines[-1].occurred_at > now + CLOCK_TOLERANCE:
        problems.append(_("The last line lies in the future."))
    return problems


@transaction.atomic(durable=True)
def tell_histories(*, histories: Sequence[DealHistory], actor: User, now: datetime) -> list[Deal]:
    """
    Write a batch of deals with their whole histories; one audit line for the batch.

    :raises Invalid: naming the first history that the single services would refuse; nothing is written then
    """
    deals = _write_histories(histories, now=now)
    audit.record("customers.deal.imported", actor=actor, subject=actor, deals=len(deals))
    return deals


@within_transaction
def _write_histories(histories: Sequence[DealHistory], *, now: datetime) -> list[Deal]:
    """
    Write a batch (a few thousand) of deals with ledgers and owners, by COPY; the caller records one audit line for its work.

    Returns the deals in the order given, with their keys. :raises Invalid: naming the first history that has problems;
    :raises VersionConflict: when a saved deal changed since it was read
    """
    for history in histories:
        problems = history_problems(history, now=now)
        if problems:
            raise Invalid(
                problems[0],
                problems=[Problem(history.deal.external_id or history.deal.title, text) for text in problems],
            )
    zone = Company.objects.the_one().time_zone
    fresh = [history for history in histories if not history.deal.pk]
    known = [history for history in histories if history.deal.pk and history.lines]
    starts = _lock(known)
    for history, key in zip(fresh, _reserve_keys(len(fresh)), strict=True):
        history.deal.pk = key
    events = [row for history in histories for row in _events(history, starts.get(history.deal.pk))]
    for history in histories:
        _project(history, zone, was=starts.get(history.deal.pk))
    _copy(Deal, [history.deal for history in fresh])
    Deal.objects.bulk_update(
        [history.deal for history in known],
        ["stage", "amount", "expected_close_date", "stage_since", "closed_date", "version", "last_seq"],
        batch_size=500,
    )
    _copy(DealOwnership, [row for history in fresh for row in _ownerships(history)])
    _copy(StageEvent, events)
    for history in fresh:
        history.deal._state.adding = False
    return [history.deal for history in histories]


def _lock(known: Sequence[DealHistory]) -> dict[int, Deal]:
    """Lock the saved deals and return them as they stand, if they are still at the versions that were read."""
    rows = Deal.objects.select_for_update().order_by("pk").in_bulk([history.deal.pk for history in known])
    last = dict(
        StageEvent.objects.filter(deal__in=rows, seq=models.F("deal__last_seq")).values_list("deal", "occurred_at")
    )
    for history in known:
        row = rows[history.deal.pk]
        if row.version != history.deal.version:
            raise VersionConflict(current=row.version, deal=row.pk)
        if history.lines[0].occurred_at < last[row.pk]:
            raise Invalid(_("The lines are not in order of time."))
    return rows


def _events(history: DealHistory, start: Deal | None) -> Iterable[StageEvent]:
    deal = history.deal
    seq, before = (start.last_seq, start.stage) if start else (0, None)
    for number, line in enumerate(history.lines, start=seq + 1):
        yield StageEvent(
            deal_id=deal.pk,
            seq=number,
            kind=_kind(before, line.stage),
            from_stage_id=before.pk if before else None,
            to_stage_id=line.stage.pk,
            amount=line.amount,
            expected_close_date=line.expected_close_date,
            reason=line.reason.strip(),
            actor_id=line.actor.pk if line.actor else None,
            occurred_at=line.occurred_at,
            recorded_at=line.recorded_at or line.occurred_at,
        )
        before = line.stage


def _project(history: DealHistory, zone: str, *, was: Deal | None) -> None:
    """Set on the deal what its ledger says: the fold of its lines."""
    deal, lines = history.deal, history.lines
    if not lines:
        return
    if was is None:
        deal.created_date = business_date(lines[0].occurred_at, zone)
    before = was.stage if was else None
    for line in lines:
        if before is None or line.stage.pk != before.pk:
            deal.stage_since = line.occurred_at
        before = line.stage
    last = lines[-1]
    deal.stage, deal.amount, deal.expected_close_date = last.stage, last.amount, last.expected_close_date
    deal.closed_date = None if last.stage.is_open else business_date(deal.stage_since, zone)
    deal.last_seq = (was.last_seq if was else 0) + len(lines)
    deal.version = (was.version if was else 0) + len(lines)


def _ownerships(history: DealHistory) -> Iterable[DealOwnership]:
    begin = history.lines[0].occurred_at
    owners = [*history.owners] or [(history.deal.owner, begin)]
    for (owner, since), after in zip(owners, [*owners[1:], None], strict=True):
        yield DealOwnership(
            deal_id=history.deal.pk,
            owner=owner,
            valid_from=since,
            valid_to=after[1] if after else None,
            recorded_at=since,
        )


def _kind(before: Stage | None, stage: Stage) -> str:
    if before is None:
        return StageEvent.Kind.CREATE
    if before.pk == stage.pk:
        return StageEvent.Kind.AMEND
    if not before.is_open:
        return StageEvent.Kind.REOPEN
    back = stage.is_open and stage.position < before.position
    return StageEvent.Kind.BACK if back else StageEvent.Kind.MOVE


def _needs_reason(before: Stage, stage: Stage) -> bool:
    """Going back and reopening need one; of losing, sources often know no reason, and inventing one would be worse."""
    return _kind(before, stage) in (StageEvent.Kind.BACK, StageEvent.Kind.REOPEN)


def _reserve_keys(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [Deal._meta.db_table, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Write rows by COPY: every column that the database does not make itself; keys are left to it where none is set."""
    if not rows:
        return
    with_keys = rows[0].pk is not None
    columns = [
        column
        for column in model._meta.concrete_fields
        if not column.generated and (with_keys or not column.primary_key)
    ]
    text = StringIO(
        "".join("\t".join(_cell(getattr(row, column.attname)) for column in columns) + "\n" for row in rows)
    )
    names = ", ".join(connection.ops.quote_name(str(column.column)) for column in columns)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN", text)


def _cell(value: object) -> str:
    """Return a value as COPY's text format holds it."""
    match value:
        case None:
            return "\\N"
        case str():
            return value.translate(_ESCAPED)
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
