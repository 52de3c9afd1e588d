"""
How likely each target is reached: of revenue as the night says it, of everything else from the same night.

Margin, units, wins and new customers, for all sales or a part of them: achieved so far, plus what is to come. What is to come
is the night's for the unit or person, handed down to the part (`planning.forecasting.parts`): open deals one by one with the
night's chances, deals not yet created by the part's share of the last two years' wins, and what a win or a unit of revenue
brought in margin, units or new customers. Where the target's own circle is told by few wins, its share and its yield are drawn
towards the company's. A count of a stage goes on at its pace of late; a rate at the rate of the last twelve months.

Where too little is known the answer is "not known" and why, never zero. Shared credit of deals that are still open is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np

from core.periods import add_months, month_start
from customers.models import Deal
from planning.forecasting.parts import EVERYTHING, Deals, Share, Whole, each_of, paced, part_of, rate_reached, share_of
from planning.forecasting.reading import chance_of
from planning.models import Metric, NodeForecast, Plan, PlanVersion, Target

from .actuals import metric_actuals
from .forecasts import QUANTILES, YEAR, Node
from .metrics import metric_of
from .other_targets import annual_of
from .outline import row_key
from .scope_tables import NOBODY, Bools, Cells, Circle, Floats, Ints, OpenDeals, month_number, open_deals
from .scopes import Trees, trees
from .track_record import has_skill

MONTHS_BACK: Final = 24  # of history that shares and yields rest on
FEWEST_WINS: Final = 8  # of a part of the sales in the company; with fewer nothing is said
FEWEST_ENTRIES, FEWEST_MONTHS = 10, 6
KNOWN_HALF: Final = 0.5  # of the wins must have a value before a chance of margin or units is said
WITHIN: Final = (0.001, 0.999)  # a year that is not over leaves something open

Kind = Metric.Kind


class Why(StrEnum):
    """Why a chance is not known."""

    NO_NIGHT = "no_night"
    NO_SKILL = "no_skill"
    FEW = "few"
    NO_VALUES = "no_values"
    BY_CREATION = "by_creation"


@dataclass(frozen=True)
class TargetChance:
    """
    The chance of one target.

    :param value: None where it is not known; `why` says the reason then, `seen` how much there was to go by
    :param within: beyond these no more is known than that it is less, or more
    """

    value: float | None
    why: Why | None = None
    seen: int = 0
    within: tuple[float, float] = WITHIN


@dataclass
class _Ground:
    """What the chances of many targets rest on; each table is read when it is first asked for, and once."""

    plan: Plan
    as_of: date
    forecasts: Mapping[str, NodeForecast]
    hidden: frozenset[tuple[int | None, int | None]]
    circle: Circle
    tables: dict[str, Cells] = field(default_factory=dict)

    @property
    def first(self) -> date:
        return min(self.plan.fiscal_year.first_date, add_months(month_start(self.as_of), -MONTHS_BACK))

    @property
    def after(self) -> date:
        return min(self.plan.fiscal_year.after_date, self.as_of + timedelta(days=1))

    def cells(self, metric: Metric) -> Cells:
        """What a metric counted in the years before and this one."""
        if metric.code not in self.tables:
            zone = self.plan.time_zone
            found = metric_actuals(metric=metric, first=self.first, after=self.after, time_zone=zone)
            self.tables[metric.code] = Cells.of(found)
        return self.tables[metric.code]

    @cached_property
    def revenue(self) -> Metric:
        return metric_of(None)

    @property
    def sales(self) -> Cells:
        return self.cells(self.revenue)

    @cached_property
    def open(self) -> OpenDeals:
        return open_deals(self.plan, self.as_of)

    @cached_property
    def customers(self) -> Ints:
        """Customers of open deals from whom a deal was won before."""
        asked = {int(key) for key in self.open.customer if key != NOBODY}
        won = Deal.objects.won().filter(customer__in=asked).order_by().values_list("customer", flat=True).distinct()
        return np.array(list(won), np.int64)

    def in_year(self, cells: Cells) -> Bools:
        return cells.month >= month_number(self.plan.fiscal_year.first_date)


def target_chances(targets: Sequence[Target], *, version: PlanVersion, as_of: date) -> dict[int, TargetChance]:
    """
    Return the chance of each target by its key: that its year brings what it asks for, as things stand on a day.

    The number of queries depends on the number of metrics alone.
    """
    plan = version.plan
    rows = NodeForecast.objects.current(plan).filter(period=YEAR).select_related("unit", "person")
    forecasts = {row_key(unit=row.unit_id, person=row.person_id): row for row in rows}
    asked = {row_key(unit=target.unit_id, person=target.person_id) for target in targets}
    verdicts = has_skill([Node(row.unit, row.person) for key, row in forecasts.items() if key in asked])
    hidden = frozenset(key for key, verdict in verdicts.items() if verdict.hides)
    places = _NOWHERE if all(target.is_plain for target in targets) else trees()
    ground = _Ground(plan, as_of, forecasts, hidden, Circle(places))
    return {target.pk: _chance(target, ground) for target in targets}


_NOWHERE = Trees({}, {}, {})


def _chance(target: Target, ground: _Ground) -> TargetChance:
    metric = target.metric
    if metric is not None and metric.kind == Kind.RATE:
        return _of_rate(target, metric, ground)
    if metric is not None and metric.kind == Kind.ENTRIES:
        return _of_entries(target, metric, ground)
    row = ground.forecasts.get(row_key(unit=target.unit_id, person=target.person_id))
    if row is None:
        return TargetChance(None, Why.NO_NIGHT)
    if (target.unit_id, target.person_id) in ground.hidden:
        return TargetChance(None, Why.NO_SKILL)
    if target.is_plain:
        return _of_all(target, row)
    metric = metric or ground.revenue
    if metric.day == Metric.Day.CREATED:
        return TargetChance(None, Why.BY_CREATION)
    return _of_part(target, metric, row, ground)


def _of_all(target: Target, row: NodeForecast) -> TargetChance:
    """The night's own word; of another amount than the one it was asked about, what its quantiles say."""
    if row.p_attain is not None and row.target == target.own_total:
        return TargetChance(row.p_attain, within=(0.0, 1.0))
    levels, quantiles = list(QUANTILES.values()), [float(getattr(row, name)) for name in QUANTILES]
    return TargetChance(chance_of(float(target.own_total), levels, quantiles), within=(levels[0], levels[-1]))


def _of_part(target: Target, metric: Metric, row: NodeForecast, ground: _Ground) -> TargetChance:
    cells, sales, deals = ground.cells(metric), ground.sales, ground.open
    mine, part = cells.covered_by(target, ground.circle)
    achieved = float(cells.value[mine & part & ground.in_year(cells)].sum())
    missing = float(annual_of(target)) - achieved
    if missing <= 0 or ground.as_of >= ground.plan.fiscal_year.after_date:
        return TargetChance(float(missing <= 0), within=(0.0, 1.0))
    counts = metric.kind not in {Kind.REVENUE, Kind.MARGIN}
    ours, sold = sales.covered_by(target, ground.circle)
    told = _Told.of(sales, ours, sold, counts=counts)
    here, such = deals.covered_by(target, ground.circle)
    seen = int(sales.events[sold].sum())
    rests_on_past = target.product_id or target.region_id or target.tier or metric.kind not in {Kind.REVENUE, Kind.WINS}
    if rests_on_past and (seen < FEWEST_WINS or not (told.wins or here.any())):
        return TargetChance(None, Why.FEW, seen)
    events, known = cells.events[part].sum(), (cells.events - cells.missing)[part].sum()
    if metric.kind in {Kind.MARGIN, Kind.UNITS} and known < max(KNOWN_HALF * events, FEWEST_WINS):
        return TargetChance(None, Why.NO_VALUES, int(known))
    whole = _whole(row, Deals(deals.chance[here], deals.amount[here]))
    share = EVERYTHING if sold.all() and such.all() else told.share(whole.lumpiness)
    each = EVERYTHING
    if metric.kind not in {Kind.REVENUE, Kind.WINS}:
        each = told.each(cells, mine, part, lumpiness=None if metric.kind == Kind.CUSTOMERS else whole.lumpiness)
    inside = here & such
    told_of = float(known / events) if events else 1.0
    chance, value = _values(metric.kind, deals, inside, each=each.mean, told=told_of, ground=ground)
    coming = part_of(
        whole,
        chance=chance,
        value=value,
        share=share,
        each=each,
        counts=counts,
        whole_numbers=metric.kind in {Kind.WINS, Kind.CUSTOMERS},
    )
    return TargetChance(float(np.clip(coming.chance(missing), *WITHIN)))


@dataclass(frozen=True)
class _Told:
    """What the past says about a part: sums of the base (wins, or revenue) and wins; here, and in the whole company."""

    base_part: float
    wins_part: float
    base: float
    wins: float
    base_everywhere: float
    base_part_everywhere: float

    @classmethod
    def of(cls, sales: Cells, mine: Bools, part: Bools, *, counts: bool) -> "_Told":
        base = sales.events if counts else sales.value
        return cls(
            base_part=float(base[mine & part].sum()),
            wins_part=float(sales.events[mine & part].sum()),
            base=float(base[mine].sum()),
            wins=float(sales.events[mine].sum()),
            base_everywhere=float(base.sum()),
            base_part_everywhere=float(base[part].sum()),
        )

    def share(self, lumpiness: float) -> Share:
        """The part's share of what is won here."""
        wider = self.base_part_everywhere / self.base_everywhere if self.base_everywhere else 0.0
        is_counted = self.base == self.wins
        return share_of(
            self.base_part,
            self.wins_part,
            self.base,
            self.wins,
            wider=wider,
            lumpiness=0.0 if is_counted else lumpiness,
        )

    def each(self, cells: Cells, mine: Bools, part: Bools, *, lumpiness: float | None) -> Share:
        """What a metric brought per win, or per unit of revenue, of the part; lumpiness None: every win brings 0 or 1."""
        wider = float(cells.value[part].sum()) / self.base_part_everywhere if self.base_part_everywhere else 0.0
        total = float(cells.value[mine & part].sum())
        return each_of(total, self.base_part, self.wins_part, wider=wider, lumpiness=lumpiness)


def _whole(row: NodeForecast, deals: Deals) -> Whole:
    booked = float(row.booked)
    return Whole(
        revenue=float(row.expected) - booked,
        fresh=float(row.new),
        levels=list(QUANTILES.values()),
        quantiles=[float(getattr(row, name)) - booked for name in QUANTILES],
        wins=max(row.wins_expected - row.wins_booked, 0.0),
        wins_low=max(row.wins_p10 - row.wins_booked, 0.0),
        wins_high=max(row.wins_p90 - row.wins_booked, 0.0),
        deals=deals,
    )


def _values(
    kind: str, deals: OpenDeals, inside: Bools, *, each: float, told: float, ground: _Ground
) -> tuple[Floats, Floats]:
    """
    Return the chances of a part's open deals, and what each brings if won, in the metric's own measure.

    :param each: what one brought in the past, those without a value among them
    :param told: the share of past wins that had a value
    """
    chance, amount = deals.chance[inside], deals.amount[inside]
    match kind:
        case Kind.MARGIN:
            return chance, _with_own(amount - deals.cost[inside], chance, each * amount, told)
        case Kind.UNITS:
            return chance, _with_own(deals.pieces[inside], chance, np.full_like(amount, each), told)
        case Kind.CUSTOMERS:
            return _first_wins(chance, deals.customer[inside], ground.customers)
        case Kind.WINS:
            return chance, np.ones_like(amount)
        case _:
            return chance, amount


def _with_own(own: Floats, chance: Floats, usual: Floats, told: float) -> Floats:
    """
    What open deals say themselves; of those that say nothing, so much that as many as in the past have a value in the end.

    A win without a value brings nothing, and of the open ones that lack it some will get it.
    """
    knows = ~np.isnan(own)
    share = float(chance[knows].sum() / chance.sum()) if chance.sum() else 0.0
    left = max(told - share, 0.0) / (1 - share) / told if share < 1 and told else 0.0
    return np.where(knows, own, left * usual)


def _first_wins(chance: Floats, customer: Ints, known: Ints) -> tuple[Floats, Floats]:
    """A customer is new once: of each the chance that any of the deals is won; nothing of those who bought before."""
    lost: dict[int, float] = {}
    for key, p in zip(customer.tolist(), chance.tolist(), strict=True):
        if key != NOBODY:
            lost[key] = lost.get(key, 1.0) * (1 - p)
    for key in known.tolist():
        lost.pop(key, None)
    found = np.array([1 - left for left in lost.values()], np.float64)
    return found, np.ones_like(found)


def _of_entries(target: Target, metric: Metric, ground: _Ground) -> TargetChance:
    cells, year = ground.cells(metric), ground.plan.fiscal_year
    mine, part = cells.covered_by(target, ground.circle)
    covered = mine & part
    missing = float(annual_of(target)) - float(cells.value[covered & ground.in_year(cells)].sum())
    if missing <= 0 or ground.as_of >= year.after_date:
        return TargetChance(float(missing <= 0), within=(0.0, 1.0))
    now = month_number(ground.as_of)
    begun = int(cells.month.min(initial=now)) + 1  # the first month of the records may be cut
    counts = [float(cells.value[covered & (cells.month == month)].sum()) for month in range(begun, now)]
    if len(counts) < FEWEST_MONTHS or sum(counts) < FEWEST_ENTRIES:
        return TargetChance(None, Why.FEW, int(sum(counts)))
    left = (year.after_date - max(ground.as_of, year.first_date)).days / 30.4375
    return TargetChance(float(np.clip(paced(counts, left).chance(missing), *WITHIN)))


def _of_rate(target: Target, metric: Metric, ground: _Ground) -> TargetChance:
    """A rate has twelve months as they stood at their own end, before and now, as its year will stand at its end."""
    year, as_of, zone = ground.plan.fiscal_year, ground.as_of, ground.plan.time_zone

    def stood(first: date, after: date) -> tuple[float, float]:
        name = f"{metric.code}:{first}:{after}"
        if name not in ground.tables:
            found = metric_actuals(metric=metric, first=first, after=after, time_zone=zone) if first < after else []
            ground.tables[name] = Cells.of(found)
        cells = ground.tables[name]
        mine, part = cells.covered_by(target, ground.circle)
        return float(cells.value[mine & part].sum()), float(cells.events[mine & part].sum())

    def rate(counted: tuple[float, float]) -> float | None:
        return counted[0] / counted[1] if counted[1] else None

    so_far = stood(year.first_date, ground.after)
    asked = float(annual_of(target)) / 100
    if as_of >= year.after_date and so_far[1]:
        return TargetChance(float(so_far[0] / so_far[1] >= asked), within=(0.0, 1.0))
    past = [stood(add_months(as_of, -12), as_of), stood(add_months(as_of, -24), add_months(as_of, -12))]
    if past[0][1] < FEWEST_ENTRIES:
        return TargetChance(None, Why.FEW, int(past[0][1]))
    before = year.first_date, add_months(year.first_date, -12)
    final, then = rate(stood(before[1], before[0])), rate(stood(before[1], max(add_months(as_of, -12), before[1])))
    gone = min(max((as_of - year.first_date).days / (year.after_date - year.first_date).days, 0.0), 1.0)
    ripening = final - then if final is not None and then is not None else 0.0
    value = rate_reached(
        target=asked,
        reached=so_far[0] + ripening * so_far[1],
        begun=so_far[1],
        past=past,
        gone=gone if so_far[1] else 0.0,
    )
    return TargetChance(float(np.clip(value, *WITHIN)))
