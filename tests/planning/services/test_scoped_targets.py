"""Targets of other metrics and of parts of the sales."""

from datetime import date
from decimal import Decimal

import pytest

from core.models import AuditEntry
from customers.models import Tier
from planning import services
from planning.models import Metric, PlanVersion, Scope, Target
from tests.factories.customers import make_pipeline, make_product
from tests.factories.planning import make_metric, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]
TWELVE = tuple(Decimal(step) for step in range(1, 13))


def make_rate() -> Metric:
    first, second = make_pipeline().stages.all()[:2]
    return make_metric("rate", code="kept", from_stage=first, stage=second)


def test_a_target_of_another_metric_stands_beside_the_plain_one(cast: Cast) -> None:
    version, scope = make_version(), Scope(metric=make_metric())
    services.set_target(version=version, unit=cast.east, months=TWELVE, actor=cast.planner, lock_version=0)
    services.set_target(version=version, unit=cast.east, scope=scope, months=TWELVE, actor=cast.planner, lock_version=0)
    services.split_target(
        version=version,
        unit=cast.east,
        scope=scope,
        total=Decimal(36),
        split="even",
        actor=cast.planner,
        lock_version=1,
    )
    assert (Target.objects.plain().get().total, Target.objects.other().get().total) == (78, 36)
    assert [line.facts.get("metric") for line in AuditEntry.objects.order_by("pk")] == [None, "wins", "wins"]


def test_a_count_is_whole(cast: Cast) -> None:
    with pytest.raises(services.AmountIsInvalid, match="whole number"):
        services.set_target(
            version=make_version(),
            unit=cast.east,
            scope=Scope(metric=make_metric()),
            months=[Decimal("0.5")] * 12,
            actor=cast.planner,
            lock_version=0,
        )


def test_a_rate_is_the_same_in_every_month_and_at_most_a_hundred(cast: Cast) -> None:
    version, scope = make_version(), Scope(metric=make_rate())
    spread = services.split_target(
        version=version,
        unit=cast.east,
        scope=scope,
        total=Decimal(40),
        split="season",
        actor=cast.planner,
        lock_version=0,
    )
    assert (spread.target.m01, spread.target.m12) == (Decimal(40), Decimal(40))
    assert spread.target.split == Target.Split.EVEN
    with pytest.raises(services.AmountIsInvalid, match="at most 100"):
        services.split_target(
            version=version,
            unit=cast.east,
            scope=scope,
            total=Decimal(101),
            split="even",
            actor=cast.planner,
            lock_version=1,
        )


def test_a_revised_plan_keeps_every_target_with_all_that_was_decided(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east)
    make_target(version, unit=cast.east, scope=Scope(make_metric(), make_product(), None, Tier.KEY))
    draft = services.revise_plan(plan=version.plan, actor=cast.planner, as_of=date(2026, 1, 1))
    kept = Target.own_fields()
    assert {"metric_id", "product_id", "region_id", "tier", "split", "m01"} <= set(kept)
    assert list(draft.targets.order_by("pk").values(*kept)) == list(version.targets.order_by("pk").values(*kept))


def test_restoring_the_standard_metrics_changes_none_that_is_there() -> None:
    Metric.objects.exclude(code="revenue").delete()
    Metric.objects.update(name="Turnover")
    services.restore_metrics()
    assert list(Metric.objects.values_list("name", flat=True)) == [
        "Turnover",
        "Gross margin",
        "Units",
        "Won deals",
        "New customers",
    ]
