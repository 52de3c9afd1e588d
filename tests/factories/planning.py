"""Fiscal years, plans and targets for tests."""

from datetime import date, datetime
from decimal import Decimal

from django.db.models.functions import Now
from django.utils import timezone

from planning.models import MONTHS, PLAIN, FiscalYear, Metric, Plan, PlanVersion, Scope, Target
from teams.models import OrgUnit, User
from tests.factories.teams import make_person


def make_fiscal_year(year: int = 2026, *, start_month: int = 1) -> FiscalYear:
    first = date(year if start_month == 1 else year - 1, start_month, 1)
    return FiscalYear.objects.create(year=year, first_date=first, after_date=first.replace(year=first.year + 1))


def make_plan(year: int = 2026, *, start_month: int = 1, **fields: object) -> Plan:
    return Plan.objects.create(
        **{
            "fiscal_year": make_fiscal_year(year, start_month=start_month),
            "name": "Plan",
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            **fields,
        }
    )


def make_version(
    plan: Plan | None = None,
    *,
    number: int = 1,
    status: str = PlanVersion.Status.DRAFT,
    by: User | None = None,
    at: datetime | None = None,
) -> PlanVersion:
    by = by or make_person()
    is_draft = status == PlanVersion.Status.DRAFT
    return PlanVersion.objects.create(
        plan=plan or make_plan(),
        number=number,
        status=status,
        created_by=by,
        activated_by=None if is_draft else by,
        activated_at=None if is_draft else at or timezone.now(),
    )


def make_target(
    version: PlanVersion,
    *,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
    month: Decimal = Decimal("100.00"),
    **months: Decimal,
) -> Target:
    """
    Make a target with the same amount in every month, unless a month is named (`m03=Decimal(5)`).

    The database refuses one in a version that is no draft; such a version counts as a draft for the moment.
    """
    amounts = {**dict.fromkeys(MONTHS, month), **months}
    versions = PlanVersion.objects.filter(pk=version.pk)
    others = PlanVersion.objects.filter(plan=version.plan_id, status=PlanVersion.Status.DRAFT).exclude(pk=version.pk)
    hidden = list(others.values_list("pk", flat=True))
    if not version.is_draft:
        PlanVersion.objects.filter(pk__in=hidden).update(status=PlanVersion.Status.SUPERSEDED, activated_at=Now())
        versions.update(status=PlanVersion.Status.DRAFT, activated_at=None)
    target = Target.objects.create(version=version, unit=unit, person=person, **scope.columns, **amounts)
    if not version.is_draft:
        versions.update(status=version.status, activated_at=version.activated_at)
        PlanVersion.objects.filter(pk__in=hidden).update(status=PlanVersion.Status.DRAFT, activated_at=None)
    target.refresh_from_db()
    return target


def make_metric(kind: str = Metric.Kind.WINS, **fields: object) -> Metric:
    """Return the standard metric of a kind, or make the one that is named; tables that a test emptied hold none."""
    money, rate = {"revenue", "margin"}, {"rate"}
    unit = Metric.Unit.MONEY if kind in money else Metric.Unit.PERCENT if kind in rate else Metric.Unit.COUNT
    code = str(fields.pop("code", kind))
    given = {"name": code.title(), "kind": kind, "unit": unit, **fields}
    return Metric.objects.get_or_create(code=code, defaults=given)[0]
