"""How the year is going: the figures at the head of the overview."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from core.models import JobRun
from customers.models import Deal
from customers.models.deals import DealQuerySet
from planning.models import NodeForecast, Plan
from teams.models import Membership, OrgUnit, User

from .calendars import WorkCalendar, fiscal_months
from .coverage import Coverage
from .forecasts import MONTH_PERIODS, QUARTER_PERIODS, YEAR, Node
from .targets import target_to_date


@dataclass(frozen=True)
class Headline:
    """
    The year of one node as of the last night.

    :param due: target to date: the months that are over and the share of the running month's working days; None = no target
    :param open_amount: sum of the amounts of the open deals; `open_unknown` of the `open_deals` have none
    """

    year: NodeForecast
    quarter: NodeForecast | None
    due: Decimal | None
    open_amount: Decimal
    open_deals: int
    open_unknown: int

    @property
    def attainment(self) -> float | None:
        """Booked ÷ target to date; None where nothing was due yet."""
        return float(self.year.booked / self.due) if self.due else None

    @property
    def remaining(self) -> Decimal | None:
        """What is still missing to the year's target; zero once it is reached."""
        return max(self.year.target - self.year.booked, Decimal(0)) if self.year.target is not None else None

    @property
    def cover(self) -> float | None:
        """Open pipeline ÷ what is still missing; None without a target or with nothing missing."""
        return float(self.open_amount / self.remaining) if self.remaining else None

    @property
    def cover_needed(self) -> float | None:
        """
        The cover this team needs: as its own past years with as many days to go needed (`coverage`); while there are too few
        of them, 1 ÷ the share of this pipeline that is expected to be won within the year, less what deals not yet created
        will bring. Not the rule of three.
        """
        measured = Coverage.of(self.year)
        if measured.is_enough:
            return measured.needed
        if not self.remaining or not self.open_amount or not self.year.open:
            return None
        from_open = max(self.remaining - self.year.new, Decimal(0))
        return float(from_open / self.year.open * self.open_amount / self.remaining)

    @property
    def gap(self) -> float | None:
        """Expected ÷ target - 1; None without a target."""
        return float(self.year.expected / self.year.target - 1) if self.year.target else None

    @property
    def year_share(self) -> float | None:
        """Booked in per cent of the year's target."""
        return float(100 * self.year.booked / self.year.target) if self.year.target else None

    @property
    def chance_share(self) -> float | None:
        """P(attain) in per cent."""
        return None if self.year.p_attain is None else 100 * self.year.p_attain

    @property
    def attainment_kind(self) -> str:
        return "ahead" if (self.attainment or 0) >= 1 else "behind"

    @property
    def gap_kind(self) -> str:
        return "ahead" if (self.gap or 0) >= 0 else "behind"


def headline(*, plan: Plan, run: JobRun, node: Node) -> Headline | None:
    """Return the headline of a node; None where the night does not know it."""
    rows = {row.period: row for row in node.rows(run)}
    if YEAR not in rows:
        return None
    as_of = run.business_date
    months = fiscal_months(plan.fiscal_year)
    running = next((place for place in range(11, -1, -1) if months[place] <= as_of), None)
    quarter = rows.get(QUARTER_PERIODS[running // 3]) if running is not None else None
    targets = [rows[period].target for period in MONTH_PERIODS]
    known = [target for target in targets if target is not None]
    yesterday = as_of - timedelta(days=1)  # the night knows the days before it
    due = target_to_date(known, months, yesterday, _share(months, yesterday)) if len(known) == len(months) else None
    pipeline = deals_below(node).open().aggregate(total=Sum("amount"), deals=Count("pk"), known=Count("amount"))
    return Headline(
        year=rows[YEAR],
        quarter=quarter,
        due=due,
        open_amount=pipeline["total"] or Decimal(0),
        open_deals=pipeline["deals"],
        open_unknown=pipeline["deals"] - pipeline["known"],
    )


def deals_below(node: Node) -> DealQuerySet:
    """Return the deals that the people of a node own today."""
    if node.person is not None:
        return Deal.objects.filter(owner=node.person)
    if node.unit is None or node.unit.kind == OrgUnit.Kind.COMPANY:
        return Deal.objects.all()
    below = OrgUnit.objects.descendants(node.unit, include_self=True).values_list("pk", flat=True)
    members = Membership.objects.current().filter(unit__in=list(below)).values("user")
    return Deal.objects.filter(owner__in=User.objects.filter(pk__in=members))


def _share(months: tuple[date, ...], day: date) -> float:
    """The share of the running month's working days that are over at the end of a day."""
    return WorkCalendar().share_gone(day.replace(day=1), day) if months[0] <= day else 0.0
