"""The ways to break rates down: units, people, lead sources, product lines, regions, pipelines, periods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from customers.models import Channel, Pipeline, ProductLine, Region
from teams.models import OrgUnit, User

from .forecasts import Node
from .history import day_number
from .rate_periods import Cohort
from .trials import TrialBook

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
WORDS: Final = {"channel": Channel, "product": ProductLine, "region": Region, "pipeline": Pipeline}
WAYS: Final = ("unit", "person", *WORDS, "period")


@dataclass(frozen=True)
class Member:
    """One row of a breakdown. `key` is its key as text, "0" for the rest; `node`: where the reader may go on to."""

    key: str
    name: str
    node: Node | None = None


Breakdown = tuple[Ints, list[Member]]  # (n,) the row of each trial, and the rows


def within(book: TrialBook, cohort: Cohort) -> Bools:
    """(n,) which trials began in a cohort's days."""
    return (book.begun >= day_number(cohort.span.first)) & (book.begun <= day_number(cohort.span.last))


def of_node(book: TrialBook, node: Node, units: Mapping[int, OrgUnit]) -> Bools:
    """(n,) trials of a person; of a unit and all below it; for the company of everybody, whoever was in no unit as well."""
    if node.person is not None:
        return book.owner == node.person.pk
    if node.unit is None or node.unit.kind == OrgUnit.Kind.COMPANY:
        return np.ones(len(book.begun), np.bool_)
    return np.isin(book.unit, [key for key in units if node.unit.pk in _chain(key, units)])


def by_period(book: TrialBook, steps: Sequence[Cohort]) -> Breakdown:
    codes = np.full(len(book.begun), -1, np.int64)
    for place, step in enumerate(steps):
        codes[within(book, step)] = place
    return codes, [Member(step.code, step.name) for step in steps]


def by_unit(book: TrialBook, node: Node, units: Mapping[int, OrgUnit]) -> Breakdown:
    """The units directly below, each with all below it; and what was in the unit itself, or in none."""
    if node.unit is None:
        return np.zeros(len(book.begun), np.int64), [Member("0", node.name)]
    children = sorted(
        (unit for unit in units.values() if unit.parent_id == node.unit.pk), key=lambda unit: (unit.position, unit.name)
    )
    place = {child.pk: number for number, child in enumerate(children)}
    code_of = {key: next((place[at] for at in _chain(key, units) if at in place), len(children)) for key in units}
    rest = _("Directly in %(unit)s") % {"unit": node.unit} if children else str(node.unit)
    named = [Member(str(child.pk), str(child), Node(unit=child)) for child in children]
    return _mapped(book.unit, code_of, other=len(children)), [*named, Member("0", rest)]


def by_person(book: TrialBook, user: User, rows: Bools) -> Breakdown:
    """People by name; whoever has left the reader's reach is summed in one row without a name."""
    owners = np.unique(book.owner[rows]).tolist()
    people = list(User.objects.visible_to(user).filter(pk__in=owners).order_by("name", "pk"))
    codes = _mapped(book.owner, {person.pk: number for number, person in enumerate(people)}, other=len(people))
    named = [Member(str(person.pk), str(person), Node(person=person)) for person in people]
    return codes, [*named, Member("0", _("People no longer here"))]


def by_word(book: TrialBook, by: str) -> Breakdown:
    """Lead sources, product lines, regions or pipelines in their own order; what bears none comes last."""
    words = list(WORDS[by]._default_manager.all())
    codes = _mapped(getattr(book, by), {word.pk: number for number, word in enumerate(words)}, other=len(words))
    return codes, [*(Member(str(word.pk), str(word)) for word in words), Member("0", _("Not recorded"))]


def _chain(key: int, units: Mapping[int, OrgUnit]) -> list[int]:
    """A unit and all above it."""
    chain: list[int] = []
    at: int | None = key
    while at is not None and at in units:
        chain.append(at)
        at = units[at].parent_id
    return chain


def _mapped(keys: Ints, codes: Mapping[int, int], *, other: int) -> Ints:
    """The code of each key; `other` where the mapping has none."""
    if not len(keys):
        return keys
    found, where = np.unique(keys, return_inverse=True)
    return np.array([codes.get(key, other) for key in found.tolist()], np.int64)[where]
