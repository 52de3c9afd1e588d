"""What the markets of units and people could bring: what somebody said, what stands in where nobody did, and as a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from core.errors import Problem
from core.tabular import Table, Unreadable, cells
from core.tabular.writing import Value
from planning import policies
from planning.models import PlanVersion, Potential
from teams.models import OrgUnit, User

from .below import Spot, Tree, plan_tree
from .outline import row_key
from .weights import Method, Weight, weights_by

ROW, NAME, AMOUNT, SEEN = "row", "name", "potential", "was"
LARGEST = Decimal("9999999999999.99")
MOST_PROBLEMS = 200


@dataclass(frozen=True)
class PotentialRow:
    """
    A unit or person with its potential.

    :param known: what somebody typed or imported; None = nobody did, and `weight` stands in
    """

    spot: Spot
    known: Potential | None
    weight: Weight
    may_set: bool

    @property
    def amount(self) -> Decimal | None:
        return self.known.amount if self.known else None


@dataclass(frozen=True)
class JudgedPotential:
    """A potential as it shall be (None = nobody's word, the pipeline stands in), and as it was when it was looked at."""

    unit: OrgUnit | None
    person: User | None
    amount: Decimal | None
    seen: Decimal | None

    @property
    def key(self) -> str:
        return row_key(unit=self.unit.pk if self.unit else None, person=self.person.pk if self.person else None)


def potential_rows(
    *, version: PlanVersion, unit: OrgUnit, user: User, as_of: date, deep: bool = False
) -> list[PotentialRow]:
    """Return those directly below a unit, or with `deep` everybody below it, each with its potential."""
    tree = plan_tree(version)
    weights = weights_by(Method.POTENTIAL, version=version, tree=tree, as_of=as_of).by_key
    known = {
        row_key(unit=row.unit_id, person=row.person_id): row
        for row in Potential.objects.filter(plan=version.plan_id).select_related("set_by")
    }
    reach = policies.target_reach(user)
    return [
        PotentialRow(
            spot=spot,
            known=known.get(spot.key),
            weight=weights[spot.key],
            may_set=reach.covers(
                unit=spot.unit.pk if spot.unit else None, person=spot.person.pk if spot.person else None
            ),
        )
        for spot in _below(tree, row_key(unit=unit.pk), deep=deep)
    ]


def _below(tree: Tree, key: str, *, deep: bool) -> list[Spot]:
    return list(tree.within(key))[1:] if deep else tree.children(key)


def file_lines(rows: Iterable[PotentialRow]) -> Iterator[list[Value]]:
    """Return the potentials as lines of a file that comes back; where nobody said anything the amount is blank."""
    for row in rows:
        yield [row.spot.key, row.spot.name, row.amount, row.amount]


@dataclass
class PotentialFile:
    """What a file asks for: rows that change, and what is wrong with it, line by line."""

    changes: list[JudgedPotential] = field(default_factory=list)
    same: int = 0
    problems: list[Problem] = field(default_factory=list)


def read_potentials(table: Table, rows: Sequence[PotentialRow]) -> PotentialFile:
    """
    Read a file of potentials against what one person may set; nothing is written.

    A blank amount leaves the potential as it is. With the column "was", a row that somebody changed since is refused.
    """
    found, by_key = PotentialFile(), {row.spot.key: row for row in rows}
    columns = {column.strip().casefold(): column for column in table.header}
    if missing := [name for name in (ROW, AMOUNT) if name not in columns]:
        why = _("These columns are missing: %(names)s. Begin with an exported file.") % {"names": ", ".join(missing)}
        found.problems.append(Problem(missing[0], why, "missing_columns", table.header_line))
        return found
    lines: dict[str, int] = {}
    for line, values in table.rows():
        if len(found.problems) >= MOST_PROBLEMS:
            break
        column = ROW
        try:
            row = by_key.get(key := cells.text(values.get(columns[ROW])) or "")
            why = _why_not(row, key, lines)
            lines.setdefault(key, line)
            column = AMOUNT
            amount = cells.money(values.get(columns[AMOUNT]))
            if not why and amount is not None and not 0 <= amount <= LARGEST:
                why = _("A potential is zero or more.")
            was = cells.money(values.get(columns[SEEN])) if SEEN in columns else None
        except Unreadable as wrong:
            found.problems.append(Problem(columns[column], wrong.message, "invalid", line))
            continue
        if why or row is None:
            found.problems.append(Problem(columns[column] if row else columns[ROW], why, "invalid", line))
        elif amount is None or amount == row.amount:
            found.same += 1
        elif SEEN in columns and was != row.amount:
            why = _("Somebody changed this row since the file was exported. Export it again.")
            found.problems.append(Problem(columns[SEEN], why, "changed", line))
        else:
            found.changes.append(JudgedPotential(row.spot.unit, row.spot.person, amount, row.amount))
    found.problems += table.problems
    return found


def _why_not(row: PotentialRow | None, key: str, lines: dict[str, int]) -> str:
    if row is None:
        return _("Nobody and nothing of this plan that you see is called %(key)s.") % {"key": key or "–"}
    if not row.may_set:
        return _("You may look at this row, but not change it.")
    if key in lines:
        return _("%(name)s stands on line %(line)s already.") % {"name": row.spot.name, "line": lines[key]}
    return ""
