"""What a plan wants of the market: shares of it, the strategies that targets serve, the people who carry them."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import ProductLine, Region, Strategy
from teams.models import User

from .plans import PlanVersion
from .targets import Target


class ShareTargetQuerySet(models.QuerySet["ShareTarget"]):
    def visible_to(self, user: User) -> Self:
        """Shares are figures of the whole company: for those who manage, as far as they see the version."""
        if not user.is_active or not user.is_manager:
            return self.none()
        return self.filter(version__in=PlanVersion.objects.visible_to(user).values("pk"))


class ShareTarget(models.Model):
    """The share of a market that a product line is to have in a region, over the year (quarter 0) or in a quarter of it."""

    version = models.ForeignKey(PlanVersion, models.CASCADE, related_name="share_targets")
    product = models.ForeignKey(ProductLine, models.PROTECT, related_name="+", verbose_name=_("product line"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("market region"))
    quarter = models.PositiveSmallIntegerField(default=0)
    share = models.FloatField(_("target share"))
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lock_version = models.PositiveIntegerField(default=1)

    objects = ShareTargetQuerySet.as_manager()

    class Meta:
        ordering = ["product", "region", "quarter"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "product", "region", "quarter"], name="sharetarget_once_per_cell_and_period"
            ),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="sharetarget_share_in_0_1"),
            models.CheckConstraint(condition=Q(quarter__range=(0, 4)), name="sharetarget_quarter_0_to_4"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.product_id} {self.region_id} {self.share}"


class TargetStrategy(models.Model):
    """A strategy that serves a target."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="strategy_links")
    strategy = models.ForeignKey(Strategy, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "strategy"], name="targetstrategy_once_per_target"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.strategy_id}"


class TargetCarrier(models.Model):
    """A person who carries a target, and as what."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="carriers")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "person"], name="targetcarrier_once_per_target"),
            models.CheckConstraint(condition=~Q(role=""), name="targetcarrier_has_a_role"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.person_id}"
