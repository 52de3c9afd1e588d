"""The target shares of markets that two versions of one plan do not have alike."""

from dataclasses import dataclass

from customers.models import ProductLine, Region
from planning.models import PlanVersion, ShareTarget
from teams.models import User


@dataclass(frozen=True)
class ShareDiffers:
    """A target share in two versions, in [0, 1]; None = none there, not zero. Quarter 0 = the year."""

    product: ProductLine
    region: Region
    quarter: int
    before: float | None
    after: float | None

    @property
    def scope(self) -> str:
        return f"{self.product} · {self.region}" + (f" · Q{self.quarter}" if self.quarter else "")

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


def share_changes(*, before: PlanVersion, after: PlanVersion, user: User) -> list[ShareDiffers]:
    """Return the shares that differ, as one person sees them. One query."""
    rows = ShareTarget.objects.visible_to(user).filter(version__in=[before, after]).select_related("product", "region")
    found: dict[tuple[int, int, int], dict[int, ShareTarget]] = {}
    for row in rows.order_by("product__position", "product", "region__position", "region", "quarter"):
        found.setdefault((row.product_id, row.region_id, row.quarter), {})[row.version_id] = row
    lines = []
    for pair in found.values():
        one = next(iter(pair.values()))
        was, now = (pair[key].share if key in pair else None for key in (before.pk, after.pk))
        lines.append(ShareDiffers(one.product, one.region, one.quarter, was, now))
    return [line for line in lines if line.before != line.after]
