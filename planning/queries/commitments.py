"""What owners commit to, before a version counts: one's own rows, with what one needs to judge them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from core.periods import add_months
from customers.models import Deal
from planning.models import Commitment, NodeForecast, PlanVersion, Target
from planning.models.plans import IN_THE_WORKS
from teams.models import Capability, Management, Membership, OrgUnit, User

from .actuals import actuals, by_person, by_unit, sum_of, unit_parents
from .forecasts import YEAR, Node, shown_run


def open_versions(user: User) -> QuerySet[PlanVersion]:
    """Return the versions that take commitments now, the newest year first: everybody's to answer, whoever sees the draft."""
    versions = PlanVersion.objects.filter(status__in=IN_THE_WORKS).exclude(talk=PlanVersion.Talk.CLOSED)
    versions = versions.select_related("plan__fiscal_year").order_by("-plan__fiscal_year__year", "-number")
    return versions if user.is_active else versions.none()


@dataclass(frozen=True)
class OwnRow:
    """
    A row whose owner one is: oneself, or a unit that one manages.

    :param last_year: won in the twelve months before the plan's year
    :param pipeline: open now; `deals` of them, `unknown` without an amount
    :param forecast: of the plan's year, as the last night saw it
    :param target: the draft's; None where there is none, or it is not shown
    :param below: sum of what those directly below committed; `told` of `of` have
    """

    node: Node
    last_year: Decimal
    pipeline: Decimal
    deals: int
    unknown: int
    forecast: NodeForecast | None
    target: Target | None
    talk: Sequence[Commitment]
    below: Decimal
    told: int
    of: int

    @property
    def mine(self) -> Commitment | None:
        """What the owner committed last."""
        return next((said for said in self.talk if said.act == Commitment.Act.COMMIT), None)

    @property
    def answer(self) -> Commitment | None:
        """The last word from above, where it is the last one."""
        return self.talk[0] if self.talk and self.talk[0].act != Commitment.Act.COMMIT else None


def own_rows(*, version: PlanVersion, user: User, as_of: date) -> list[OwnRow]:
    """Return the rows that a person may commit to: their own, where they sell or have a target, then their units."""
    year = version.plan.fiscal_year
    units = list(OrgUnit.objects.filter(pk__in=Management.objects.current().filter(user=user).values("unit")))
    targets = Target.objects.plain().visible_to(user).filter(version=version)
    own = targets.filter(Q(person=user) | Q(unit__in=units))
    of_unit = {target.unit_id: target for target in own if target.unit_id}
    mine = next((target for target in own if target.person_id), None)
    rows = actuals(first=add_months(year.first_date, -12), after=year.first_date, time_zone=version.plan.time_zone)
    parents = unit_parents()
    won_by_unit, won_by_person = by_unit(rows, parents), by_person(rows)
    run = shown_run(version.plan)
    nights = (
        list(NodeForecast.objects.filter(run=run, period=YEAR).filter(Q(person=user) | Q(unit__in=units)))
        if run
        else []
    )
    said: dict[tuple[int | None, int | None], list[Commitment]] = {}
    about = Commitment.objects.filter(version=version).filter(Q(person=user) | Q(unit__in=units))
    for word in about.select_related("said_by"):
        said.setdefault((word.unit_id, word.person_id), []).append(word)
    pipeline = _Pipeline()
    found = []
    if mine or Capability.REP in user.capabilities or not units:
        found.append(
            OwnRow(
                node=Node(person=user),
                last_year=sum_of(won_by_person.get(user.pk, {})).revenue,
                **pipeline([user.pk]),
                forecast=next((row for row in nights if row.person_id == user.pk), None),
                target=mine,
                talk=said.get((None, user.pk), []),
                below=Decimal("0.00"),
                told=0,
                of=0,
            )
        )
    members = list(Membership.objects.on(as_of).values_list("user", "unit", "user__capabilities"))
    newest = {
        (word.unit_id, word.person_id): word.amount
        for word in Commitment.objects.filter(version=version).newest_of_owner()
    }
    for unit in units:
        within = _subtree(unit.pk, parents)
        children = [(child, None) for child, parent in parents.items() if parent == unit.pk]
        sellers = [
            (None, key) for key, at, may in members if at == unit.pk and Capability.REP in may and key != user.pk
        ]
        told = [newest[key] for key in [*children, *sellers] if key in newest]
        found.append(
            OwnRow(
                node=Node(unit=unit),
                last_year=sum_of(won_by_unit.get(unit.pk, {})).revenue,
                **pipeline([key for key, at, _may in members if at in within]),
                forecast=next((row for row in nights if row.unit_id == unit.pk), None),
                target=of_unit.get(unit.pk),
                talk=said.get((unit.pk, None), []),
                below=sum(told, Decimal("0.00")),
                told=len(told),
                of=len(children) + len(sellers),
            )
        )
    return found


class _Pipeline:
    """The open deals of everybody, by owner: read once, asked for each row."""

    def __init__(self) -> None:
        deals = Deal.objects.open().order_by().values_list("owner")
        counted = deals.annotate(Sum("amount"), Count("pk"), Count("amount"))
        self._of = {owner: (amount or Decimal(0), deals, known) for owner, amount, deals, known in counted}

    def __call__(self, owners: Iterable[int]) -> dict[str, Any]:
        found = [self._of[owner] for owner in owners if owner in self._of]
        deals = sum(deals for _amount, deals, _known in found)
        return {
            "pipeline": sum((amount for amount, _deals, _known in found), Decimal("0.00")),
            "deals": deals,
            "unknown": deals - sum(known for _amount, _deals, known in found),
        }


def _subtree(unit: int, parents: dict[int, int | None]) -> set[int]:
    found = {unit}
    fresh = [unit]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found.update(fresh)
    return found
