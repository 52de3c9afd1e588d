"""The published forecast as pages and the API read it: for whom, how it rolls up, month by month, and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from core.models import JobRun
from planning.models import JOB, ForecastEvidence, NodeForecast, Plan
from teams.models import Management, Membership, OrgUnit, User

from .calendars import fiscal_months

MONTH_PERIODS = tuple(f"M{month:02}" for month in range(1, 13))
QUARTER_PERIODS = ("Q1", "Q2", "Q3", "Q4")
CUMULATIVE_PERIODS = (*(f"C{month:02}" for month in range(1, 12)), "FY")
YEAR = "FY"
QUANTILES = {"p025": 0.025, "p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90, "p975": 0.975}  # of a row
LINES_SHOWN = 30  # of a roll-up, before somebody asks for all of them


@dataclass(frozen=True)
class Node:
    """Whose figures a page shows: a unit or a person."""

    unit: OrgUnit | None = None
    person: User | None = None

    @property
    def name(self) -> str:
        return str(self.unit or self.person)

    @property
    def query(self) -> str:
        """The node as a page's parameter: `unit=7` or `person=12`."""
        return f"unit={self.unit.pk}" if self.unit else f"person={self.person.pk}" if self.person else ""

    def rows(self, run: JobRun) -> QuerySet[NodeForecast]:
        return NodeForecast.objects.filter(run=run, unit=self.unit, person=self.person)


@dataclass(frozen=True)
class Line:
    """
    One row of the roll-up: a node one level below the one shown, or the node itself; its figures of the period asked.

    :param run_rate: shown in place of a forecast that has not shown skill (`queries.instead`); None where it is shown
    """

    node: Node
    year: NodeForecast
    level: int
    leads_on: bool
    run_rate: Decimal | None = None


def home_node(user: User) -> Node:
    """Return the top of what a person sees: the company, the unit they manage, or themselves."""
    if user.sees_everything:
        company = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).first()
        return Node(unit=company) if company else Node(person=user)
    managed = Management.objects.current().filter(user=user).select_related("unit").order_by("unit__kind", "pk").first()
    return Node(unit=managed.unit) if managed else Node(person=user)


def visible_node(user: User, *, unit: int | None = None, person: int | None = None) -> Node | None:
    """Return the asked node if the user may see its figures, their own top if none is asked, None for a stranger."""
    if person is not None:
        found = User.objects.visible_to(user).filter(pk=person).first()
        return Node(person=found) if found else None
    if unit is not None:
        seen = OrgUnit.objects.visible_to(user).filter(pk=unit).first()
        return Node(unit=seen) if seen else None
    return home_node(user)


def path_to(user: User, node: Node) -> list[Node]:
    """Return the visible units above a node, top first: the way back up."""
    if node.unit is not None:
        at = node.unit.parent_id
    else:
        held = Membership.objects.current().filter(user=node.person).first()
        at = held.unit_id if held else None
    seen = {unit.pk: unit for unit in OrgUnit.objects.visible_to(user)}
    path: list[Node] = []
    while at is not None and at in seen:
        path.insert(0, Node(unit=seen[at]))
        at = seen[at].parent_id
    return path


def shown_run(plan: Plan) -> JobRun | None:
    """Return the published run that readers see."""
    evidence = ForecastEvidence.objects.current(plan).select_related("run").first()
    return evidence.run if evidence else None


def evidence_of(run: JobRun) -> ForecastEvidence:
    return ForecastEvidence.objects.get(run=run)


def earlier_run(plan: Plan, *, than: JobRun, days: int) -> JobRun | None:
    """Return the last published night at least so many days before another; else the first one that is kept."""
    runs = JobRun.objects.filter(
        job=JOB, scope=str(plan.pk), state=JobRun.State.PUBLISHED, business_date__lt=than.business_date
    )
    before = runs.filter(business_date__lte=than.business_date - timedelta(days=days))
    newest = before.order_by("-business_date", "-revision").first()
    return newest or runs.order_by("business_date", "-revision").first()


def by_period(run: JobRun, node: Node) -> dict[str, NodeForecast]:
    """Return a node's rows by period; empty where the run does not know the node."""
    return {row.period: row for row in node.rows(run)}


def roll_up(run: JobRun, user: User, node: Node, *, period: str = YEAR) -> list[Line]:
    """
    Return a period of a node and of the units and people directly below it, as far as the user sees them; people who neither
    carry a target nor sell (a manager, mostly) are left out.

    Five queries, whatever the number of rows.
    """
    rows = NodeForecast.objects.filter(run=run, period=period).visible_to(user).select_related("unit", "person")
    own = rows.filter(unit=node.unit, person=node.person).first()
    if own is None:
        return []
    lines = [Line(node, own, 0, leads_on=False)]
    if node.unit is None:
        return lines
    units = list(rows.filter(unit__parent=node.unit).order_by("unit__position", "unit__name", "unit"))
    members = Membership.objects.on(run.business_date).filter(unit=node.unit).values("user")
    people = rows.filter(person__in=members).order_by("person__name", "person")
    lines += [Line(Node(unit=row.unit), row, 1, leads_on=True) for row in units]
    lines += [Line(Node(person=row.person), row, 1, leads_on=True) for row in people if row.target or row.expected]
    return lines


def largest(lines: Sequence[Line], *, most: int = LINES_SHOWN) -> list[Line]:
    """Return the lines of a roll-up, of very many only those with the largest target or expectation, in their order."""
    if len(lines) <= most:
        return list(lines)
    by_size = sorted(
        lines, key=lambda line: (line.level, not line.node.unit, -max(line.year.target or 0, line.year.expected))
    )
    kept = {line.node for line in by_size[:most]}
    return [line for line in lines if line.node in kept]


@dataclass(frozen=True)
class Month:
    """A month of the year: booked, open and not yet created, with what it may come to, against its target."""

    first: date
    row: NodeForecast
    is_over: bool


def months_of(rows: dict[str, NodeForecast], *, as_of: date) -> list[Month]:
    """Return the twelve months in order; a month is over when the next one has begun."""
    months = [rows[period] for period in MONTH_PERIODS if period in rows]
    nexts = [*(row.first_date for row in months[1:]), date.max]
    return [Month(row.first_date, row, is_over=after <= as_of) for row, after in zip(months, nexts, strict=True)]


@dataclass(frozen=True)
class FanPoint:
    """The year so far at a month's end: target, what came, what may come (quantiles of the sum)."""

    month: date
    target: Decimal | None
    booked: Decimal
    row: NodeForecast
    is_over: bool


def fan(rows: dict[str, NodeForecast], *, as_of: date) -> list[FanPoint]:
    """Return the cumulative year, month by month."""
    months = months_of(rows, as_of=as_of)
    sums = [rows[period] for period in CUMULATIVE_PERIODS if period in rows]
    return [
        FanPoint(month.first, row.target, row.booked, row, month.is_over)
        for month, row in zip(months, sums, strict=True)
    ]


def running_month(run: JobRun, plan: Plan) -> int | None:
    """Return the fiscal month that a night lies in, 0 to 11; None before the year."""
    begun = sum(month <= run.business_date for month in fiscal_months(plan.fiscal_year))
    return begun - 1 if begun else None


def is_stale(run: JobRun, *, now: datetime, hours: int = 26) -> bool:
    """Say whether the last night failed to come: the figures are older than a day and a bit."""
    return run.finished_at is None or (now - run.finished_at).total_seconds() > hours * 3600


def attain_lines(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that have a target and a forecast worth showing, the least likely first: where to look."""
    with_target = [line for line in lines if line.level and line.year.p_attain is not None and line.run_rate is None]
    return sorted(with_target, key=lambda line: (line.year.p_attain or 0.0, line.node.name))
