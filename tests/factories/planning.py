"""Fiscal years, plans and targets for tests."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from core.periods import add_months, month_start
from planning import services
from planning.models import (
    IN_FORCE,
    MONTHS,
    PLAIN,
    FiscalYear,
    Metric,
    Plan,
    PlanVersion,
    Scope,
    Submission,
    Target,
)
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


def make_running_plan(today: date) -> Plan:
    """Make a plan whose year has run for five months on a day: what a test says of the year so far holds in January too."""
    first = add_months(month_start(today), -5)
    return make_plan(first.year + (first.month > 1), start_month=first.month)


def make_version(
    plan: Plan | None = None,
    *,
    number: int = 1,
    status: str = PlanVersion.Status.DRAFT,
    by: User | None = None,
    at: datetime | None = None,
    **fields: object,
) -> PlanVersion:
    """Make a version in any state of its life, without what led there."""
    by = by or make_person()
    at = at or timezone.now()
    has_counted = status in {*IN_FORCE, PlanVersion.Status.SUPERSEDED}
    is_closed = status == PlanVersion.Status.CLOSED
    return PlanVersion.objects.create(
        **{
            "plan": plan or make_plan(),
            "number": number,
            "status": status,
            "created_by": by,
            "activated_by": by if has_counted else None,
            "activated_at": at if has_counted else None,
            "closed_by": by if is_closed else None,
            "closed_at": at if is_closed else None,
            **fields,
        }
    )


@contextmanager
def settled_targets_change() -> Iterator[None]:
    """Let the targets of versions that are no drafts be written: the history of a test has to come from somewhere."""
    with connection.cursor() as cursor:
        if connection.in_atomic_block:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE planning_target DISABLE TRIGGER target_only_in_a_draft")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE planning_target ENABLE TRIGGER target_only_in_a_draft")


def make_submission(
    version: PlanVersion, *, unit: OrgUnit | None = None, by: User | None = None, **fields: object
) -> Submission:
    """Make a submission as it stands before anybody decided; what its targets asked for is not kept with it."""
    return Submission.objects.create(
        **{
            "plan_version": version,
            "unit": unit,
            "round": 1 + Submission.objects.filter(plan_version=version, unit=unit).count(),
            "submitted_by": by or make_person(),
            "submitted_at": timezone.now(),
            **fields,
        }
    )


def activate(version: PlanVersion, *, by: User, approver: User, as_of: date = date(2026, 1, 1)) -> PlanVersion:
    """Hand a draft up, let somebody else approve it, and put it into force."""
    handed = services.submit_version(
        version=version, actor=by, as_of=as_of, lock_version=version.lock_version, reason="As agreed"
    )
    services.approve_submission(submission=handed, version=handed.version, actor=approver)
    version.refresh_from_db()
    return services.activate_version(version=version, actor=by, lock_version=version.lock_version)


def make_target(
    version: PlanVersion,
    *,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
    month: Decimal = Decimal("100.00"),
    **months: Decimal,
) -> Target:
    """Make a target with the same amount in every month, unless a month is named (`m03=Decimal(5)`); in any version."""
    amounts = {**dict.fromkeys(MONTHS, month), **months}
    with nullcontext() if version.is_draft else settled_targets_change():
        target = Target.objects.create(version=version, unit=unit, person=person, **scope.columns, **amounts)
    target.refresh_from_db()
    return target


def make_metric(kind: str = Metric.Kind.WINS, **fields: object) -> Metric:
    """Return the standard metric of a kind, or make the one that is named; tables that a test emptied hold none."""
    money, rate = {"revenue", "margin"}, {"rate"}
    unit = Metric.Unit.MONEY if kind in money else Metric.Unit.PERCENT if kind in rate else Metric.Unit.COUNT
    code = str(fields.pop("code", kind))
    given = {"name": code.title(), "kind": kind, "unit": unit, **fields}
    return Metric.objects.get_or_create(code=code, defaults=given)[0]
