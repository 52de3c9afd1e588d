"""What the last night expects of a product line in a region: its parts add up to what that night expects of the company."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from customers.models import ProductLine, Region, Stage
from planning.models import DealForecast, NodeForecast, Plan
from teams.models import OrgUnit

from .calendars import fiscal_months
from .forecasts import MONTH_PERIODS, shown_run
from .scopes import Trees, is_within

Market = tuple[int | None, int | None]  # product line and region of a deal


@dataclass(frozen=True)
class Ahead:
    """
    The rest of a plan's year as one night saw it.

    :param running: the fiscal month of the night, 0 to 11; months before it are over
    :param open: of each market, the revenue that its open deals bring in each fiscal month
    :param new: of each fiscal month, the company's revenue of deals that did not exist that night
    """

    running: int
    open: Mapping[Market, Sequence[float]]
    new: Sequence[float]

    def expected(
        self, product: ProductLine, region: Region, places: Trees, *, begin: int, end: int, part: float
    ) -> Decimal:
        """
        Return what a product line and all below it are to bring in a region and all below it in the fiscal months [begin, end).

        :param part: its share of the company's sales of late, by which it takes part in deals that do not exist yet
        """
        start = max(begin, self.running)
        of = (months for at, months in self.open.items() if is_of(at, product, region, places))
        expected = sum(sum(months[start:end]) for months in of) + part * sum(self.new[start:end])
        return Decimal(repr(round(expected, 2)))


def ahead(plan: Plan) -> Ahead | None:
    """
    Return the rest of a plan's year by the night that is shown; None before the first one. Three queries.

    Of each month, the open deals share what the night expects of the company's open pipeline, in proportion to amount ×
    chance to be won in that month: so what replays of past days corrected is corrected here too. Deals that were closed
    since are left out: what they brought is among the sales.
    """
    run = shown_run(plan)
    if run is None:
        return None
    running = sum(month <= run.business_date for month in fiscal_months(plan.fiscal_year)) - 1
    company = NodeForecast.objects.filter(run=run, unit__kind=OrgUnit.Kind.COMPANY, period__in=MONTH_PERIODS)
    told = {period: (float(opened), float(new)) for period, opened, new in company.values_list("period", "open", "new")}
    of_company, new = zip(*(told.get(period, (0.0, 0.0)) for period in MONTH_PERIODS), strict=True)
    raw: dict[Market, list[float]] = defaultdict(lambda: [0.0] * len(MONTH_PERIODS))
    whole = [0.0] * len(MONTH_PERIODS)
    rows = DealForecast.objects.filter(run=run)
    columns = ("deal__product", "deal__region", "deal__stage__kind", "amount", "p_by_month")
    for product, region, kind, amount, chances in rows.values_list(*columns).iterator():
        months, before = raw[product, region], 0.0
        for month, chance in enumerate(chances):
            brings, before = float(amount) * max(chance - before, 0.0), chance
            whole[month] += brings
            if kind == Stage.Kind.OPEN:
                months[month] += brings
    scale = [company / all_of_it if all_of_it else 0.0 for company, all_of_it in zip(of_company, whole, strict=True)]
    opened = {at: [amount * by for amount, by in zip(months, scale, strict=True)] for at, months in raw.items()}
    return Ahead(max(running, 0), opened, new)


def is_of(market: Market, line: ProductLine, place: Region, places: Trees) -> bool:
    """Is it of the product line and of the region, or of one below them? What names none belongs to none."""
    product, region = market
    return (
        product is not None
        and region is not None
        and is_within(product, line.pk, places.products)
        and is_within(region, place.pk, places.regions)
    )
