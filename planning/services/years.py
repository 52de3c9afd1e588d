"""Opening a year: its twelve months, its plan, its first number."""

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, Problem
from core.periods import FiscalCalendar, add_months
from core.transactions import within_transaction
from planning import policies
from planning.models import FiscalYear, Plan, PlanVersion, Target
from teams.models import Company, OrgUnit, User

from .refusals import CompanyIsMissing, FiscalYearExists, PlanExists
from .targets import _spread


@transaction.atomic(durable=True)
def open_fiscal_year(*, year: int, actor: User, first_date: date | None = None) -> FiscalYear:
    """
    Open a fiscal year of twelve months.

    :param first_date: the first of any month; None = where the company's calendar begins the year of that name
    :raises FiscalYearExists: where the name is taken or a day belongs to another year
    :raises Invalid: for a first day in the middle of a month
    """
    require(policies.can_plan(actor))
    return _open_fiscal_year(year=year, first_date=first_date, actor=actor)


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
    *, year: int, total: Decimal, actor: User, first_date: date | None = None, split: str = Target.Split.SEASON
) -> PlanVersion:
    """
    Begin a year with one number: the fiscal year, its plan, a draft, and the company's target in it.

    :raises CompanyIsMissing: before the tree of units has a root
    :raises FiscalYearExists, PlanExists, Invalid: as the parts do
    """
    require(policies.can_plan(actor))
    company = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).first()
    if company is None:
        raise CompanyIsMissing(_("Name the company first: add it under People and units."))
    opened = FiscalYear.objects.filter(year=year).first()
    if opened is None or (first_date is not None and opened.first_date != first_date):
        opened = _open_fiscal_year(year=year, first_date=first_date, actor=actor)
    plan = _create_plan(fiscal_year=opened, actor=actor)
    version = plan.versions.get()
    _spread(version=version, unit=company, person=None, total=total, split=split, actor=actor, lock_version=0)
    return version


@within_transaction
def _open_fiscal_year(*, year: int, first_date: date | None, actor: User) -> FiscalYear:
    if not 2000 <= year <= 2100:
        raise _invalid("year", _("Enter a year between 2000 and 2100."))
    first = first_date or FiscalCalendar(Company.objects.the_one().fiscal_start_month).year(year).first
    if first.day != 1:
        raise _invalid("first_date", _("A fiscal year starts on the first day of a month."))
    if abs(first.year - year) > 1:
        raise _invalid("first_date", _("A fiscal year is named after a calendar year that it touches."))
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


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, problems=[Problem(field, message)])
