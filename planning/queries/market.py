"""
Market shares per product line and region: size, own sales, share, trend, what a target share means, what is forecast.

Own sales = amounts of deals won (by their closing day) of the product line and all below it, in the region and all below it;
a win without an amount is counted and named, not taken for zero. Share = own sales ÷ market size of the same days. The
estimate that counts is the newest; an estimate of a longer period is spread evenly over its days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from core.periods import add_months, month_start
from customers.models import Deal, MarketSize, ProductLine, Region
from planning.models import DealForecast, NodeForecast, PlanVersion, ShareTarget
from teams.models import OrgUnit, User

from .calendars import fiscal_months
from .forecasts import MONTH_PERIODS, shown_run
from .scopes import Trees, is_within, trees

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
    """One year or quarter: own sales, size (None = no estimate), share."""

    label: str
    sales: Decimal
    size: Decimal | None

    @property
    def share(self) -> float | None:
        return float(self.sales / self.size) if self.size else None


@dataclass(frozen=True)
class ShareLine:
    """
    One product line in one region over the plan's year or a quarter of it.

    size: of the period, None without an estimate or in another currency; estimate: what counts of it, with source and day.
    last_year: own sales of the last twelve months ÷ size of twelve months. forecast: own sales expected of the period, None
    without a forecast.
    """

    product: ProductLine
    region: Region
    quarter: int
    target: ShareTarget | None
    estimate: MarketSize | None
    size: Decimal | None
    sales: Decimal
    unknown: int
    last_year: float | None
    forecast: Decimal | None
    years: tuple[TrendPoint, ...]
    quarters: tuple[TrendPoint, ...]
    other_currency: bool

    @property
    def share(self) -> float | None:
        """Own sales of the period so far ÷ its whole size."""
        return float(self.sales / self.size) if self.size else None

    @property
    def means(self) -> Decimal | None:
        """What the target share means in sales."""
        if self.target is None or self.size is None:
            return None
        return (self.size * Decimal(repr(self.target.share))).quantize(CENT)

    @property
    def to_sell(self) -> Decimal | None:
        return None if self.means is None else max(self.means - self.sales, Decimal(0))

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
    sizes: Mapping[Cell, Sequence[MarketSize]]
    places: Trees
    currency: str
    as_of: date
    open: Sequence[tuple[int | None, int | None, Sequence[float], Decimal]]
    new: Mapping[int, Decimal]  # by fiscal month
    running: int | None
    has_run: bool


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
    since = add_months(year.first_date, -12 * TREND_YEARS)
    run = shown_run(plan)
    months = fiscal_months(year)
    open_deals: list[tuple[int | None, int | None, Sequence[float], Decimal]] = []
    new: dict[int, Decimal] = {}
    running = None
    if run is not None:
        rows = DealForecast.objects.filter(run=run)
        open_deals = list(rows.values_list("deal__product", "deal__region", "p_by_month", "amount"))
        company = NodeForecast.objects.filter(run=run, unit__kind=OrgUnit.Kind.COMPANY, period__in=MONTH_PERIODS)
        new = {MONTH_PERIODS.index(period): amount for period, amount in company.values_list("period", "new")}
        running = sum(month <= run.business_date for month in months) - 1
    return _Ground(
        list(_sold(since)), sizes, trees(), plan.currency, as_of, open_deals, new, running, has_run=run is not None
    )


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
    own = [row for row in ground.sold if _is_of(row.product, row.region, product, region, ground.places)]
    sizes = ground.sizes.get((product.pk, region.pk), [])
    usable = [size for size in sizes if size.currency == ground.currency]
    estimate = _covering(usable, first, after)
    month = add_months(month_start(ground.as_of), 1)
    back = add_months(month, -12)
    last_size = _size(usable, back, month) or (_yearly(usable[0]) if usable else None)
    last = _sum(own, back, month)
    return ShareLine(
        product=product,
        region=region,
        quarter=quarter,
        target=target,
        estimate=estimate,
        size=_size(usable, first, after),
        sales=_sum(own, first, after),
        unknown=sum(row.unknown for row in own if first <= row.month < after),
        last_year=float(last / last_size) if last_size else None,
        forecast=_forecast(own, product, region, ground, begin=begin, end=end, first=first, after=after),
        years=tuple(_years(own, usable, year.first_date, version)),
        quarters=tuple(_quarters(own, usable, year.first_date, ground.as_of, year.year)),
        other_currency=bool(sizes) and not usable,
    )


def _is_of(product: int | None, region: int | None, line: ProductLine, place: Region, places: Trees) -> bool:
    """Is it of the product line and of the region, or of one below them? What names none belongs to none."""
    return (
        product is not None
        and region is not None
        and is_within(product, line.pk, places.products)
        and is_within(region, place.pk, places.regions)
    )


def _sum(rows: Iterable[Sold], first: date, after: date) -> Decimal:
    return sum((row.amount for row in rows if first <= row.month < after), Decimal(0))


def _covering(sizes: Sequence[MarketSize], first: date, after: date) -> MarketSize | None:
    """The estimate of the shortest period that holds these days, of equally long ones the newest."""
    holding = [size for size in sizes if size.first_date <= first and after <= size.after_date]
    return min(holding, key=lambda size: (size.days, -size.estimated_date.toordinal(), -size.pk), default=None)


def _size(sizes: Sequence[MarketSize], first: date, after: date) -> Decimal | None:
    """The size of a period: its part of the estimate that holds it, else the sum of estimates that fill it; None = unknown."""
    found = _covering(sizes, first, after)
    if found is not None:
        return found.share_of(first, after).quantize(CENT)
    inside = [size for size in sizes if first <= size.first_date and size.after_date <= after]
    inside.sort(key=lambda size: size.first_date)
    at, total = first, Decimal(0)
    for size in inside:
        if size.first_date == at:
            at, total = size.after_date, total + size.size
    return total if at == after else None


def _yearly(size: MarketSize) -> Decimal:
    return (size.size * 365 / size.days).quantize(CENT)


def _years(own: Sequence[Sold], sizes: Sequence[MarketSize], first: date, version: PlanVersion) -> Iterable[TrendPoint]:
    for back in range(TREND_YEARS, 0, -1):
        begin, end = add_months(first, -12 * back), add_months(first, -12 * (back - 1))
        label = f"FY{version.plan.fiscal_year.year - back}"
        yield TrendPoint(label, _sum(own, begin, end), _size(sizes, begin, end))


def _quarters(
    own: Sequence[Sold], sizes: Sequence[MarketSize], first: date, as_of: date, year: int
) -> Iterable[TrendPoint]:
    """The last quarters that are over."""
    begun = (as_of.year - first.year) * 12 + as_of.month - first.month
    now = begun // 3
    for quarter in range(now - TREND_QUARTERS, now):
        begin, end = add_months(first, 3 * quarter), add_months(first, 3 * quarter + 3)
        yield TrendPoint(f"FY{year + quarter // 4} Q{quarter % 4 + 1}", _sum(own, begin, end), _size(sizes, begin, end))


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
    Won so far, the open deals of this product line and region by their chances, and its part of deals not yet created.

    That part is its share of the company's sales of the last twelve months.
    """
    if not ground.has_run or ground.running is None:
        return None
    start = max(begin, ground.running)
    expected = Decimal(0)
    for line, place, chances, amount in ground.open:
        if start < end and _is_of(line, place, product, region, ground.places):
            chance = _by(chances, end - ground.running) - _by(chances, start - ground.running)
            expected += amount * Decimal(repr(max(chance, 0.0)))
    month = add_months(month_start(ground.as_of), 1)
    everything = _sum(ground.sold, add_months(month, -12), month)
    part = _sum(own, add_months(month, -12), month) / everything if everything else Decimal(0)
    new = sum((ground.new.get(at, Decimal(0)) for at in range(start, end)), Decimal(0))
    return (_sum(own, first, after) + expected + new * part).quantize(CENT)


def _by(chances: Sequence[float], months: int) -> float:
    """The chance to be won by the end of so many coming months, the running one included."""
    if months <= 0 or not chances:
        return 0.0
    return chances[min(months, len(chances)) - 1]
