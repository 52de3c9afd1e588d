"""What the lines of one deal say together: its steps in order, dated as far as the file tells."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .names import name_key
from .problems import Finding
from .rows import Refused, Row, When

WORDS = ("customer", "product", "region", "channel", "title")
NUMBERS = ("units", "cost")  # beside the ledger, as the words are


@dataclass(frozen=True, slots=True)
class StageRef:
    """A stage of ours, or one that the import will make (`pk` None)."""

    pk: int | None
    name: str
    kind: str  # open | won | lost
    position: int

    @property
    def is_open(self) -> bool:
        return self.kind == "open"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a deal: where it went, when, and what was known then. None = not told, so as before."""

    stage: StageRef
    when: When
    line: int
    amount: Decimal | None = None
    expected_close: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """A deal as a file tells it. `owners`: who had it from when on; the words are the last ones told, as spelled there."""

    external_id: str
    lines: tuple[int, ...]
    shape: str
    steps: tuple[Step, ...]
    owners: tuple[tuple[str | None, When], ...]
    customer: str | None = None
    product: str | None = None
    region: str | None = None
    channel: str | None = None
    title: str | None = None
    units: Decimal | None = None
    cost: Decimal | None = None
    left_out_amount: bool = False

    @property
    def line(self) -> int:
        return self.lines[0]

    @property
    def created(self) -> When:
        return self.steps[0].when

    @property
    def digest(self) -> str:
        """The mark of what the file says of this deal; the same mark means that there is nothing new to take."""
        told = [
            *(
                (step.stage.name, step.stage.kind, step.when.told, step.amount, step.expected_close, step.reason)
                for step in self.steps
            ),
            *((owner, when.told) for owner, when in self.owners),
            *(getattr(self, word) for word in WORDS),
            *((number, value) for number in NUMBERS if (value := getattr(self, number)) is not None),
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:40]


Taken = History | Refused


def stage_key(word: str) -> str:
    """Return the mark of a stage's word in a file."""
    return name_key(word)


@dataclass
class histories:  # noqa: N801  # reads as the generator that it is: `for history in histories(...)`
    """
    Join rows to histories.

    A deal's lines may stand anywhere in a file of stage events, so that shape is read whole; histories come in the order of
    their first lines, which is what an interrupted import needs to go on.

    :param stages: the file's words (by `stage_key`) → our stages
    :param first: the stage in which a deal of the deal shape begins
    """

    shape: str
    rows: Iterable[Row | Refused]
    stages: Mapping[str, StageRef]
    first: StageRef
    columns: Mapping[str, str]
    today: date
    repeated: int = 0
    since_unknown: int = 0

    def __iter__(self) -> Iterator[Taken]:
        return self._of_deals() if self.shape == "deals" else self._of_events()

    def _of_deals(self) -> Iterator[Taken]:
        seen: dict[str, tuple[int, int]] = {}
        for row in self.rows:
            if isinstance(row, Refused):
                yield row
                continue
            mark = hash(replace(row, line=0))
            before = seen.setdefault(row.external_id, (row.line, mark))
            if before[0] == row.line:
                yield self._deal(row)
            elif before[1] == mark:
                self.repeated += 1
            else:
                finding = self._finding(row, "twice", "external_id", row.external_id, line=before[0])
                yield Refused(row.line, row.external_id, (finding,))

    def _deal(self, row: Row) -> Taken:
        stage, created, closed = self.stages.get(stage_key(row.stage)), row.created, row.closed
        assert created is not None  # noqa: S101  # required in this shape
        wrong = []
        if stage is None:
            wrong.append(self._finding(row, "unknown_stage", "stage", row.stage))
        elif not stage.is_open:
            if closed is None:
                wrong.append(self._finding(row, "won_without_close", "closed"))
            elif closed.day > self.today:
                wrong.append(self._finding(row, "future", "closed", closed.day))
            elif closed.is_before(created):
                wrong.append(self._finding(row, "closed_before_created", "closed", closed.day))
        elif row.since is not None and row.since.is_before(created):
            wrong.append(self._finding(row, "since_before_created", "since", row.since.day))
        if stage is None or wrong:
            return Refused(row.line, row.external_id, tuple(wrong))
        return self._told(row, stage, created, closed)

    def _told(self, row: Row, stage: StageRef, created: When, closed: When | None) -> History:
        expected = row.expected_close.day if row.expected_close else None
        if stage.is_open and closed is not None and expected is None:
            expected = closed.day  # many systems keep the expected close of an open deal in the close date
        begins = stage if stage.is_open and stage.position < self.first.position else self.first
        steps = [Step(begins, created, row.line, row.amount, expected)]
        if stage.is_open and stage != begins:
            since = row.since or replace(created, assumed=True)
            self.since_unknown += since.assumed
            steps.append(Step(stage, _not_before(since, created), row.line))
        elif not stage.is_open and closed is not None:
            earned = row.won_amount if stage.kind == "won" else None
            steps.append(Step(stage, _not_before(closed, created), row.line, earned, reason=row.reason or ""))
        return History(
            external_id=row.external_id,
            lines=(row.line,),
            shape="deals",
            steps=tuple(steps),
            owners=((row.owner, created),),
            left_out_amount=stage.kind != "won" and bool(row.won_amount),
            units=row.units,
            cost=row.cost,
            **{word: getattr(row, word) for word in WORDS},
        )

    def _of_events(self) -> Iterator[Taken]:
        groups: dict[str, list[Row | Refused]] = {}
        nameless: list[Refused] = []
        for row in self.rows:
            if isinstance(row, Refused) and not row.external_id:
                nameless.append(row)
            else:
                groups.setdefault(row.external_id, []).append(row)
        waiting = iter(nameless)
        alone = next(waiting, None)
        for group in groups.values():
            while alone is not None and alone.line < group[0].line:
                yield alone
                alone = next(waiting, None)
            yield from self._one(group)
        while alone is not None:
            yield alone
            alone = next(waiting, None)

    def _one(self, group: list[Row | Refused]) -> Iterator[Taken]:
        rows = [row for row in group if isinstance(row, Row)]
        refused: list[Finding] = [finding for row in group if isinstance(row, Refused) for finding in row.findings]
        refused += [
            self._finding(row, "unknown_stage", "stage", row.stage)
            for row in rows
            if stage_key(row.stage) not in self.stages
        ]
        if not refused:
            rows = self._in_order(rows)
            if not self.stages[stage_key(rows[0].stage)].is_open:
                refused.append(self._finding(rows[0], "starts_closed", "stage", rows[0].stage))
        if not refused:
            yield self._joined(rows)
            return
        spoken = {finding.line for finding in refused}
        others = [Finding(row.line, "with_refused") for row in group if row.line not in spoken]
        findings = sorted([*refused, *others], key=lambda finding: finding.line)
        yield Refused(group[0].line, group[0].external_id, tuple(findings))

    def _in_order(self, rows: list[Row]) -> list[Row]:
        """Put rows in order of time. Lines of the same moment stay as they stand, unless the file runs backwards."""
        times = [_entered(row).at for row in rows]
        if all(earlier <= later for earlier, later in pairwise(times)):
            return rows

        def order(row: Row) -> tuple[object, ...]:
            stage = self.stages[stage_key(row.stage)]
            return (_entered(row).at, not stage.is_open, stage.position, row.line)

        return sorted(rows, key=order)

    def _joined(self, rows: list[Row]) -> History:
        steps: list[Step] = []
        owners: list[tuple[str | None, When]] = []
        told: dict[str, str | None] = dict.fromkeys(WORDS)
        counted: dict[str, Decimal | None] = dict.fromkeys(NUMBERS)
        last: Step | None = None
        for row in rows:
            when = _entered(row)
            expected = row.expected_close.day if row.expected_close else None
            step = Step(self.stages[stage_key(row.stage)], when, row.line, row.amount, expected, row.reason or "")
            if last is None or not _says_nothing_new(step, last):
                steps.append(step)
                known = last
                last = (
                    step
                    if known is None
                    else replace(
                        step,
                        amount=known.amount if step.amount is None else step.amount,
                        expected_close=step.expected_close or known.expected_close,
                    )
                )
            else:
                self.repeated += 1
            if not owners or (row.owner is not None and row.owner != owners[-1][0]):
                owners.append((row.owner, when))
            told.update({word: value for word in WORDS if (value := getattr(row, word)) is not None})
            counted.update({number: value for number in NUMBERS if (value := getattr(row, number)) is not None})
        if len(owners) > 1 and owners[0][0] is None:
            owners = [(owners[1][0], owners[0][1]), *owners[2:]]
        lines = tuple(sorted(row.line for row in rows))
        return History(
            external_id=rows[0].external_id,
            lines=lines,
            shape="events",
            steps=tuple(steps),
            owners=tuple(owners),
            customer=told["customer"],
            product=told["product"],
            region=told["region"],
            channel=told["channel"],
            title=told["title"],
            units=counted["units"],
            cost=counted["cost"],
        )

    def _finding(self, row: Row, code: str, name: str, value: object = "", **facts: object) -> Finding:
        return Finding(row.line, code, self.columns.get(name, ""), str(value)[:200], facts)


def _entered(row: Row) -> When:
    assert row.entered is not None  # noqa: S101  # required in this shape
    return row.entered


def _not_before(when: When, created: When) -> When:
    """Keep a day stamp from standing before the hour of the same day at which the deal was created."""
    return replace(when, at=max(when.at, created.at))


def _says_nothing_new(step: Step, last: Step) -> bool:
    return (
        step.stage == last.stage
        and step.amount in (None, last.amount)
        and step.expected_close in (None, last.expected_close)
    )
