"""The conversion page in words: the matrix, the comparison at equal age, and where each row leads."""

from dataclasses import dataclass
from math import log

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.templatetags.formats import MISSING
from planning import charts
from planning.forecasting.rates import LEAST
from planning.queries import forecasts
from planning.queries.rate_cells import Rate
from planning.queries.rates import Asked, RateRow

LEVELS = 5  # shades of the one hue
POINTS, QUARTER = 0.05, 1.25  # what one shade is worth, of a rate and of a time


@dataclass(frozen=True)
class Cell:
    """One figure of the matrix, as text; `level` is its shade, 0 = none."""

    text: str
    interval: str
    n: int
    pooled: str
    level: int


@dataclass(frozen=True)
class MatrixRow:
    name: str
    url: str
    cells: list[Cell]


@dataclass(frozen=True)
class Head:
    """The head of a column: choosing it draws its trend."""

    name: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Compared:
    """One rate of one member against the earlier cohort at equal age, in words."""

    name: str
    rate: Rate
    text: str
    interval: str
    pooled: str
    now: str
    then: str
    median: str
    p85: str
    verdict: str
    sign: str  # ahead, behind or empty


@dataclass(frozen=True)
class Address:
    """The page's address with one thing changed: what was chosen stays."""

    given: dict[str, str]

    def to(self, **changed: str) -> str:
        return "?" + urlencode({**self.given, **changed})

    def to_node(self, node: forecasts.Node) -> str:
        """On to a unit or person; the breakdown begins again with what lies below."""
        rest = {name: value for name, value in self.given.items() if name not in {"unit", "person", "by"}}
        return f"?{node.query}" + (f"&{urlencode(rest)}" if rest else "")


def matrix(rows: list[RateRow], *, show: str, address: Address, asked: Asked) -> list[MatrixRow]:
    """The matrix as text; the first row is what the others are shaded against, so that small differences stay pale."""
    made = []
    for row in rows:
        by_key = {rate.measure.key: rate for rate in row.rates}
        cells = [
            _cell(by_key.get(first.measure.key), None if row is rows[0] else first, show) for first in rows[0].rates
        ]
        made.append(MatrixRow(row.name, _further(row, address, asked), cells))
    return made


def _cell(rate: Rate | None, first: Rate | None, show: str) -> Cell:
    if rate is None:
        return Cell(_("not shown"), _("fewer than 4 people"), 0, "", 0)
    level = _level(rate, first, show) if first is not None else 0
    if show == "time":
        if 0 < rate.n < LEAST:
            return Cell(_("too few to tell"), "", rate.n, "", 0)
        p85 = _("P85 %(age)s") % {"age": charts.age_text(rate.measure, rate.p85)} if rate.n else ""
        return Cell(charts.age_text(rate.measure, rate.median), p85, rate.n, "", level)
    interval = charts.interval_text(rate) if rate.shown is not None else ""
    return Cell(charts.rate_text(rate), interval, rate.n, _pooled(rate), level)


def _level(rate: Rate, first: Rate, show: str) -> int:
    """The shade, 1 to 5: 3 is like the first row, one up or down are five points of a rate, a quarter of a time."""
    value, middle = (rate.shown, first.shown) if show == "rates" else (rate.median, first.median)
    if value is None or middle is None:
        return 0
    if show == "rates":
        steps = (value - middle) / POINTS
    elif value > 0 and middle > 0:
        steps = log(value / middle) / log(QUARTER)
    else:
        return 0
    return min(max(3 + round(steps), 1), LEVELS)


def _pooled(rate: Rate) -> str:
    """The rate drawn towards its peers, where its own cannot be told."""
    if rate.shown is not None or rate.pooled is None or not rate.n:
        return ""
    return _("with its peers ≈ %(rate)s") % {"rate": charts.share(rate.pooled)}


def _further(row: RateRow, address: Address, asked: Asked) -> str:
    """Where a row leads: to its unit or person, or to the page narrowed to it."""
    if row.key in {"own", "company", "0"}:
        return ""
    if row.node is not None:
        return address.to_node(row.node)
    rest = Address({name: value for name, value in address.given.items() if name != "by"})
    return rest.to(**{asked.by: row.key})


def compared(name: str, rate: Rate) -> Compared:
    """Put a rate against the earlier cohort at equal age into words."""
    then = rate.at_age
    verdict, sign = "", ""
    if rate.missing:
        verdict = charts.rate_text(rate)
    elif then is None or then.difference is None:
        verdict = _("nothing to compare with")
    elif then.is_few:
        verdict = _("too few to tell")
    elif not then.is_clear:
        verdict = _("no clear difference")
    else:
        sign = "ahead" if then.difference > 0 else "behind"
        verdict = charts.points(then.difference, then.difference_low, then.difference_high)
    measure = rate.measure
    told = then is not None and not then.is_few
    return Compared(
        name=name,
        rate=rate,
        text=charts.rate_text(rate),
        interval=charts.interval_text(rate),
        pooled=_pooled(rate),
        now=_("%(rate)s at %(age)s") % {"rate": charts.share(then.rate), "age": charts.age_text(measure, then.age)}
        if told and then
        else MISSING,
        then=charts.share(then.earlier_rate if told and then else None),
        median=charts.age_text(measure, rate.median if rate.n >= LEAST else None),
        p85=charts.age_text(measure, rate.p85 if rate.n >= LEAST else None),
        verdict=verdict,
        sign=sign,
    )
