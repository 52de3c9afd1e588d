"""What the demo company counts beside revenue: tiers of customers, units and cost of deals, and the targets of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from customers.models import ProductLine, Stage, Tier
from planning import services as planning
from planning.models import Metric, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

UNIT_PRICE, DEARER = (
    Decimal(9_000),
    Decimal(4_000),
)  # of the first product line, and by how much each next one costs more


def tier_of(number: int) -> str:
    """Return the tier of a customer: a few matter most, some much, and of one in four nobody has said yet."""
    if number % 20 == 0:
        return Tier.STRATEGIC
    return Tier.KEY if number % 5 == 0 else "" if number % 4 == 1 else Tier.ORDINARY


def sold(number: int, product: int, amount: Decimal | None) -> dict[str, Decimal]:
    """Return the units and cost of a deal; of one in nine nobody has entered them."""
    if not amount or number % 9 == 0:
        return {}
    units = (amount / (UNIT_PRICE + DEARER * product)).quantize(Decimal(1))
    cost = (amount * (58 + number % 7 * 3) / 100).quantize(Decimal("0.01"))
    return {"units": max(Decimal(1), units), "cost": cost}


def ask_for_more(
    *,
    version: PlanVersion,
    planner: User,
    units: Mapping[str, OrgUnit],
    revenue: Mapping[str, Decimal],
    products: Sequence[ProductLine],
    stages: Mapping[str, Stage],
) -> None:
    """
    Set what is asked for beside revenue: wins, margin, new customers, a rate, and revenue of a part of the sales.

    :param revenue: what each unit's people are asked for, by the unit's name
    """
    planning.restore_metrics()  # clearing away an interrupted load empties every table
    accepted = planning.add_metric(
        actor=planner,
        name="Quotes accepted",
        name_zh="报价成交率",
        kind=Metric.Kind.RATE,
        from_stage=stages["Quoted"],
        stage=stages["Won"],
    )
    metric = Metric.objects.in_bulk()

    def share(unit: str, percent: int) -> Decimal:
        return round(revenue[unit] * percent / 100, -4)

    asked: tuple[tuple[str, Scope, Decimal], ...] = (
        ("Demo company", Scope(metric["wins"]), Decimal(348)),
        ("Demo company", Scope(metric["margin"]), share("Demo company", 31)),
        ("Demo company", Scope(product=products[0]), share("Demo company", 38)),
        ("East China", Scope(accepted), Decimal(35)),
        ("East China", Scope(tier=Tier.STRATEGIC), share("East China", 19)),
        ("South China", Scope(metric["new-customers"]), Decimal(24)),
    )
    for name, scope, total in asked:
        planning.split_target(
            version=version,
            unit=units[name],
            scope=scope,
            total=total,
            split=Target.Split.EVEN,
            actor=planner,
            lock_version=0,
        )
