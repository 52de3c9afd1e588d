"""Opening a year: its twelve months, its plan, its first number."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import audit
from core.access import require
from core.errors import Invalid, Problem
from core.periods import FiscalCalendar, add_months, months_apart
from core.templatetags.formats import day
from core.transactions import within_transaction
from planning import policies
from planning.models import FiscalYear, Plan, PlanVersion, Target
from teams.models import Company, OrgUnit, User

from .refusals import CompanyIsMissing, FiscalYearExists, PlanExists, YearsLeaveAGap, YearsOverlap
from .targets import _spread


@transaction.atomic(durable=True)
def open_fiscal_year(*, year: int, actor: User, first_date: date | None = None, leaves_gap: bool = False) -> FiscalYear:
    """
    Open a fiscal year of twelve months.

    :param first_date: the first of any month; None = where the company's calendar begins the year of that name
    :param leaves_gap: whether months may lie between it and a year beside it, in no plan
    :raises FiscalYearExists: where the name is taken
    :raises YearsOverlap: where a day belongs to another year
    :raises YearsLeaveAGap: where months would lie in no year, unless that is wanted
    :raises Invalid: for a first day in the middle of a month
    """
    require(policies.can_plan(actor))
    return _open_fiscal_year(year=year, first_date=first_date, actor=actor, leaves_gap=leaves_gap)


@transaction.atomic(durable=True)
def change_fiscal_start(*, start_month: int, actor: User) -> Company:
    """
    Let the years to come begin in another month. Years that are open keep their days, their plans and all targets.

    :raises Invalid: for a month that does not exist
    :raises CompanyIsMissing: before there is a company
    """
    require(policies.can_plan(actor))
    if not 1 <= start_month <= 12:
        raise _invalid("start_month", _("Choose a month."))
    company = Company.objects.select_for_update().first()
    if company is None:
        raise CompanyIsMissing(_("Name the company first: add it under People and units."))
    was, company.fiscal_start_month = company.fiscal_start_month, start_month
    company.save(update_fields=["fiscal_start_month"])
    audit.record("planning.fiscal_start.changed", actor=actor, subject=company, was=was, start_month=start_month)
    return company


@transaction.atomic(durable=True)
def create_plan(
    *, fiscal_year: FiscalYear, actor: User, name: str = "", currency: str = "", time_zone: str = ""
) -> Plan:
    """
    Make the plan of a year with its first draft. Name, currency and time zone are the company's unless given.

    :raises PlanExists: where the year has one
    """
    require(policies.can_plan(actor))
    return _create_plan(fiscal_year=fiscal_year, actor=actor, name=name, currency=currency, time_zone=time_zone)


@transaction.atomic(durable=True)
def begin_year(
    *,
    year: int,
    total: Decimal,
    actor: User,
    first_date: date | None = None,
    split: str = Target.Split.SEASON,
    leaves_gap: bool = False,
) -> PlanVersion:
    """
    Begin a year with one number: the fiscal year, its plan, a draft, and the company's target in it.

    :param leaves_gap: whether months may lie between this year and the one before, in no plan
    :raises CompanyIsMissing: before the tree of units has a root
    :raises FiscalYearExists, YearsOverlap, YearsLeaveAGap, PlanExists, Invalid: as the parts do
    """
    require(policies.can_plan(actor))
    company = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).first()
    if company is None:
        raise CompanyIsMissing(_("Name the company first: add it under People and units."))
    opened = FiscalYear.objects.filter(year=year).first()
    if opened is None or (first_date is not None and opened.first_date != first_date):
        opened = _open_fiscal_year(year=year, first_date=first_date, actor=actor, leaves_gap=leaves_gap)
    plan = _create_plan(fiscal_year=opened, actor=actor)
    version = plan.versions.get()
    _spread(version=version, unit=company, person=None, total=total, split=split, actor=actor, lock_version=0)
    return version


@within_transaction
def _open_fiscal_year(*, year: int, first_date: date | None, actor: User, leaves_gap: bool = False) -> FiscalYear:
    if not 2000 <= year <= 2100:
        raise _invalid("year", _("Enter a year between 2000 and 2100."))
    first = first_date or FiscalCalendar(Company.objects.the_one().fiscal_start_month).year(year).first
    if first.day != 1:
        raise _invalid("first_date", _("A fiscal year starts on the first day of a month."))
    if abs(first.year - year) > 1:
        raise _invalid("first_date", _("A fiscal year is named after a calendar year that it touches."))
    _refuse_misfit(year, first, leaves_gap=leaves_gap)
    try:
        with transaction.atomic():
            opened = FiscalYear.objects.create(year=year, first_date=first, after_date=add_months(first, 12))
    except IntegrityError:  # by the constraints, so that two openings at once cannot both succeed
        raise FiscalYearExists(
            _("Fiscal year %(year)d is open already, or some of its days belong to another year.") % {"year": year}
        ) from None
    audit.record("planning.fiscal_year.opened", actor=actor, subject=opened, year=year, first_date=first)
    return opened


@within_transaction
def _create_plan(
    *, fiscal_year: FiscalYear, actor: User, name: str = "", currency: str = "", time_zone: str = ""
) -> Plan:
    company = Company.objects.the_one()
    try:
        with transaction.atomic():
            plan = Plan.objects.create(
                fiscal_year=fiscal_year,
                name=name or _("Annual plan"),
                currency=currency or company.currency,
                time_zone=time_zone or company.time_zone,
                is_demo=company.is_demo,
            )
    except IntegrityError:
        raise PlanExists(_("%(year)s has a plan already.") % {"year": fiscal_year}) from None
    version = PlanVersion.objects.create(plan=plan, number=1, created_by=actor)
    audit.record("planning.plan.created", actor=actor, subject=plan, name=plan.name, version=version)
    return plan


def _refuse_misfit(year: int, first: date, *, leaves_gap: bool) -> None:
    """No day lies in two years, and none in no year unless somebody said so: a change of calendar is no accident."""
    after = add_months(first, 12)
    others = list(FiscalYear.objects.exclude(year=year).order_by("first_date"))
    for other in others:
        if other.first_date < after and first < other.after_date:
            facts = {
                "other": other,
                "last": day(other.after_date - timedelta(days=1), "year"),
                "first": day(other.first_date, "year"),
                "next": day(other.after_date, "year"),
            }
            raise YearsOverlap(
                _(
                    "%(other)s runs from %(first)s to %(last)s, and no day belongs to two years. It stays as it is, with its "
                    "plan and its targets; begin the new year on %(next)s or later."
                )
                % facts
            )
    before = next((other for other in reversed(others) if other.after_date <= first), None)
    months = months_apart(before.after_date, first) if before else 0
    if before and months % 12 and not leaves_gap:  # whole years between can be opened later
        facts = {
            "count": months,
            "other": before,
            "first": day(before.after_date, "year"),
            "last": day(first - timedelta(days=1), "year"),
        }
        message = ngettext(
            "%(count)d month after %(other)s, from %(first)s to %(last)s, would lie in no plan: what is won in it counts in "
            "no year's target. %(other)s stays as it is. Say that you want this, or begin earlier.",
            "%(count)d months after %(other)s, from %(first)s to %(last)s, would lie in no plan: what is won in them counts "
            "in no year's target. %(other)s stays as it is. Say that you want this, or begin earlier.",
            months,
        )
        raise YearsLeaveAGap(message % facts, problems=[Problem("leaves_gap", message % facts)])


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, problems=[Problem(field, message)])
