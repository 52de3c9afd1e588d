from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Tier
from planning.models import MONTHS, REVENUE, PlanVersion, Scope, Target
from tests.factories.customers import make_product
from tests.factories.planning import make_metric, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
AMOUNTS = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)


@given(months=st.lists(AMOUNTS, min_size=12, max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_months_add_up_to_quarters_and_year(months: list[Decimal]) -> None:
    with transaction.atomic():
        amounts = dict(zip(MONTHS, months, strict=True))
        target = Target.objects.create(version=make_version_once(), person=make_person(), **amounts)
        target.refresh_from_db()
        assert [target.q1, target.q2, target.q3, target.q4] == [sum(months[q : q + 3]) for q in (0, 3, 6, 9)]
        assert target.total == sum(months)
        transaction.set_rollback(True)


def make_version_once() -> PlanVersion:
    return PlanVersion.objects.first() or make_version()


def test_nobody_writes_a_quarter_past_its_months() -> None:
    target = make_target(make_version(), person=make_person())
    with pytest.raises(Exception, match="generated column"), connection.cursor() as cursor:
        cursor.execute("UPDATE planning_target SET q1 = 5 WHERE id = %s", [target.pk])


def test_a_target_is_of_a_unit_or_of_a_person(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="target_of_a_unit_or_a_person"):
        make_target(make_version(), unit=cast.east, person=cast.rao)


def test_a_unit_has_one_target_in_a_version(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    with pytest.raises(IntegrityError, match="target_one_per_unit_scope_and_version"):
        make_target(version, unit=cast.east)


@pytest.mark.requirement("R1.1")
def test_a_unit_has_one_target_of_each_metric_and_part_of_the_sales(cast: Cast) -> None:
    version, product = make_version(), make_product()
    scopes = [Scope(metric=make_metric()), Scope(product=product), Scope(tier=Tier.KEY), Scope(make_metric(), product)]
    make_target(version, unit=cast.east)
    for scope in scopes:
        make_target(version, unit=cast.east, scope=scope)
    for scope in scopes:
        with pytest.raises(IntegrityError, match="target_one_per_unit_scope_and_version"), transaction.atomic():
            make_target(version, unit=cast.east, scope=scope)


@pytest.mark.requirement("R1.1")
def test_a_person_has_one_target_of_each_metric_and_part_of_the_sales(cast: Cast) -> None:
    version, scope = make_version(), Scope(metric=make_metric())
    make_target(version, person=cast.rao)
    make_target(version, person=cast.rao, scope=scope)
    with pytest.raises(IntegrityError, match="target_one_per_person_scope_and_version"):
        make_target(version, person=cast.rao, scope=scope)


@pytest.mark.requirement("R1.1")
def test_revenue_is_said_in_one_way_only(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="target_of_revenue_names_no_metric"):
        make_target(make_version(), unit=cast.east, scope=Scope(metric=make_metric(REVENUE)))


@pytest.mark.requirement("R1.1")
def test_plain_rows_are_revenue_of_everything(cast: Cast) -> None:
    version = make_version()
    plain = make_target(version, unit=cast.east)
    others = [make_target(version, unit=cast.east, scope=Scope(tier=Tier.KEY))]
    others.append(make_target(version, unit=cast.east, scope=Scope(metric=make_metric())))
    assert list(Target.objects.plain()) == [plain]
    assert list(Target.objects.other().order_by("pk")) == others
    assert [row.is_plain for row in (plain, *others)] == [True, False, False]


def test_a_month_is_not_negative(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="target_months_are_not_negative"):
        make_target(make_version(), unit=cast.east, m01=Decimal(-1))


@pytest.mark.parametrize("status", [PlanVersion.Status.ACTIVE, PlanVersion.Status.SUPERSEDED])
@pytest.mark.parametrize("change", ["insert", "update", "delete", "move"])
def test_the_database_itself_refuses_changes_of_a_version_that_counted(cast: Cast, status: str, change: str) -> None:
    version = make_version(status=status)
    target = make_target(version, unit=cast.east)
    draft = make_version(version.plan, number=2)
    row = Target.objects.filter(pk=target.pk)
    changes: dict[str, Callable[[], object]] = {
        "insert": lambda: Target.objects.create(version=version, unit=cast.west, **dict.fromkeys(MONTHS, Decimal(1))),
        "update": lambda: row.update(m01=Decimal(1)),
        "delete": row.delete,
        "move": lambda: row.update(version=draft),
    }
    with pytest.raises(IntegrityError, match="the targets of a version change only while it is a draft"):
        changes[change]()


def test_targets_of_a_draft_change_and_go(cast: Cast) -> None:
    target = make_target(make_version(), unit=cast.east)
    assert Target.objects.filter(pk=target.pk).update(m01=Decimal(1)) == 1
    assert Target.objects.filter(pk=target.pk).delete()[0] == 1
