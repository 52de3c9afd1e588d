"""What a revised plan takes over besides the amounts: market shares, strategies, people."""

from core.transactions import within_transaction
from planning.models import PlanVersion, ShareTarget, Target, TargetCarrier, TargetStrategy


@within_transaction
def _take_over_market(*, base: PlanVersion, draft: PlanVersion) -> None:
    """Give a new draft the share targets of the version that it is based on, and its targets their strategies and people."""
    shares = base.share_targets.values("product_id", "region_id", "quarter", "share", "set_by_id", "set_at")
    ShareTarget.objects.bulk_create(ShareTarget(version=draft, **row) for row in shares)
    new = {_place(target): target.pk for target in draft.targets.all()}
    old = {target.pk: new[_place(target)] for target in base.targets.all() if _place(target) in new}
    strategies = TargetStrategy.objects.filter(target__in=old).values_list("target", "strategy")
    carriers = TargetCarrier.objects.filter(target__in=old).values_list("target", "person", "role")
    TargetStrategy.objects.bulk_create(TargetStrategy(target_id=old[at], strategy_id=key) for at, key in strategies)
    TargetCarrier.objects.bulk_create(
        TargetCarrier(target_id=old[at], person_id=person, role=role) for at, person, role in carriers
    )


def _place(target: Target) -> tuple[object, ...]:
    return (
        target.unit_id,
        target.person_id,
        target.metric_id,
        target.product_id,
        target.region_id,
        target.tier,
    )
