"""The demo company's market: how large it is, the share to reach, the strategy that serves it."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from customers import services as customers
from customers.models import Deal, ProductLine, Region
from planning import services as planning
from planning.models import PlanVersion
from teams.models import OrgUnit, User


def tell(people: Mapping[str, User], version: PlanVersion, planner: User, *, last_year: date, now: datetime) -> None:
    """Tell how large the market of the best-selling product line is where it sells best, and set a share to reach."""
    first = version.plan.fiscal_year.first_date
    sold = Deal.objects.won().filter(closed_date__gte=last_year, closed_date__lt=first, region__isnull=False)
    best = sold.values("product", "region").annotate(total=Sum("amount")).order_by("-total").first()
    if best is None or not best["total"]:
        return
    product, region = ProductLine.objects.get(pk=best["product"]), Region.objects.get(pk=best["region"])
    size = round(best["total"] * Decimal("4.2"), -4)
    for begin, growth, source in (
        (last_year, Decimal(1), "Demo: industry yearbook"),
        (first, Decimal("1.06"), "Demo: association's outlook"),
    ):
        customers.record_market_size(
            actor=planner,
            now=now,
            product=product,
            region=region,
            first_date=begin,
            last_date=begin.replace(month=12, day=31),
            size=round(size * growth, -4),
            currency="CNY",
            source=source,
            estimated_date=begin,
        )
    planning.set_share_target(
        version=version,
        product=product,
        region=region,
        quarter=0,
        share=0.30,
        lock_version=0,
        actor=planner,
        now=now,
    )
    strategy = customers.add_strategy(
        actor=planner, name="Win the core region with the flagship", owner=people["Supervisor East"]
    )
    planning.link_target(
        target=version.targets.get(unit__kind=OrgUnit.Kind.COMPANY),
        actor=planner,
        strategies=[strategy],
        carriers=[(people["Supervisor East"], "Leads the region")],
    )
