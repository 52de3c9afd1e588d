"""How one person's quarter is going."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.periods import month_start
from planning.models import IN_FORCE, Plan, Target
from teams.models import User

from .actuals import NOTHING, Won, actuals
from .calendars import WorkCalendar, fiscal_months
from .targets import months_of, target_to_date


@dataclass(frozen=True)
class Pace:
    """
    A person's quarter: won so far against the target of the quarter and the part of it that is due by now.

    :param last: the quarter's last day
    :param year: the row of the whole year, with its stretch and challenge
    :param target: None where the person has no target in the active version
    """

    plan: Plan
    quarter: int
    last: date
    won: Won
    target: Decimal | None
    to_date: Decimal | None
    year: Target | None = None

    @property
    def attainment(self) -> float | None:
        """Won so far ÷ due so far; None where nothing was due yet."""
        return float(self.won.revenue / self.to_date) if self.to_date else None

    @property
    def share(self) -> float | None:
        """Won so far ÷ target of the quarter."""
        return float(self.won.revenue / self.target) if self.target else None

    @property
    def remaining(self) -> Decimal | None:
        """What is still missing to the quarter's target; zero once it is reached."""
        return max(self.target - self.won.revenue, Decimal("0.00")) if self.target is not None else None


def quarter_pace(*, plan: Plan, person: User, user: User, as_of: date) -> Pace | None:
    """
    Return how a person's quarter is going in the eyes of a user who may see that person; None outside the plan's year.

    A target that the user may not see is no target here.
    """
    months = fiscal_months(plan.fiscal_year)
    if not plan.fiscal_year.first_date <= as_of < plan.fiscal_year.after_date:
        return None
    if not User.objects.visible_to(user).filter(pk=person.pk).exists():
        return None
    quarter = months.index(month_start(as_of)) // 3 + 1
    first = months[3 * quarter - 3]
    after = plan.fiscal_year.after_date if quarter == 4 else months[3 * quarter]
    rows = actuals(first=first, after=as_of + timedelta(days=1), time_zone=plan.time_zone, owner=person.pk)
    targets = Target.objects.visible_to(user).plain().filter(person=person)
    target = targets.filter(version__plan=plan, version__status__in=IN_FORCE).first()
    share = WorkCalendar().share_gone(month_start(as_of), as_of)
    due = None
    if target is not None:
        within = slice(3 * quarter - 3, 3 * quarter)
        due = target_to_date(months_of(target)[within], months[within], as_of, share)
    return Pace(
        plan=plan,
        quarter=quarter,
        last=after - timedelta(days=1),
        won=sum((row.won for row in rows), NOTHING),
        target=(target.q1, target.q2, target.q3, target.q4)[quarter - 1] if target else None,
        to_date=due,
        year=target,
    )
