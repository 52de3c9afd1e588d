"""From an `ImportFile` to its deals: the table, the reader with its options, the stages, the directory of names."""

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.tabular import LIMITS, Cell, Table, UnreadableFile, open_table
from core.tabular.reading import MOST_PROBLEMS
from customers.intake import (
    Finding,
    Options,
    Reader,
    Row,
    StageRef,
    guess_columns,
    guess_kind,
    guess_options,
    guess_shape,
    histories,
)
from customers.intake.guessing import stage_rank
from customers.intake.histories import Taken, stage_key
from customers.intake.rows import Refused
from customers.models import ImportFile
from customers.queries.imports import Directory, Entry, stage_refs
from customers.services.import_judging import Setting
from teams.models import Company, User

PROFILED_ROWS = {"csv": 200_000, "xlsx": 20_000}  # what a person can wait for; the check reads every line anyway
SAMPLES, MOST_WORDS = 5, 60
BATCH_LINES = 2_000
_BLOCK = 1024 * 1024


class Target(Protocol):
    """Where blocks of bytes can be written."""

    def write(self, block: bytes, /) -> int: ...


def unpacked(source: BinaryIO, target: Target, *, name: str) -> None:
    """Copy an uploaded file, unpacked if it is .csv.gz. :raises UnreadableFile: too large, packed or unpacked; damaged"""
    packed = name.lower().endswith(".gz")
    reader = gzip.GzipFile(fileobj=source) if packed else source
    size = 0
    try:
        while block := reader.read(_BLOCK):
            size += len(block)
            if size > LIMITS.file_bytes:
                largest = LIMITS.file_bytes // _BLOCK
                raise UnreadableFile(_("The file is larger than %(size)s MB.") % {"size": largest})
            target.write(block)
    except (EOFError, OSError) as wrong:
        raise UnreadableFile(_("The packed file is damaged.")) from wrong


def profile(table: Table) -> dict[str, dict[str, object]]:
    """Return for each column some samples, the number of blanks, and all its words where they are few."""
    samples: dict[str, list[Cell]] = {column: [] for column in table.header}
    words: dict[str, Counter[str]] = {column: Counter() for column in table.header}
    blanks: Counter[str] = Counter()
    count = 0
    for _line, row in islice(table.rows(), PROFILED_ROWS[table.kind]):
        count += 1
        for column, cell in row.items():
            if cell is None:
                blanks[column] += 1
                continue
            if len(samples[column]) < SAMPLES and cell not in samples[column]:
                samples[column].append(cell)
            if len(words[column]) <= MOST_WORDS:
                words[column][str(cell).strip()[:80]] += 1
    return {
        column: {
            "samples": [str(cell)[:80] for cell in samples[column]],
            "blanks": blanks[column],
            "words": dict(words[column].most_common()) if len(words[column]) <= MOST_WORDS else {},
            "rows": count,
        }
        for column in table.header
    }


def guesses(table: Table, shape: str = "") -> tuple[str, dict[str, str], dict[str, object]]:
    """Return the likely shape, mapping and reading options of a table."""
    shape = shape or guess_shape(table.header)
    columns: dict[str, list[Cell]] = {column: [] for column in table.header}
    for _line, row in islice(table.rows(), 1_000):
        for column, cell in row.items():
            if cell is not None:
                columns[column].append(cell)
    guess = guess_columns(table.header, shape, columns)
    return shape, guess.mapping, dict(guess_options(guess.mapping, columns))


def guessed_mapping(file: ImportFile, shape: str) -> dict[str, str]:
    """Return the likely mapping of a kept file, should its rows be of another shape."""
    samples = {column: facts.get("samples", []) for column, facts in file.profile.items()}
    return guess_columns(file.header, shape, samples).mapping


def new_stages(words: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return (name, name in Chinese, kind) of the stages of a pipeline made from a file's words, open ones first."""
    words = list(dict.fromkeys(words))
    opens = sorted((word for word in words if guess_kind(word) == "open"), key=stage_rank)
    return [
        *((word, "", "open") for word in opens or [_("Open")]),
        (next((word for word in words if guess_kind(word) == "won"), _("Won")), "", "won"),
        (next((word for word in words if guess_kind(word) == "lost"), _("Lost")), "", "lost"),
    ]


def stage_words(file: ImportFile, column: str) -> list[str]:
    """Return the words of the stage column: as the last check counted them, else as the first look did."""
    checked = file.findings.get("stage_words") if column == file.mapping.get("stage") else None
    return list(checked or file.profile.get(column, {}).get("words", {}))


def words_for_new_stages(words: Iterable[str], stages: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return which of the stages to be made each word of the file means; several words may mean won, or lost."""
    closed = {kind: name for name, _zh, kind in stages if kind != "open"}
    return {word: closed.get(guess_kind(word), word) for word in words}


def content_mark(upload: BinaryIO, *, name: str) -> str:
    """Return the SHA-256 of a file's unpacked content, by which the same file is known again."""
    mark = hashlib.sha256()
    unpacked(upload, _Hashed(mark), name=name)
    return mark.hexdigest()


class _Hashed:
    """A target that keeps nothing but the mark of what was written."""

    def __init__(self, mark: "hashlib._Hash") -> None:
        self._mark = mark

    def write(self, block: bytes, /) -> int:
        self._mark.update(block)
        return len(block)


@dataclass
class Reading:
    """
    One pass over a file.

    :param now: the door's clock, read once for the pass
    """

    file: ImportFile
    actor: User
    now: datetime
    may_add: bool
    path: Path
    stage_words: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    last_line: int = 0

    def __post_init__(self) -> None:
        choices = self.file.choices
        self.zone = ZoneInfo(Company.objects.the_one().time_zone)
        self.table = open_table(self.path)
        self.directory = Directory(
            self.actor,
            self.may_add,
            owner_as=str(choices.get("owner_as") or "any"),
            spellings=self.file.findings.get("spellings", {}),
        )
        blank = choices.get("blank_created")
        self.options = Options(
            shape=self.file.shape,
            mapping=self.file.mapping,
            zone=self.zone,
            now=self.now,
            date_order=choices.get("date_order") or "",
            decimal_mark=choices.get("decimal_mark") or ".",
            blank_created=self._blank_created(str(blank or "")),
        )
        self.reader = Reader(self.options)
        self.stages = self._stages()
        refs = sorted(self.stages_of_pipeline, key=lambda ref: ref.position)
        self.first = next(ref for ref in refs if ref.is_open)
        self.deals = histories(
            shape=self.file.shape,
            rows=self._rows(),
            stages=self.stages,
            first=self.first,
            columns=self.file.mapping,
            today=self.now.astimezone(self.zone).date(),
        )

    @property
    def setting(self) -> Setting:
        return Setting(
            actor=self.actor,
            directory=self.directory,
            pipeline=self.file.pipeline_id,
            first=self.first,
            zone=self.zone,
            now=self.now,
            columns=self.file.mapping,
            default_owner=self._default_owner(),
        )

    def batches(self, *, from_line: int = 0) -> Iterator[list[Taken]]:
        """Yield deals (and refused lines) in the order of their first lines, some 2,000 lines at a time."""
        batch: list[Taken] = []
        lines = 0
        for taken in self.deals:
            if taken.line < from_line:
                continue
            batch.append(taken)
            lines += 1 if isinstance(taken, Refused) else len(taken.lines)
            if lines >= BATCH_LINES:
                yield batch
                batch, lines = [], 0
        if batch:
            yield batch

    def _rows(self) -> Iterator[Row | Refused]:
        for line, given in self.table.rows():
            yield from self._unreadable()
            self.rows, self.last_line = self.rows + 1, line
            row = self.reader.row(line, given)
            if isinstance(row, Row):
                self.stage_words[row.stage] += 1
            yield row
        yield from self._unreadable()

    def _unreadable(self) -> Iterator[Refused]:
        """Yield the lines that were no rows of the table at all."""
        problems = self.table.problems
        if len(problems) >= MOST_PROBLEMS:
            raise UnreadableFile(_("Too many lines do not fit the head line. Is the delimiter right?"))
        while problems:
            problem = problems.pop(0)
            self.rows += 1
            yield Refused(problem.line or 0, "", (Finding(problem.line or 0, problem.code),))

    def _blank_created(self, choice: str) -> date | None:
        match choice:
            case "today":
                return self.now.astimezone(self.zone).date()
            case "first":
                return self._first_created()
            case _:
                return None

    def _first_created(self) -> date | None:
        """Return the first day of creation that the file tells."""
        known = self.file.findings.get("first_created")
        if known:
            return date.fromisoformat(known)
        options = Options(
            self.file.shape,
            {"created": self.file.mapping.get("created", "")},
            self.zone,
            self.now,
            date_order=self.file.choices.get("date_order") or "",
        )
        reader = Reader(options)
        days = [day for _line, given in self.table.rows() if (day := reader.created_day(given)) is not None]
        self.table.problems.clear()
        return min(days, default=None)

    def _stages(self) -> Mapping[str, StageRef]:
        """Return the file's words → our stages, or the stages that the import will make."""
        plan = self.file.choices.get("new_pipeline")
        words: Mapping[str, object] = self.file.choices.get("stages", {})
        if self.file.pipeline is None:
            made = [
                StageRef(None, name, kind, position)
                for position, (name, _zh, kind) in enumerate((plan or {}).get("stages", ()), start=1)
            ]
            self.stages_of_pipeline = made
            by_name = {ref.name: ref for ref in made}
            kinds = {ref.kind: ref for ref in made if not ref.is_open}
            return {
                stage_key(word): ref
                for word, name in words.items()
                if (ref := by_name.get(str(name)) or kinds.get(str(name))) is not None
            }
        refs = stage_refs(self.file.pipeline)
        self.stages_of_pipeline = list(refs.values())
        by_name = {ref.name: ref for ref in refs.values()}
        found = {}
        for word, target in words.items():
            ref = refs.get(target) if isinstance(target, int) else by_name.get(str(target))
            if ref is not None:
                found[stage_key(word)] = ref
        return found

    def _default_owner(self) -> Entry | None:
        chosen = self.file.choices.get("default_owner")
        return self.directory.person(int(chosen)) if chosen else None
