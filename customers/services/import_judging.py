"""
What an import does with one deal of a file: begin it, continue its ledger, leave it alone, or refuse its lines.

Nothing is written here, so that the check before the import and the import itself judge by the same words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from customers.intake import Finding, History, StageRef, Step, When
from customers.intake.histories import NUMBERS, WORDS
from customers.queries.imports import KINDS, Directory, Entry, KnownDeal
from teams.models import User


class Fate(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the ledger is to get; amount and expected close are those after it."""

    stage: StageRef
    at: datetime
    amount: Decimal | None
    expected_close: date | None
    reason: str = ""


@dataclass(slots=True)
class Judgement:
    """
    What becomes of one deal of the file.

    :param owners: of a new deal: who had it from when on. Of a known one: who gets it and when, if it changes hands
    :param words: customer, product, region and channel that the deal gets
    :param numbers: units and cost that the deal gets
    """

    history: History
    fate: Fate
    lines: list[Line] = field(default_factory=list)
    owners: list[tuple[Entry, datetime]] = field(default_factory=list)
    words: dict[str, Entry] = field(default_factory=dict)
    title: str | None = None
    numbers: dict[str, Decimal] = field(default_factory=dict)
    known: KnownDeal | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def told(self) -> dict[str, str | None]:
        return told(self.history)


@dataclass(frozen=True)
class Setting:
    """
    What one import is judged by.

    :param default_owner: takes deals without an owner; None = such lines are refused
    :param first: the pipeline's first open stage
    :param pipeline: its key, None if the import is to make it
    """

    actor: User
    directory: Directory
    pipeline: int | None
    first: StageRef
    zone: ZoneInfo
    now: datetime
    columns: Mapping[str, str]
    default_owner: Entry | None = None


def told(history: History) -> dict[str, str | None]:
    """Return what a file says of a deal, field by field, to tell next time what it says differently."""
    last = history.steps[-1]
    amount, expected = folded(history.steps)
    return {
        "stage": last.stage.name,
        "stage_at": last.when.told,
        "amount": None if amount is None else str(amount),
        "expected_close": None if expected is None else expected.isoformat(),
        "owner": history.owners[-1][0],
        **{word: getattr(history, word) for word in WORDS},
        **{number: str(value) for number in NUMBERS if (value := getattr(history, number)) is not None},
    }


def folded(steps: Sequence[Step]) -> tuple[Decimal | None, date | None]:
    """Return amount and expected close after the steps: what a step does not tell stays as it was."""
    amount: Decimal | None = None
    expected: date | None = None
    for step in steps:
        amount = amount if step.amount is None else step.amount
        expected = step.expected_close or expected
    return amount, expected


def judge(
    history: History,
    setting: Setting,
    known: KnownDeal | None,
    ledger: Sequence[tuple[int, datetime]] = (),
) -> Judgement:
    """
    Say what becomes of a deal of the file.

    :param ledger: (stage, when) of each line that the known deal's ledger has; needed for the shape of stage events only
    """
    if known is not None and known.deal.owner_id not in setting.directory.reach and not setting.actor.sees_everything:
        return _refused(history, [Finding(history.line, "not_yours", setting.columns.get("external_id", ""))])
    if known is not None and known.digest == history.digest:
        return Judgement(history, Fate.UNCHANGED, known=known)
    findings: list[Finding] = []
    words = _words(history, setting, known, findings)
    owners = _owners(history, setting, known, findings)
    if findings:
        return _refused(history, findings)
    if known is None:
        return _begun(history, setting, words, owners)
    if known.deal.pipeline_id != setting.pipeline:
        return _refused(history, [Finding(history.line, "other_pipeline")])
    continued = _continued_deal if history.shape == "deals" else _continued_events
    outcome = continued(history, setting, known, ledger)
    if isinstance(outcome, Finding):
        return _refused(history, [outcome])
    title = history.title if history.title and history.title != known.told.get("title") else None
    numbers = _numbers(history, known)
    fate = Fate.CHANGED if outcome or owners or words or title or numbers else Fate.UNCHANGED
    return Judgement(history, fate, outcome, owners, words, title, numbers, known)


def _begun(
    history: History, setting: Setting, words: dict[str, Entry], owners: list[tuple[Entry, datetime]]
) -> Judgement:
    lines: list[Line] = []
    for step in history.steps:
        _append(lines, step, setting, from_stage=lines[-1].stage if lines else None, at=step.when.at)
    title = history.title or _title(history, words)
    return Judgement(history, Fate.CREATED, lines, owners, words, title, _numbers(history, None))


def _title(history: History, words: dict[str, Entry]) -> str:
    """Return a title that tells deals apart: customer and product, with the id where no customer is named."""
    names = [words[kind].name for kind in ("customer", "product") if kind in words]
    return ", ".join(names if "customer" in words else [*names, history.external_id])


def _continued_deal(
    history: History, setting: Setting, known: KnownDeal, _ledger: Sequence[tuple[int, datetime]]
) -> list[Line] | Finding:
    """Continue a ledger by what a row of the deal shape says differently from last time."""
    deal, last = known.deal, history.steps[-1]
    now_told = told(history)
    if not history.created.assumed and history.created.day != deal.created_date:
        recorded = deal.created_date.isoformat()
        return _wrong(history, setting, "created_differs", "created", history.created, recorded=recorded)
    amount, expected = folded(history.steps)
    if now_told["amount"] == known.told.get("amount", _as_told(deal.amount)) or amount is None:
        amount = deal.amount
    expected_as_told = deal.expected_close_date.isoformat() if deal.expected_close_date else None
    if now_told["expected_close"] == known.told.get("expected_close", expected_as_told) or expected is None:
        expected = deal.expected_close_date
    stands = StageRef(deal.stage.pk, deal.stage.name, deal.stage.kind, deal.stage.position)
    step = Step(last.stage, last.when, last.line, amount, expected, last.reason)
    said_before = known.told.get("stage"), known.told.get("stage_at")
    stays = last.stage.pk == stands.pk
    if stays and not stands.is_open and last.when.day != deal.closed_date and last.when.told != said_before[1]:
        recorded = deal.closed_date.isoformat() if deal.closed_date else ""
        return _wrong(history, setting, "closed_differs", "closed", last.when, recorded=recorded)
    if stays or (last.stage.name, last.when.told) == said_before:  # the file says nothing new of the stage
        if (amount, expected) == (deal.amount, deal.expected_close_date):
            return []
        return [Line(stands, max(setting.now, known.last_at), amount, expected)]
    at = _after(
        known.last_at, When(setting.now, setting.now.date(), timed=True) if last.when.assumed else last.when, setting
    )
    if at is None:
        column = "since" if last.stage.is_open else "closed"
        return _wrong(history, setting, "earlier_than_ledger", column, last.when, last=_day(known.last_at, setting))
    lines: list[Line] = []
    _append(lines, step, setting, from_stage=stands, at=at, before=(deal.amount, deal.expected_close_date))
    return lines


def _continued_events(
    history: History, setting: Setting, known: KnownDeal, ledger: Sequence[tuple[int, datetime]]
) -> list[Line] | Finding:
    """Continue a ledger by the stage events that it does not have yet."""
    deal = known.deal
    has = Counter((stage, at.astimezone(setting.zone).date()) for stage, at in ledger)
    lines: list[Line] = []
    last_at = known.last_at
    stands = StageRef(deal.stage.pk, deal.stage.name, deal.stage.kind, deal.stage.position)
    before = deal.amount, deal.expected_close_date
    for step in history.steps:
        mark = (step.stage.pk or 0, step.when.day)
        if has[mark]:
            has[mark] -= 1
            continue
        at = _after(last_at, step.when, setting)
        if at is None:
            return Finding(
                step.line,
                "earlier_than_ledger",
                setting.columns.get("entered", ""),
                step.when.day.isoformat(),
                {"last": _day(last_at, setting)},
            )
        if _append(lines, step, setting, from_stage=lines[-1].stage if lines else stands, at=at, before=before):
            last_at = at
    return lines


def _append(
    lines: list[Line],
    step: Step,
    setting: Setting,
    *,
    from_stage: StageRef | None,
    at: datetime,
    before: tuple[Decimal | None, date | None] = (None, None),
) -> bool:
    """Add the line of a step, if it says anything; what it does not tell stays. A closed deal reopens before it moves."""
    was = (lines[-1].amount, lines[-1].expected_close) if lines else before
    amount = was[0] if step.amount is None else step.amount
    expected = step.expected_close or was[1]
    reason = step.reason
    if from_stage is not None and step.stage.pk == from_stage.pk and step.stage.name == from_stage.name:
        if (amount, expected) == was:
            return False
    elif from_stage is not None and not from_stage.is_open:
        reason = reason or _("As the imported file tells")
        if not step.stage.is_open:
            opened = next((line.stage for line in reversed(lines) if line.stage.is_open), setting.first)
            lines.append(Line(opened, at, *was, reason))
    elif from_stage is not None and step.stage.is_open and step.stage.position < from_stage.position:
        reason = reason or _("As the imported file tells")
    lines.append(Line(step.stage, at, amount, expected, reason))
    return True


def _after(last: datetime, when: When, setting: Setting) -> datetime | None:
    """Return the moment of a step after a ledger's last line; None if it lies before. A day stamp fits any hour of its day."""
    if when.at >= last:
        return when.at
    same_day = when.day == last.astimezone(setting.zone).date()
    return last if same_day and not when.timed else None


def _words(history: History, setting: Setting, known: KnownDeal | None, findings: list[Finding]) -> dict[str, Entry]:
    """Return the customer, product, region and channel that the deal gets: all of a new one, what is new of a known one."""
    found = {}
    for kind in KINDS:
        text = getattr(history, kind)
        if text is None or (known is not None and known.told.get(kind) == text):
            continue
        entry = setting.directory.word(kind, text)
        if entry is None:
            findings.append(Finding(history.line, "unknown_word", setting.columns.get(kind, ""), text))
        elif known is None or entry.pk is None or entry.pk != getattr(known.deal, f"{kind}_id"):
            found[kind] = entry
    return found


def _numbers(history: History, known: KnownDeal | None) -> dict[str, Decimal]:
    """Return the units and cost that the deal gets: what the file tells, of a known deal what it tells differently."""
    found = {number: value for number in NUMBERS if (value := getattr(history, number)) is not None}
    if known is None:
        return found
    return {
        number: value
        for number, value in found.items()
        if known.told.get(number) != str(value) and getattr(known.deal, number) != value
    }


def _owners(
    history: History, setting: Setting, known: KnownDeal | None, findings: list[Finding]
) -> list[tuple[Entry, datetime]]:
    found: list[tuple[Entry, datetime]] = []
    for text, when in history.owners:
        entry: Entry | str | None = setting.default_owner if text is None else setting.directory.owner(text)
        if entry is None or isinstance(entry, str):
            code = entry or "no_owner"
            findings.append(Finding(history.line, code, setting.columns.get("owner", ""), text or ""))
        elif found and found[-1][1] >= when.at:
            found[-1] = (entry, found[-1][1])
        elif not found or found[-1][0] is not entry:
            found.append((entry, when.at))
    if known is None or findings:
        return found
    last, at = found[-1]
    text = history.owners[-1][0]
    if text is None or text == known.told.get("owner") or last.pk == known.deal.owner_id:
        return []
    moment = at if history.shape == "events" and at > known.held_since else setting.now
    return [(last, moment)] if moment > known.held_since else []


def _refused(history: History, findings: Sequence[Finding]) -> Judgement:
    """Refuse the deal with all its lines: what is wrong is said of its line, the others say that they go with it."""
    spoken = {finding.line for finding in findings}
    others = [Finding(line, "with_refused") for line in history.lines if line not in spoken]
    together = sorted([*findings, *others], key=lambda finding: finding.line)
    return Judgement(history, Fate.REFUSED, findings=tuple(together))


def _wrong(history: History, setting: Setting, code: str, name: str, when: When, **facts: str) -> Finding:
    return Finding(history.line, code, setting.columns.get(name, ""), when.day.isoformat(), facts)


def _as_told(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _day(at: datetime, setting: Setting) -> str:
    return at.astimezone(setting.zone).date().isoformat()
