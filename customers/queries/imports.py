"""What is here already, as an import needs to know it: names, stages, deals of a source; and a file's problems by line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import F, Min, OuterRef, QuerySet, Subquery

from customers.intake import StageRef, guess_stage, name_key, person_key, sentence
from customers.models import (
    Channel,
    Customer,
    Deal,
    DealOwnership,
    ImportFile,
    ImportProblem,
    Pipeline,
    ProductLine,
    Region,
    StageEvent,
)
from teams.models import User

KINDS: Mapping[str, type[Customer] | type[ProductLine] | type[Region] | type[Channel]] = {
    "customer": Customer,
    "product": ProductLine,
    "region": Region,
    "channel": Channel,
}


@dataclass(eq=False, slots=True)
class Entry:
    """A person, customer or word that a file names; `pk` None = not here yet."""

    kind: str
    name: str
    pk: int | None = None


@dataclass
class Directory:
    """
    Who and what the names of a file are. A name that differs only in case, blanks or loose signs is the same thing.

    :param actor: only people and customers that they may see can be meant
    :param may_add: whether unknown people, products, regions and channels may be added (customers always may)
    :param owner_as: by what owners are known: any, email, id or name
    :param spellings: kind → key → the spelling to take for a new name, from the check
    """

    actor: User
    may_add: bool
    owner_as: str = "any"
    spellings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    given: dict[str, Counter[str]] = field(default_factory=dict)
    _words: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _people: dict[str, list[Entry]] = field(default_factory=dict)
    reach: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for kind, model in KINDS.items():
            rows: QuerySet[Customer | ProductLine | Region | Channel] = (
                Customer.objects.visible_to(self.actor) if kind == "customer" else model._default_manager.all()
            )
            known = self._words.setdefault(kind, {})
            names = ("name",) if kind == "customer" else ("name", "name_zh")
            for row in rows.order_by("-pk").values("pk", *names):
                for name in filter(None, (row[column] for column in names)):
                    known[name_key(name)] = Entry(kind, row["name"], row["pk"])
        for pk, name, email, external_id in User.objects.visible_to(self.actor).values_list(
            "pk", "name", "email", "external_id"
        ):
            entry = Entry("owner", name, pk)
            self.reach.add(pk)
            marks = {"email": email, "id": external_id, "name": name}
            wanted = marks if self.owner_as == "any" else {self.owner_as: marks[self.owner_as]}
            for mark in {person_key(text) for text in wanted.values() if text}:
                self._people.setdefault(mark, []).append(entry)

    def word(self, kind: str, text: str) -> Entry | None:
        """Return what a customer, product, region or channel is; None = not known, and not to be added."""
        self.given.setdefault(kind, Counter())[text] += 1
        key = name_key(text)
        entry = self._words[kind].get(key)
        if entry is None:
            if kind != "customer" and not self.may_add:
                return None
            entry = self._words[kind][key] = Entry(kind, self.spellings.get(kind, {}).get(key, text))
        return entry

    def owner(self, text: str) -> Entry | str:
        """Return who an owner is, or the code of the problem."""
        self.given.setdefault("owner", Counter())[text] += 1
        found = self._people.get(person_key(text), [])
        if len(found) > 1:
            return "ambiguous_owner"
        if found:
            return found[0]
        if not self.may_add:
            return "unknown_owner"
        entry = Entry("owner", self.spellings.get("owner", {}).get(person_key(text), text))
        self._people[person_key(text)] = [entry]
        return entry

    def person(self, pk: int) -> Entry | None:
        """Return a person of the actor's reach by key."""
        return next((entry for found in self._people.values() for entry in found if entry.pk == pk), None)

    @staticmethod
    def key(kind: str, name: str) -> str:
        """Return the mark by which spellings of one thing are told to be one."""
        return person_key(name) if kind == "owner" else name_key(name)

    def taken_as(self) -> Iterator[tuple[str, str, str, int]]:
        """Tell each spelling that was taken as another: (kind, given, taken, rows)."""
        for kind, counts in self.given.items():
            for text, count in sorted(counts.items()):
                entry = self._words[kind].get(name_key(text)) if kind != "owner" else None
                # a Chinese name of ours, or only another case or blank at the end, is no other spelling worth a word
                if (
                    entry is not None
                    and _loosely(entry.name) != _loosely(text)
                    and name_key(entry.name) == name_key(text)
                ):
                    yield kind, text, entry.name, count

    def newcomers(self) -> dict[str, list[str]]:
        """Tell the names that are new here, by kind, in the spelling that most rows use."""
        fresh: dict[str, list[str]] = {}
        for kind, counts in self.given.items():
            best: dict[str, tuple[int, str]] = {}
            for text, count in sorted(counts.items()):
                key = self.key(kind, text)
                entry = self._entry(kind, key)
                if entry is not None and entry.pk is None:
                    best[key] = max(best.get(key, (0, "")), (count, text), key=lambda item: item[0])
            if best:
                fresh[kind] = sorted(text for _count, text in best.values())
        return fresh

    def respell(self) -> None:
        """Give each new entry the spelling that most rows use."""
        for kind, names in self.newcomers().items():
            for name in names:
                entry = self._entry(kind, self.key(kind, name))
                if entry is not None:
                    entry.name = name

    def _entry(self, kind: str, key: str) -> Entry | None:
        if kind == "owner":
            found = self._people.get(key, [])
            return found[0] if len(found) == 1 else None
        return self._words[kind].get(key)


@dataclass(frozen=True, slots=True)
class KnownDeal:
    """A deal of the source as it stands: what its ledger ends with, and what the source said of it last."""

    deal: Deal
    digest: str
    told: Mapping[str, object]
    last_at: datetime
    last_recorded_at: datetime
    held_since: datetime


def known_deals(source: str, external_ids: Iterable[str]) -> dict[str, KnownDeal]:
    """Return the deals of a source by their ids there."""
    last = StageEvent.objects.filter(deal=OuterRef("pk"), seq=OuterRef("last_seq"))
    held = DealOwnership.objects.filter(deal=OuterRef("pk"), valid_to=None)
    rows = (
        Deal.objects.filter(source=source, external_id__in=list(external_ids))
        .select_related("stage", "imported")
        .annotate(
            last_at=Subquery(last.values("occurred_at")),
            last_recorded_at=Subquery(last.values("recorded_at")),
            held_since=Subquery(held.values("valid_from")[:1]),
        )
    )
    found = {}
    for deal in rows:
        said = getattr(deal, "imported", None)
        found[deal.external_id] = KnownDeal(
            deal=deal,
            digest=said.digest if said else "",
            told=said.told if said else {},
            last_at=getattr(deal, "last_at"),  # noqa: B009  # annotated above
            last_recorded_at=getattr(deal, "last_recorded_at"),  # noqa: B009
            held_since=getattr(deal, "held_since"),  # noqa: B009
        )
    return found


def ledger_lines(deals: Iterable[int]) -> dict[int, list[tuple[int, datetime]]]:
    """Return (stage, when) of every line of the deals' ledgers."""
    lines: dict[int, list[tuple[int, datetime]]] = {}
    rows = StageEvent.objects.filter(deal__in=list(deals)).order_by("deal", "seq")
    for deal, stage, at in rows.values_list("deal", "to_stage", "occurred_at"):
        lines.setdefault(deal, []).append((stage, at))
    return lines


def stage_refs(pipeline: Pipeline) -> dict[int, StageRef]:
    """Return a pipeline's stages in order, by key."""
    return {
        stage.pk: StageRef(stage.pk, stage.name, stage.kind, stage.position)
        for stage in pipeline.stages.order_by("position")
    }


def guessed_stages(pipeline: Pipeline, words: Iterable[str]) -> dict[str, int]:
    """Return the stages of a pipeline that a file's words probably mean; words that nobody knows are left out."""
    stages = [(stage.pk, stage.name, stage.name_zh, stage.kind) for stage in pipeline.stages.in_use()]
    words = list(words)
    found = {word: key for word in words if (key := guess_stage(word, stages)) is not None}
    opens = [key for key, _name, _zh, kind in stages if kind == "open"]
    left = [word for word in words if word not in found]
    if len(left) == len(opens) == 1 and opens[0] not in found.values():
        found[left[0]] = opens[0]  # one open stage, one word that is left
    return found


def source_known_since(source: str, *, but_not_after: datetime) -> datetime:
    """Return when this source was first imported: what happened there before is history, taken at its word."""
    first = ImportFile.objects.filter(source=source).aggregate(first=Min("created_at"))["first"]
    return min(first, but_not_after) if first else but_not_after


def unit_first_days(owners: Iterable[int]) -> dict[int, date]:
    """Return the first day on which each person belonged to a unit."""
    rows = User.objects.filter(pk__in=list(owners)).annotate(first=Min("memberships__valid_from"))
    return {pk: first for pk, first in rows.values_list("pk", "first") if first}


def problem_rows(file: ImportFile) -> Iterator[tuple[int, str, str, str]]:
    """Stream (line, column, value, sentence) of every problem of a file, in the active language."""
    rows = ImportProblem.objects.filter(file=file).order_by("line", "pk")
    for line, column, value, code, facts in rows.values_list("line", "column", "value", "code", "facts").iterator():
        yield line, column, value, sentence(code, facts)


def problem_kinds(file: ImportFile) -> list[tuple[str, int]]:
    """Return each kind of problem of a file with the number of its lines, the most frequent first."""
    counts = Counter(ImportProblem.objects.filter(file=file).values_list(F("code"), flat=True))
    return [(sentence_of_kind(code), count) for code, count in counts.most_common()]


def sentence_of_kind(code: str) -> str:
    """Return the sentence of a code where no single line is meant."""
    return sentence(code, {"line": "…", "last": "…", "recorded": "…"})


def _loosely(text: str) -> str:
    return person_key(text)
