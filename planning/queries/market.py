"""
Market shares per product line and region: size, own sales, share, trend, what a target share means, what is forecast.

Own sales = amounts of deals won (by their closing day) of the product line and all below it, in the region and all below it;
a win without an amount is counted and named, not taken for zero. What was sold before the company's recorded history begins
is not known, and a period that began before it is counted from there. Share = own sales ÷ market size of the same days. The
estimate that counts is the newest; an estimate of a longer period is spread evenly over its days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, Sum
from django.db.models.functions import TruncMonth

from core.periods import add_months, month_start
from customers.models import Deal, MarketSize, ProductLine, Region, StageEvent
from planning.models import PlanVersion, ShareTarget
from teams.models import User

from .market_forecast import Ahead, ahead, is_of
from .scopes import Trees, trees
from .season import LATE

CENT = Decimal("0.01")
TREND_YEARS, TREND_QUARTERS = 3, 4
Cell = tuple[int, int]


@dataclass(frozen=True)
class Sold:
    """Own sales of one product line (key or None) in one region in one month; `unknown` wins have no amount."""

    product: int | None
    region: int | None
    month: date
    amount: Decimal
    unknown: int


@dataclass(frozen=True)
class TrendPoint:
    """
    One year or quarter.

    :param sales: None where all of it lies before the company's recorded history: not known, which is not zero
    :param since, until: the first and last day of which sales are known, where that is not the whole period
    :param size: of the days of which sales are known; None = no estimate
    """

    label: str
    sales: Decimal | None
    since: date | None
    until: date | None
    size: Decimal | None

    @property
    def share(self) -> float | None:
        return float(self.sales / self.size) if self.size and self.sales is not None else None


@dataclass(frozen=True)
class ShareLine:
    """
    One product line in one region over the plan's year or a quarter of it.

    size: of the period, None without an estimate or in another currency; estimates: those that it is made of, with source and
    day. sales, since: as in `TrendPoint`. last: the last twelve months. forecast: own sales expected of the period, None
    without a forecast.
    """

    product: ProductLine
    region: Region
    quarter: int
    target: ShareTarget | None
    estimates: tuple[MarketSize, ...]
    size: Decimal | None
    sales: Decimal | None
    since: date | None
    unknown: int
    last: TrendPoint
    forecast: Decimal | None
    years: tuple[TrendPoint, ...]
    quarters: tuple[TrendPoint, ...]
    other_currency: bool

    @property
    def share(self) -> float | None:
        """Own sales of the period so far ÷ its whole size."""
        return float(self.sales / self.size) if self.size and self.sales is not None else None

    @property
    def last_year(self) -> float | None:
        """The share of the last twelve months."""
        return self.last.share

    @property
    def means(self) -> Decimal | None:
        """What the target share means in sales."""
        if self.target is None or self.size is None:
            return None
        return (self.size * Decimal(repr(self.target.share))).quantize(CENT)

    @property
    def to_sell(self) -> Decimal | None:
        return None if self.means is None or self.sales is None else max(self.means - self.sales, Decimal(0))

    @property
    def gap(self) -> Decimal | None:
        """Forecast less what the target share means: below zero, the share is not reached."""
        return None if self.means is None or self.forecast is None else self.forecast - self.means

    @property
    def forecast_share(self) -> float | None:
        return float(self.forecast / self.size) if self.size and self.forecast is not None else None


@dataclass(frozen=True)
class _Ground:
    sold: Sequence[Sold]
    known_from: date | None
    sizes: Mapping[Cell, Sequence[MarketSize]]
    places: Trees
    currency: str
    as_of: date
    ahead: Ahead | None

    def own(self, product: ProductLine, region: Region) -> list[Sold]:
        return [row for row in self.sold if is_of((row.product, row.region), product, region, self.places)]

    def point(
        self, label: str, own: Iterable[Sold], sizes: Sequence[MarketSize], first: date, after: date
    ) -> TrendPoint:
        """Return what was sold in [first, after), and the size of the market in the days of which that is known."""
        tomorrow = self.as_of + timedelta(days=1)
        if self.known_from is None or self.known_from >= after or first >= tomorrow:
            return TrendPoint(label, None, None, None, _size(sizes, first, after)[0])
        begin, end = max(first, self.known_from), min(after, tomorrow)
        return TrendPoint(
            label,
            sales=_sum(own, first, after),
            since=begin if begin > first else None,
            until=self.as_of if end < after else None,
            size=_size(sizes, begin, end)[0],
        )


def share_lines(*, version: PlanVersion, user: User, as_of: date) -> list[ShareLine]:
    """Return every product line × region that has a size or a target, in the order of the words. A fixed number of queries."""
    targets = list(ShareTarget.objects.visible_to(user).filter(version=version))
    sizes: dict[Cell, list[MarketSize]] = {}
    for size in MarketSize.objects.visible_to(user).in_force().order_by("-estimated_date", "-pk"):
        sizes.setdefault((size.product_id, size.region_id), []).append(size)
    wanted = {(target.product_id, target.region_id, target.quarter): target for target in targets}
    keys = {*wanted, *((product, region, 0) for product, region in sizes)}
    products = {row.pk: row for row in ProductLine.objects.all()}
    regions = {row.pk: row for row in Region.objects.all()}
    ground = _ground(version, sizes, as_of)
    order = sorted(keys, key=lambda key: (products[key[0]].position, key[0], regions[key[1]].position, *key[1:]))
    return [
        _line(
            version,
            products[product],
            regions[region],
            ground,
            quarter=quarter,
            target=wanted.get((product, region, quarter)),
        )
        for product, region, quarter in order
    ]


def _ground(version: PlanVersion, sizes: Mapping[Cell, Sequence[MarketSize]], as_of: date) -> _Ground:
    plan, year = version.plan, version.plan.fiscal_year
    since = min(add_months(year.first_date, -12 * TREND_YEARS), add_months(month_start(as_of), -12))
    return _Ground(
        sold=list(_sold(since)),
        known_from=_known_from(plan.time_zone),
        sizes=sizes,
        places=trees(),
        currency=plan.currency,
        as_of=as_of,
        ahead=ahead(plan),
    )


def _known_from(time_zone: str) -> date | None:
    """Return the day on which the company's recorded history begins; the first days of a month hold it whole."""
    first = StageEvent.objects.aggregate(first=Min("occurred_at"))["first"]
    if first is None:
        return None
    day: date = first.astimezone(ZoneInfo(time_zone)).date()
    return month_start(day) if day.day <= LATE else day


def _sold(since: date) -> Iterable[Sold]:
    won = Deal.objects.won().filter(closed_date__gte=since)
    rows = (
        won.annotate(month=TruncMonth("closed_date"))
        .values("product_id", "region_id", "month")
        .annotate(total=Sum("amount"), wins=Count("pk"), known=Count(F("amount")))
        .order_by("month")
    )
    for row in rows:
        unknown = row["wins"] - row["known"]
        yield Sold(row["product_id"], row["region_id"], row["month"], row["total"] or Decimal(0), unknown)


def _line(
    version: PlanVersion,
    product: ProductLine,
    region: Region,
    ground: _Ground,
    *,
    quarter: int,
    target: ShareTarget | None,
) -> ShareLine:
    year = version.plan.fiscal_year
    begin, end = (3 * quarter - 3, 3 * quarter) if quarter else (0, 12)
    first, after = (add_months(year.first_date, step) for step in (begin, end))
    own = ground.own(product, region)
    sizes = ground.sizes.get((product.pk, region.pk), [])
    usable = [size for size in sizes if size.currency == ground.currency]
    size, estimates = _size(usable, first, after)
    period = ground.point("", own, usable, first, after)
    return ShareLine(
        product=product,
        region=region,
        quarter=quarter,
        target=target,
        estimates=estimates,
        size=size,
        sales=period.sales if first <= ground.as_of else Decimal(0),
        since=period.since,
        unknown=sum(row.unknown for row in own if first <= row.month < after),
        last=_last(own, usable, ground),
        forecast=_forecast(own, product, region, ground, begin=begin, end=end, first=first, after=after),
        years=tuple(_years(own, usable, ground, version)),
        quarters=tuple(_quarters(own, usable, ground, version)),
        other_currency=bool(sizes) and not usable,
    )


def _sum(rows: Iterable[Sold], first: date, after: date) -> Decimal:
    return sum((row.amount for row in rows if first <= row.month < after), Decimal(0))


def _last(own: Sequence[Sold], sizes: Sequence[MarketSize], ground: _Ground) -> TrendPoint:
    """The last twelve months with the running one; where no estimate holds them, the newest one's size of as many days."""
    after = add_months(month_start(ground.as_of), 1)
    first = add_months(after, -12)
    point = ground.point("", own, sizes, first, after)
    if point.size is None and sizes and point.sales is not None:
        days = (min(after, ground.as_of + timedelta(days=1)) - (point.since or first)).days
        return replace(point, size=(sizes[0].size * days / sizes[0].days).quantize(CENT))
    return point


def _size(sizes: Sequence[MarketSize], first: date, after: date) -> tuple[Decimal | None, tuple[MarketSize, ...]]:
    """
    Return the size of a period, and the estimates that it is made of; None = unknown.

    It is the part of the estimate of the shortest period that holds these days (of equally long ones the newest), else the
    sum of estimates that follow each other without a gap.
    """
    holding = _narrowest(size for size in sizes if size.first_date <= first and after <= size.after_date)
    if holding is not None:
        return holding.share_of(first, after).quantize(CENT), (holding,)
    at, total, parts = first, Decimal(0), []
    while at < after:
        found = _narrowest(size for size in sizes if size.first_date <= at < size.after_date)
        if found is None:
            return None, ()
        until = min(after, found.after_date)
        total += found.share_of(at, until)
        parts.append(found)
        at = until
    return total.quantize(CENT), tuple(parts)


def _narrowest(sizes: Iterable[MarketSize]) -> MarketSize | None:
    return min(sizes, key=lambda size: (size.days, -size.estimated_date.toordinal(), -size.pk), default=None)


def _years(
    own: Sequence[Sold], sizes: Sequence[MarketSize], ground: _Ground, version: PlanVersion
) -> Iterable[TrendPoint]:
    year = version.plan.fiscal_year
    for back in range(TREND_YEARS, 0, -1):
        begin, end = (add_months(year.first_date, -12 * step) for step in (back, back - 1))
        yield ground.point(f"FY{year.year - back}", own, sizes, begin, end)


def _quarters(
    own: Sequence[Sold], sizes: Sequence[MarketSize], ground: _Ground, version: PlanVersion
) -> Iterable[TrendPoint]:
    """The last quarters that are over."""
    first, year, day = version.plan.fiscal_year.first_date, version.plan.fiscal_year.year, ground.as_of
    now = ((day.year - first.year) * 12 + day.month - first.month) // 3
    for quarter in range(now - TREND_QUARTERS, now):
        begin, end = add_months(first, 3 * quarter), add_months(first, 3 * quarter + 3)
        yield ground.point(f"FY{year + quarter // 4} Q{quarter % 4 + 1}", own, sizes, begin, end)


def _forecast(
    own: Sequence[Sold],
    product: ProductLine,
    region: Region,
    ground: _Ground,
    *,
    begin: int,
    end: int,
    first: date,
    after: date,
) -> Decimal | None:
    """
    Won so far, the open deals of this product line and region, and its part of deals not yet created.

    That part is its share of the company's sales of the last twelve months.
    """
    if ground.ahead is None:
        return None
    month = add_months(month_start(ground.as_of), 1)
    everything = _sum(ground.sold, add_months(month, -12), month)
    part = float(_sum(own, add_months(month, -12), month) / everything) if everything else 0.0
    expected = ground.ahead.expected(product, region, ground.places, begin=begin, end=end, part=part)
    return _sum(own, first, after) + expected
