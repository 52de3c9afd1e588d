"""
What the demo company reckons with: who is there how much, who is to be hired, who shares a deal, what people commit to, and
the scenarios beside the plan. Nothing here is drawn by lot: the same history gives the same.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from core.periods import add_months, month_start
from customers import services as customers
from customers.models import Deal
from planning import services as planning
from planning.models import PlanVersion
from teams import services as teams
from teams.models import OrgUnit, User

COMPANY = "Demo company"
RAMP = [0.05, 0.10, 0.20, 0.35, 0.50, 0.70, 0.85, 1.0]  # a newcomer's first deals take months to go through the stages
HELD = {  # how far a rep's commitment is from the target; who is not named says nothing yet
    "Rep East A": Decimal("0.95"),
    "Rep East B": Decimal("1.00"),
    "Rep East C": Decimal("1.05"),
    "Rep South A": Decimal("0.90"),
    "Rep South B": Decimal("1.00"),
    "Rep North A": Decimal("1.00"),
}


def tell_capacity(people: Mapping[str, User], units: Mapping[str, OrgUnit], admin: User, *, today: date) -> None:
    """Tell how people ramp up and leave, who works part time or is on leave, and who is to be hired."""
    month = month_start(today)
    teams.set_capacity_rule(
        actor=admin,
        unit=units[COMPANY],
        version=0,
        ramp=RAMP,
        attrition=0.12,
        survival=0.9,
        recruiting_months=2,
        note="Demo: the hires of three years",
    )
    for name, first, last, share in (
        ("Rep South B", month.replace(month=1), None, 0.8),
        ("Rep East C", add_months(month, 1), add_months(month, 2), 0.5),
    ):
        teams.set_presence(actor=admin, person=people[name], first_month=first, last_month=last, share=share)
    for unit, ahead, name in (
        ("South · Mid-market", 1, "Demo: in place of the rep who left"),
        ("East · Mid-market", 2, "Demo: second territory"),
    ):
        teams.plan_hires(actor=admin, unit=units[unit], start_month=add_months(month, ahead), count=1, name=name)


def share_deals(people: Mapping[str, User], *, first: date, now: datetime) -> None:
    """Let a few of the year's largest wins be shared: within a team, between two regions, and with somebody on top."""
    director = people["Sales director"]
    for owner, parts in (
        ("Rep East A", (("Rep East A", 7000, False), ("Rep East B", 3000, False))),
        ("Rep South A", (("Rep South A", 6000, False), ("Rep East E", 4000, False))),
        ("Rep North A", (("Rep North A", 10_000, False), ("Lead North Enterprise", 2000, True))),
    ):
        won = Deal.objects.won().filter(owner=people[owner], closed_date__gte=first, amount__isnull=False)
        deal = won.order_by("-amount", "pk").first()
        if deal is not None:
            customers.share_credit(
                deal=deal,
                version=deal.version,
                actor=director,
                now=now,
                parts=[customers.Part(people[name], points, on_top) for name, points, on_top in parts],
                reason="Demo: worked on it together",
            )


def talk(
    people: Mapping[str, User], units: Mapping[str, OrgUnit], version: PlanVersion, planner: User, *, at: datetime
) -> None:
    """Let reps say what they stand for: one is countered, one accepted, and a lead speaks for a team."""
    planning.set_talk(version=version, talk=PlanVersion.Talk.SHOWN, actor=planner)
    rows = version.targets.filter(person__isnull=False).select_related("person")
    target = {row.person.name: row for row in rows if row.person}
    for name, share in HELD.items():
        amount = round(target[name].total * share, -4)
        planning.commit_amount(
            version=version, amount=amount, actor=people[name], at=at, note="Demo: what I can see", person=people[name]
        )
    south, north = people["Lead South Enterprise"], people["Lead North Enterprise"]
    planning.counter_commitment(
        version=version,
        amount=round(target["Rep South A"].total * Decimal("0.97"), -4),
        note="Demo: the new customer closes this year",
        actor=south,
        at=at,
        person=people["Rep South A"],
    )
    said = version.commitments.filter(person=people["Rep North A"]).latest("pk")
    planning.accept_commitment(
        version=version,
        seen=said.pk,
        actor=north,
        at=at,
        lock_version=target["Rep North A"].lock_version,
        person=people["Rep North A"],
    )
    team = version.targets.get(unit=units["East · Enterprise"])
    lead = people["Lead East Enterprise"]
    planning.commit_amount(
        version=version, amount=team.total, actor=lead, at=at, note="Demo: the team carries it", unit=team.unit
    )


def ask_for_levels(version: PlanVersion, units: Mapping[str, OrgUnit], planner: User, *, at: datetime) -> None:
    """Ask the company and one region for more than the target, and say how much their markets could bring."""
    for name in (COMPANY, "East China"):
        row = version.targets.plain().get(unit=units[name])
        levels = planning.Levels(*(round(row.total * share, -4) for share in (Decimal("1.06"), Decimal("1.12"))))
        planning.set_levels(version=version, levels=levels, actor=planner, lock_version=row.lock_version, unit=row.unit)
    regions = (("East China", 48), ("South China", 30), ("North China", 36))
    rows: list[tuple[OrgUnit | None, User | None, Decimal]] = [
        (units[name], None, Decimal(millions * 1_000_000)) for name, millions in regions
    ]
    planning.import_potentials(plan=version.plan, rows=rows, actor=planner, at=at)


def keep_scenarios(version: PlanVersion, units: Mapping[str, OrgUnit], planner: User, *, today: date) -> None:
    """Keep three scenarios beside the plan in force."""
    planning.keep_scenario(version=version, actor=planner, name="Demo: better quotes", win_rate=1.1)
    planning.keep_scenario(
        version=version, actor=planner, name="Demo: fewer leads, higher price", leads=0.9, price=1.03
    )
    planning.keep_scenario(
        version=version,
        actor=planner,
        name="Demo: two more in the south",
        hires=2,
        hires_unit=units["South China"],
        hires_month=add_months(month_start(today), 1),
    )
