"""The grid as text: every row rounded so that its months add up to its quarters and its year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from babel.numbers import get_currency_symbol
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.money import CENT, rounded_parts
from core.templatetags.formats import MISSING, babel_locale, money_full, month_name, number, percent, with_sign
from planning.models import MONTHS
from planning.queries import GridRow, MonthNote, TargetGrid
from planning.queries.outline import AT_ONCE, Rest

NO_NOTES: Mapping[int, Sequence[MonthNote]] = {}
MOST_FOUND = 20
BEHIND = 0.9  # below this share of the target to date a row is marked as behind


@dataclass(frozen=True)
class Scale:
    """
    In what the grid shows money. Display only: what is stored and sent is the currency itself.

    :param factor: how much of the currency one shown unit is; `digits` after the point
    """

    key: str
    label: str
    factor: int
    digits: int

    @property
    def step(self) -> Decimal:
        """The smallest amount that can be shown, in the currency."""
        return Decimal(self.factor).scaleb(-self.digits)

    def text(self, amount: Decimal | None) -> str:
        if amount is None:
            return MISSING
        steps = (amount / self.step).to_integral_value(ROUND_HALF_EVEN)
        return number(steps.scaleb(-self.digits), self.digits)


def scales(currency: str) -> list[Scale]:
    """Return the units that a reader of the active language counts money in."""
    locale = babel_locale()
    symbol = "¥" if currency == "CNY" else get_currency_symbol(currency, locale=locale)
    if locale == "zh_Hans":
        return [
            Scale("one", _("%(currency)s") % {"currency": "元" if currency == "CNY" else symbol}, 1, 2),
            Scale("thousand", "千元" if currency == "CNY" else f"千 {symbol}", 1_000, 0),
            Scale("wan", "万元" if currency == "CNY" else f"万 {symbol}", 10_000, 1),
        ]
    return [
        Scale("one", symbol, 1, 2),
        Scale("thousand", _("%(currency)s thousand") % {"currency": symbol}, 1_000, 0),
    ]


def chosen_scale(currency: str, key: str, largest: Decimal | None) -> Scale:
    """Return the unit asked for; else the coarsest in which the grid's largest target still has four figures."""
    found = scales(currency)
    named = {scale.key: scale for scale in found}
    fitting = [scale for scale in found if largest and largest / scale.factor >= 1_000]
    return named.get(key) or (fitting[-1] if fitting else found[0])


@dataclass(frozen=True)
class Quarter:
    number: int
    text: str
    months: list[tuple[str, str, str]]  # (name of the column, text, how it was set by hand)


@dataclass(frozen=True)
class Line:
    row: GridRow
    total: str
    planned: str
    gap: str
    gap_share: str
    stretch: str
    challenge: str
    quarters: list[Quarter]
    won: str
    won_full: str
    percent: int | None
    is_behind: bool
    edit_url: str
    split_url: str
    notes: Sequence[MonthNote]  # the months set by hand
    above: str = ""  # keys of all rows above, for folding
    is_open: bool = True  # whether rows below are drawn
    part_url: str = ""  # of a unit: where the rows directly below it are drawn
    rests: tuple["RestLine", ...] = ()  # what of the units that end here is not drawn


@dataclass(frozen=True)
class RestLine:
    """Rows of a unit that are not drawn yet."""

    rest: Rest
    name: str
    depth: int
    above: str
    url: str

    @property
    def next_count(self) -> int:
        return min(self.rest.count, AT_ONCE)


def lines(
    grid: TargetGrid, scale: Scale, currency: str, notes: Mapping[int, Sequence[MonthNote]] = NO_NOTES
) -> list[Line]:
    parents = {row.parent for row in grid.rows}
    rows = {row.key: row for row in grid.rows}
    found: list[Line] = []
    for place in grid.places:
        if isinstance(place, Rest):
            found[-1] = replace(found[-1], rests=(*found[-1].rests, _rest_line(grid, place)))
            continue
        row = rows[place]
        of_row = notes.get(row.target.pk, ()) if row.target else ()
        found.append(_line(grid, row, scale, currency, of_row, is_open=row.key in parents))
    return found


def _above(grid: TargetGrid, key: str) -> str:
    return " ".join(node.key for node in grid.outline.path(key))


def _part_url(grid: TargetGrid, unit: int) -> str:
    return reverse("planning:targets-below", kwargs={"version": grid.version.pk, "unit": unit})


def _rest_line(grid: TargetGrid, rest: Rest) -> RestLine:
    unit = grid.outline.nodes[rest.unit]
    return RestLine(
        rest=rest,
        name=unit.name,
        depth=unit.depth + 1,
        above=" ".join(filter(None, [_above(grid, rest.unit), rest.unit])),
        url=f"{_part_url(grid, unit.unit or 0)}?after={rest.after}",
    )


def _line(
    grid: TargetGrid, row: GridRow, scale: Scale, currency: str, notes: Sequence[MonthNote], *, is_open: bool
) -> Line:
    told = {note.month: note.sentence for note in notes}
    shown: Sequence[Decimal | None] = rounded_parts(row.months, unit=scale.step) if row.months else [None] * 12
    quarters = [
        Quarter(
            quarter,
            scale.text(sum((part or Decimal(0) for part in part_of), Decimal(0)) if row.months else None),
            [
                (column, scale.text(part), told.get(column, ""))
                for column, part in zip(MONTHS[3 * quarter - 3 : 3 * quarter], part_of, strict=True)
            ],
        )
        for quarter in (1, 2, 3, 4)
        for part_of in [shown[3 * quarter - 3 : 3 * quarter]]
    ]
    attainment = row.attainment
    subject: dict[str, Any] = {"version": grid.version.pk}
    subject |= {"unit": row.unit} if row.unit is not None else {"person": row.person}
    return Line(
        row=row,
        total=scale.text(row.total),
        planned=scale.text(row.planned),
        gap=with_sign(scale.text(row.gap)),
        gap_share=with_sign(percent(row.gap_share, 1)),
        stretch=scale.text(row.target.stretch if row.target else None),
        challenge=scale.text(row.target.challenge if row.target else None),
        quarters=quarters,
        won=scale.text(row.won.revenue),
        won_full=money_full(row.won.revenue, currency),
        percent=round(attainment * 100) if attainment is not None else None,
        is_behind=attainment is not None and attainment < BEHIND,
        edit_url=reverse("planning:target-edit", kwargs=subject),
        split_url=reverse("planning:target-split", kwargs=subject),
        notes=notes,
        above=_above(grid, row.key),
        is_open=is_open,
        part_url=_part_url(grid, row.unit) if row.unit is not None and row.below else "",
    )


@dataclass(frozen=True)
class Place:
    """Where a unit or person that was looked for stands: the names above it, and the address that unfolds the way there."""

    key: str
    name: str
    above: str
    path: str
    url: str


def places_of(grid: TargetGrid, words: str, scale: Scale) -> list[Place]:
    """Return the first rows of a grid whose name holds some words, drawn or not."""
    found = []
    for node in grid.outline.named(words)[:MOST_FOUND]:
        path = grid.outline.path(node.key)
        unfold = [above.key for above in path]
        asked = urlencode([("version", grid.version.pk), ("unit", scale.key), *(("unfold", key) for key in unfold)])
        url = f"{reverse('planning:targets')}?{asked}#{node.key}"
        found.append(Place(node.key, node.name, " › ".join(above.name for above in path), " ".join(unfold), url))
    return found


def heads(months: Sequence[date], closed: int = 0) -> list[dict[str, Any]]:
    """Return the quarters with their months, as heads of columns; the first `closed` months do not change any more."""
    return [
        {
            "number": quarter,
            "months": [
                {
                    "column": f"m{month:02}",
                    "name": month_name(months[month - 1]),
                    "full": month_name(months[month - 1], "year"),
                    "is_closed": month <= closed,
                }
                for month in range(3 * quarter - 2, 3 * quarter + 1)
            ],
        }
        for quarter in (1, 2, 3, 4)
    ]


def facts(grid: TargetGrid, found: Sequence[Line], scale: Scale, currency: str) -> dict[str, Any]:
    """Return what the grid's script needs: exact amounts as text, and how to show them."""
    draft = grid.version.is_draft
    return {
        "scale": scale.key,
        "scales": {s.key: {"factor": s.factor, "digits": s.digits, "label": s.label} for s in scales(currency)},
        "behind": BEHIND,
        "due": list(grid.due),
        "closed": grid.version.closed_months if draft else 0,
        "rows": [
            {
                "key": line.row.key,
                "parent": line.row.parent,
                "name": line.row.name,
                "months": [str(amount) for amount in line.row.months] if line.row.months else None,
                "planned": None if line.row.planned is None else str(line.row.planned),
                "over": _over(line.row),
                "won": str(line.row.won.revenue.quantize(CENT)),
                "version": line.row.lock_version,
                "editable": draft and line.row.may_set,
                "edit": line.edit_url,
                "split": line.split_url,
                "locked": line.row.target is not None and line.row.target.total_locked,
                "by_hand": {note.month: note.sentence for note in line.notes},
            }
            for line in found
        ],
    }


def _over(row: GridRow) -> dict[str, str | None]:
    """What stretch and challenge ask for above the target."""
    levels = {"stretch": row.target.stretch_over, "challenge": row.target.challenge_over} if row.target else {}
    return {name: None if amount is None else str(amount) for name, amount in levels.items()}
