"""Will a target be reached, and why: chance, shortfall, pace, coverage, and a unit's chance against its members'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import prod

from django.db.models import Count, Q, Sum

from core.models import JobRun
from core.periods import month_start
from planning.models import DealForecast, NodeForecast, Plan
from teams.models import Membership, OrgUnit, User

from .calendars import WorkCalendar, fiscal_months
from .coverage import Coverage
from .forecasts import MONTH_PERIODS, Node
from .movement import people_of
from .snapshot import PERIODS, SPANS
from .targets import target_to_date
from .track_record import has_skill


@dataclass(frozen=True)
class Member:
    """A unit or person directly below, with a target of its own."""

    node: Node
    row: NodeForecast


@dataclass(frozen=True)
class Attainment:
    """
    A node's target of a period, as the last night saw it.

    :param due: what of the target was due by the night: whole months that are over and the share of the running month's
        working days; None where a month has no target
    :param open_amount: sum of the amounts of the open deals; `open_unknown` of the `open_deals` have none
    :param members: those directly below with a target; the reader sees each of them
    :param hidden: how many of them have a forecast that is not shown, for want of skill: then their chances are not compared
    """

    row: NodeForecast
    target: Decimal
    due: Decimal | None
    due_share: float
    open_amount: Decimal
    open_deals: int
    open_unknown: int
    coverage: Coverage
    members: tuple[Member, ...]
    hidden: int = 0

    @property
    def pace(self) -> float | None:
        """Booked ÷ due by now; None where nothing was due yet."""
        return float(self.row.booked / self.due) if self.due else None

    @property
    def remaining(self) -> Decimal:
        return max(self.target - self.row.booked, Decimal(0))

    @property
    def cover(self) -> float | None:
        """Open pipeline ÷ what is still missing; None with nothing missing."""
        return float(self.open_amount / self.remaining) if self.remaining else None

    @property
    def chances(self) -> list[float]:
        return [member.row.p_attain for member in self.members if member.row.p_attain is not None]

    @property
    def all_together(self) -> float:
        """The chance that every member reaches the own target, if each had luck of their own."""
        return prod(self.chances)

    @property
    def members_target(self) -> Decimal:
        return sum((member.row.target or Decimal(0) for member in self.members), Decimal(0))

    @property
    def over_assigned(self) -> Decimal:
        """The members' targets less the unit's: what missing it may cost without the unit missing its own."""
        return self.members_target - self.target

    @property
    def unassigned(self) -> Decimal:
        """What of the unit's target no member carries."""
        return max(-self.over_assigned, Decimal(0))

    @property
    def members_median(self) -> Decimal:
        return sum((member.row.p50 for member in self.members), Decimal(0))

    @property
    def members_width(self) -> Decimal:
        """The members' 80 % ranges, laid end to end."""
        return sum((member.row.p90 - member.row.p10 for member in self.members), Decimal(0))

    @property
    def width(self) -> Decimal:
        return self.row.p90 - self.row.p10


def attainment(*, plan: Plan, run: JobRun, node: Node, user: User, period: str) -> Attainment | None:
    """
    Return how a node's target of a period stands; None without a target, or where the night does not know the node.

    Eleven queries, whatever the number of deals and members.
    """
    rows = {row.period: row for row in node.rows(run)}
    row = rows.get(period)
    if row is None or row.target is None:
        return None
    start, stop = SPANS[PERIODS.index(period)].tolist()
    yesterday = run.business_date - timedelta(days=1)  # the night knows the days before it
    months = fiscal_months(plan.fiscal_year)[start:stop]
    targets = [rows[name].target for name in MONTH_PERIODS[start:stop]]
    known = [target for target in targets if target is not None]
    due = (
        target_to_date(known, months, yesterday, _share_gone(months, yesterday)) if len(known) == len(months) else None
    )
    amount, deals, known_amounts = _open_then(run, node)
    members = tuple(_members(run, node, user, period))
    return Attainment(
        row=row,
        target=row.target,
        due=due,
        due_share=float(due / row.target) if due is not None and row.target else 0.0,
        open_amount=amount,
        open_deals=deals,
        open_unknown=deals - known_amounts,
        coverage=Coverage.of(row),
        members=members,
        hidden=sum(verdict.hides for verdict in has_skill([member.node for member in members]).values()),
    )


def _share_gone(months: Sequence[date], day: date) -> float:
    return WorkCalendar().share_gone(month_start(day), day) if months[0] <= day else 0.0


def _open_then(run: JobRun, node: Node) -> tuple[Decimal, int, int]:
    """The open pipeline of a node as the night saw it: sum of the amounts, how many deals, how many of them with one."""
    deals = DealForecast.objects.filter(run=run)
    if node.unit is None or node.unit.kind != OrgUnit.Kind.COMPANY:
        deals = deals.filter(owner__in=people_of(node, run.business_date))
    found = deals.aggregate(total=Sum("recorded_amount"), deals=Count("pk"), known=Count("recorded_amount"))
    return found["total"] or Decimal(0), found["deals"], found["known"]


def _members(run: JobRun, node: Node, user: User, period: str) -> list[Member]:
    if node.unit is None:
        return []
    rows = NodeForecast.objects.filter(run=run, period=period, p_attain__isnull=False).visible_to(user)
    people = Membership.objects.on(run.business_date).filter(unit=node.unit).values("user")
    below = rows.filter(Q(unit__parent=node.unit) | Q(person__in=people)).select_related("unit", "person")
    found = [Member(Node(unit=row.unit, person=row.person), row) for row in below]
    return sorted(found, key=lambda member: (member.row.p_attain or 0.0, member.node.name))
