from typing import Self

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    BigIntegerRangeField,
    DateTimeRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .customers import Customer
from .pipelines import Channel, Pipeline, ProductLine, Region, Stage


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, user: User) -> Self:
        """Deals owned today by a person whose work the user may see."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(owner__in=User.objects.visible_to(user).values("pk"))

    def open(self) -> Self:
        return self.filter(stage__kind=Stage.Kind.OPEN)

    def won(self) -> Self:
        return self.filter(stage__kind=Stage.Kind.WON)

    def lost(self) -> Self:
        return self.filter(stage__kind=Stage.Kind.LOST)

    def matching(self, words: str) -> Self:
        """Deals whose title or customer holds every word, or whose number elsewhere is one."""
        found = self
        for word in words.split()[:8]:
            found = found.filter(
                Q(title__icontains=word) | Q(customer__name__icontains=word) | Q(external_id__iexact=word)
            )
        return found

    def with_last_touch(self) -> Self:
        """Add `touched_at`: the later of the last change of stage and the last activity done."""
        done = apps.get_model("customers", "Activity").objects.filter(deal=OuterRef("pk"), done_at__isnull=False)
        last = Subquery(done.order_by("-done_at").values("done_at")[:1])
        return self.annotate(touched_at=Greatest(F("stage_since"), Coalesce(last, F("stage_since"))))


class Deal(models.Model):
    """
    A chance to sell: the projection of its stage ledger.

    Stage, amount, expected close and `last_seq` are what the last `StageEvent` says; only the ledger's services write them.
    `version` counts every change of the row, those of the ledger and those beside it (title, owner …), so that one number
    guards them all against lost updates. A missing amount is null, not zero. Neither are missing units or
    a missing cost, which stand beside the ledger.
    """

    title = models.CharField(_("title"), max_length=160)
    source = models.CharField(_("source system"), max_length=40, blank=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("customer"),
    )
    owner = models.ForeignKey(User, models.PROTECT, related_name="deals", verbose_name=_("owner"))
    product = models.ForeignKey(
        ProductLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("product line"),
    )
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("region"),
    )
    channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("lead source"),
    )
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals", verbose_name=_("pipeline"))
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals", verbose_name=_("stage"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    expected_close_date = models.DateField(_("expected close"), null=True, blank=True)
    units = models.DecimalField(_("units"), max_digits=14, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    created_date = models.DateField(_("created on"))
    stage_since = models.DateTimeField(_("in this stage since"))
    closed_date = models.DateField(_("closed on"), null=True, blank=True)  # business date of won or lost
    is_demo = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    last_seq = models.PositiveIntegerField(default=1)  # the number of the ledger's last line

    objects = DealQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="deal_external_id_once_in_a_source",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0),
                name="deal_amount_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(units__isnull=True) | Q(units__gte=0),
                name="deal_units_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(cost__isnull=True) | Q(cost__gte=0),
                name="deal_cost_is_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "stage"], name="deal_owner_stage"),
            models.Index(fields=["stage", "-stage_since"], name="deal_stage_since"),
            models.Index(fields=["-stage_since", "-id"], name="deal_latest"),
            models.Index(fields=["closed_date", "owner"], name="deal_closed"),
            models.Index(fields=["customer"], name="deal_customer_idx"),
        ]

    def __str__(self) -> str:
        return self.title


class DealOwnership(models.Model):
    """Who owned a deal from when until when: a hand-over changes neither stage nor history, nor whose past it was."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="ownerships")
    owner = models.ForeignKey(User, models.PROTECT, related_name="ownerships")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["deal", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="dealownership_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="dealownership_one_owner_at_a_time",
                expressions=[
                    (
                        Func(
                            F("deal"),
                            F("deal"),
                            template="int8range(%(expressions)s, '[]')",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("valid_from"),
                            F("valid_to"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} of {self.owner_id} from {self.valid_from:%Y-%m-%d}"
