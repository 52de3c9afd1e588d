"""Which strategies serve a target, and who carries it."""

from collections.abc import Mapping

from planning.models import PlanVersion, Target, TargetCarrier, TargetStrategy


def strategies_of(target: Target) -> list[TargetStrategy]:
    rows = TargetStrategy.objects.filter(target=target).select_related("strategy")
    return list(rows.order_by("strategy__status", "strategy__name"))


def carriers_of(target: Target) -> list[TargetCarrier]:
    return list(TargetCarrier.objects.filter(target=target).select_related("person").order_by("person__name", "pk"))


def strategy_names(version: PlanVersion) -> Mapping[int, str]:
    """Return by key of the target which strategies serve it, dropped ones left out."""
    rows = TargetStrategy.objects.filter(target__version=version).exclude(strategy__status="dropped")
    found: dict[int, str] = {}
    for target, name in rows.order_by("strategy__name").values_list("target", "strategy__name"):
        found[target] = f"{found[target]}, {name}" if target in found else name
    return found
