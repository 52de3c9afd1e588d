"""Writing what an import judged: the names that are new, the deals with their ledgers, and what the source told of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db.models import F, Max, Model
from django.utils.text import slugify

from core import audit
from core.transactions import within_transaction
from customers.models import Customer, Deal, DealOwnership, ImportedDeal, ImportFile, Pipeline, Stage
from customers.queries.imports import KINDS, Entry
from customers.services.histories import DealHistory, HistoryLine, _write_histories
from customers.services.import_judging import Fate, Judgement, Line
from customers.services.import_reading import Reading
from teams.models import Capability, Membership, User

Row = TypeVar("Row", bound=Model)
_BATCH = 1_000


@within_transaction
def _make_pipeline(file: ImportFile) -> Pipeline:
    """Make the pipeline that an import was told to make from the stages of its file."""
    plan = file.choices["new_pipeline"]
    pipeline = Pipeline.objects.create(name=plan["name"], position=Pipeline.objects.count() + 1)
    Stage.objects.bulk_create(
        Stage(pipeline=pipeline, name=name, name_zh=name_zh, kind=kind, position=position)
        for position, (name, name_zh, kind) in enumerate(plan["stages"], start=1)
    )
    audit.record("customers.pipeline.created", actor=file.uploaded_by, subject=pipeline, name=pipeline.name)
    return pipeline


@within_transaction
def _write_judgements(
    judgements: Sequence[Judgement], *, reading: Reading, known_since: datetime, now: datetime
) -> None:
    """Write a batch of judgements that are not refused."""
    file, actor = reading.file, reading.actor
    writing = [judgement for judgement in judgements if judgement.fate != Fate.UNCHANGED]
    _add_entries(writing, reading)
    stages = {stage.pk: stage for stage in Stage.objects.filter(pipeline=file.pipeline)}
    people = User.objects.in_bulk({entry.pk for item in writing for entry, _at in item.owners})
    histories: list[tuple[Judgement, DealHistory]] = []
    for judgement in writing:
        deal = judgement.known.deal if judgement.known else _new_deal(judgement, reading)
        lines = [
            _ledger_line(line, stages=stages, actor=actor, judgement=judgement, known_since=known_since, now=now)
            for line in judgement.lines
        ]
        owners = [(people[entry.pk or 0], at) for entry, at in judgement.owners] if judgement.known is None else []
        histories.append((judgement, DealHistory(deal, lines, owners)))
    _write_histories([history for _judgement, history in histories], now=now)
    known = [judgement for judgement in writing if judgement.known is not None]
    _write_beside_the_ledger(known, people)
    marks = [(judgement, history.deal) for judgement, history in histories]
    marks += [(item, item.known.deal) for item in judgements if item.fate == Fate.UNCHANGED and item.known]
    _remember(marks, file)


def _new_deal(judgement: Judgement, reading: Reading) -> Deal:
    history = judgement.history
    return Deal(
        title=(judgement.title or history.external_id)[:160],
        source=reading.file.source,
        external_id=history.external_id,
        pipeline=reading.file.pipeline,
        owner_id=judgement.owners[-1][0].pk or 0,
        **judgement.numbers,
        **{f"{kind}_id": entry.pk for kind, entry in judgement.words.items()},
    )


def _ledger_line(
    line: Line,
    *,
    stages: dict[int, Stage],
    actor: User,
    judgement: Judgement,
    known_since: datetime,
    now: datetime,
) -> HistoryLine:
    """
    Return a line with its two clocks.

    What happened before this source was ever imported is history and was known there at its time; what happened since then
    became known here only now.
    """
    recorded = line.at if line.at < known_since else now
    if judgement.known is not None:
        recorded = max(recorded, judgement.known.last_recorded_at)
    return HistoryLine(
        stage=stages[line.stage.pk or 0],
        occurred_at=line.at,
        amount=line.amount,
        expected_close_date=line.expected_close,
        reason=line.reason[:400],
        actor=actor,
        recorded_at=recorded,
    )


def _write_beside_the_ledger(judgements: Iterable[Judgement], people: dict[int, User]) -> None:
    """Write what a known deal gets beside its ledger: words, title, units, cost, another owner from a moment on."""
    for judgement in judgements:
        assert judgement.known is not None  # noqa: S101  # the caller sorted them
        deal, values = judgement.known.deal, dict[str, object](judgement.numbers)
        values.update({f"{kind}_id": entry.pk for kind, entry in judgement.words.items()})
        if judgement.title:
            values["title"] = judgement.title[:160]
        if judgement.owners:
            entry, at = judgement.owners[-1]
            DealOwnership.objects.filter(deal=deal, valid_to=None).update(valid_to=at)
            DealOwnership.objects.create(deal=deal, owner=people[entry.pk or 0], valid_from=at)
            values["owner_id"] = entry.pk
        if values:
            Deal.objects.filter(pk=deal.pk).update(version=F("version") + 1, **values)


def _remember(marks: Sequence[tuple[Judgement, Deal]], file: ImportFile) -> None:
    """Keep what the file told of each deal, to know next time what is new."""
    ImportedDeal.objects.bulk_create(
        (
            ImportedDeal(
                deal_id=deal.pk,
                file=file,
                line=judgement.history.line,
                digest=judgement.history.digest,
                told=judgement.told,
            )
            for judgement, deal in marks
            if judgement.fate != Fate.UNCHANGED
            or judgement.known is None
            or judgement.known.digest != judgement.history.digest
        ),
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["deal"],
        update_fields=["file", "line", "digest", "told"],
    )


def _add_entries(judgements: Sequence[Judgement], reading: Reading) -> None:
    """Add the customers, words and people that these deals need and that are not here yet."""
    wanted: dict[str, list[Entry]] = {}
    first_days: dict[Entry, date] = {}
    for judgement in judgements:
        for kind, entry in judgement.words.items():
            if entry.pk is None and entry not in wanted.setdefault(kind, []):
                wanted[kind].append(entry)
        for entry, at in judgement.owners:
            if entry.pk is None:
                first_days[entry] = min(first_days.get(entry, at.date()), at.date())
    if first_days:
        _add_people(first_days, reading)
    for kind, entries in wanted.items():
        _add_words(kind, entries, reading, judgements)


def _add_words(kind: str, entries: Sequence[Entry], reading: Reading, judgements: Sequence[Judgement]) -> None:
    model = KINDS[kind]
    rows: Sequence[Model]
    if model is Customer:
        # Whoever sees the whole company leaves the owner open; somebody's own file brings somebody's own customers.
        owners = {} if reading.actor.sees_everything else _first_owners(entries, judgements)
        rows = Customer.objects.bulk_create(
            [Customer(name=entry.name[:160], owner_id=owners.get(entry)) for entry in entries]
        )
    else:
        words = model._default_manager
        last = words.aggregate(last=Max("position"))["last"] or 0
        rows = words.bulk_create(
            [model(name=entry.name, position=last + number) for number, entry in enumerate(entries, start=1)]  # type: ignore[misc]  # three tables of one form
        )
    for entry, row in zip(entries, rows, strict=True):
        entry.pk = row.pk
    audit.record(
        f"customers.{model._meta.model_name}.imported",
        actor=reading.actor,
        subject=reading.file,
        names=[entry.name for entry in entries],
    )


def _first_owners(entries: Sequence[Entry], judgements: Sequence[Judgement]) -> dict[Entry, int]:
    found: dict[Entry, int] = {}
    for judgement in judgements:
        entry = judgement.words.get("customer")
        owner = judgement.owners[-1][0].pk if judgement.owners else None
        if entry in entries and entry is not None and owner is not None:
            found.setdefault(entry, owner)
    return found


def _add_people(first_days: dict[Entry, date], reading: Reading) -> None:
    """
    Add owners who are new here: people without a sign-in, in the unit that was chosen, from before the file's first day on.

    Their address ends in .invalid, where no mail can arrive: an administrator gives them a true one to let them in.
    """
    file = reading.file
    told = file.findings.get("first_day")
    first = min([*first_days.values(), *([date.fromisoformat(told)] if told else [])])
    people: list[User] = []
    for entry in first_days:
        person = User(
            name=entry.name,
            email=_free_address(entry.name, file, {person.email for person in people}),
            capabilities=[Capability.REP],
        )
        person.set_unusable_password()
        people.append(person)
    User.objects.bulk_create(people)
    for entry, person in zip(first_days, people, strict=True):
        entry.pk = person.pk
        reading.directory.reach.add(person.pk)
    if file.unit is not None:
        Membership.objects.bulk_create(
            Membership(user=person, unit=file.unit, valid_from=first - timedelta(days=1)) for person in people
        )
    audit.record(
        "teams.person.imported",
        actor=reading.actor,
        subject=file,
        people=[person.pk for person in people],
        unit=file.unit.name if file.unit else None,
    )


def _free_address(name: str, file: ImportFile, taken: set[str]) -> str:
    """Return an address that nobody has: agent-9.hotel@imported.invalid."""
    local = slugify(name)[:40] or "person"
    place = slugify(file.source)[:20] or "file"
    number = 1
    while True:
        tail = "" if number == 1 else f"-{number}"
        address = f"{local}{tail}.{place}@imported.invalid"
        if address not in taken and not User.objects.filter(email=address).exists():
            return address
        number += 1
