from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any, Self, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from customers.models import ProductLine, Region, Tier
from teams.models import OrgUnit, User

from .metrics import REVENUE, Metric
from .plans import IN_THE_WORKS, PlanVersion
from .shaping import SHAPE_RULES, Shaped

MONTHS = tuple(f"m{month:02}" for month in range(1, 13))  # of the fiscal year, not of the calendar
QUARTERS = ("q1", "q2", "q3", "q4")
SCOPE = ("metric", "product", "region", "tier")  # what a target asks for, and of which part of the sales


@dataclass(frozen=True)
class Scope:
    """What a target asks for, and of which part of the sales: `metric` None = revenue, the others None or empty = all of it."""

    metric: Metric | None = None
    product: ProductLine | None = None
    region: Region | None = None
    tier: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """The values by which rows of this scope are found and made."""
        return {name: getattr(self, name) for name in SCOPE}

    @property
    def adds_up(self) -> bool:
        return self.metric is None or self.metric.adds_up

    @property
    def is_plain(self) -> bool:
        return self == PLAIN


PLAIN = Scope()


def _sum(months: tuple[str, ...]) -> Expression:
    return cast("Expression", reduce(add, (F(month) for month in months)))


def _month() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=14, decimal_places=2)


def _step() -> "models.DecimalField[Decimal | None, Decimal | None]":
    """How much a higher level of a target asks for above it; None where there is no such level."""
    return models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)


def _generated(months: tuple[str, ...]) -> models.GeneratedField:
    return models.GeneratedField(
        expression=_sum(months),
        output_field=models.DecimalField(max_digits=16, decimal_places=2),
        db_persist=True,
    )


class TargetQuerySet(models.QuerySet["Target"]):
    def plain(self) -> Self:
        """Targets of revenue, of everything that a unit or person sells: the rows of the grid and of the forecast."""
        return self.filter(metric=None, product=None, region=None, tier="")

    def other(self) -> Self:
        """Targets of another metric, or of a part of the sales."""
        return self.exclude(metric=None, product=None, region=None, tier="")

    def visible_to(self, user: User) -> Self:
        """
        Targets of the units and people whose work the user may see.

        One's own row counts once it is published: a draft shows a rep nothing, unless those who plan have opened it for
        commitments with the draft target shown.
        """
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        asked = Q(person=user, version__status__in=IN_THE_WORKS, version__talk=PlanVersion.Talk.SHOWN)
        mine = Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach)
        published = Q(version__in=PlanVersion.objects.visible_to(user).values("pk"))
        return self.filter((mine & published) | asked)


class Target(Shaped):
    """
    What one unit or one person is to bring in one year.

    A plain row asks for revenue of whatever is sold. `metric` asks for something else (None = revenue); product line, region
    and tier narrow it to a part of the sales, each with all that is below it, and any of them may be left open.
    Twelve months are entered; the database generates quarters and year, so that they cannot disagree. Of a rate, each month
    holds the per cent asked for, and a year is their mean (`Metric.adds_up`).
    Stretch and challenge of a plain row are kept as what they ask for above the target, so that neither can fall below it: a
    change of the target moves all three. A row with a `kept_reason` keeps its amount when the target above is spread anew.
    """

    class Split(models.TextChoices):
        SEASON = "season", _("Learnt season")
        EVEN = "even", _("Evenly")
        LAST_YEAR = "last_year", _("Last year's shape")
        WORKING_DAYS = "working_days", _("Working days")
        MANUAL = "manual", _("By hand")
        LADDER = "ladder", _("Ladder")

    version = models.ForeignKey(PlanVersion, models.CASCADE, related_name="targets")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="targets")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="targets")
    metric = models.ForeignKey(Metric, models.PROTECT, null=True, blank=True, related_name="targets")
    product = models.ForeignKey(ProductLine, models.PROTECT, null=True, blank=True, related_name="targets")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="targets")
    tier = models.CharField(_("customer tier"), max_length=12, choices=Tier, blank=True)
    split = models.CharField(_("split"), max_length=12, choices=Split, default=Split.EVEN)
    m01, m02, m03 = _month(), _month(), _month()
    m04, m05, m06 = _month(), _month(), _month()
    m07, m08, m09 = _month(), _month(), _month()
    m10, m11, m12 = _month(), _month(), _month()
    q1 = _generated(MONTHS[0:3])
    q2 = _generated(MONTHS[3:6])
    q3 = _generated(MONTHS[6:9])
    q4 = _generated(MONTHS[9:12])
    total = _generated(MONTHS)
    stretch_over = _step()
    challenge_over = _step()
    kept_reason = models.CharField(_("why it is kept"), max_length=400, blank=True)
    # Of each month, what it asks for besides its own, to make up for months before a re-plan; empty where nothing is.
    carried = ArrayField(_month(), size=12, default=list, blank=True)
    lock_version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "unit", *SCOPE],
                condition=Q(unit__isnull=False),
                nulls_distinct=False,
                name="target_one_per_unit_scope_and_version",
            ),
            models.UniqueConstraint(
                fields=["version", "person", *SCOPE],
                condition=Q(person__isnull=False),
                nulls_distinct=False,
                name="target_one_per_person_scope_and_version",
            ),
            models.CheckConstraint(
                condition=~Q(metric=REVENUE),
                name="target_of_revenue_names_no_metric",
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True),
                name="target_of_a_unit_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(**{f"{month}__gte": 0 for month in MONTHS}),
                name="target_months_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(stretch_over__isnull=True) | Q(stretch_over__gte=0),
                name="target_stretch_is_not_below_target",
            ),
            models.CheckConstraint(
                condition=Q(challenge_over__isnull=True)
                | Q(challenge_over__gte=Coalesce(F("stretch_over"), Value(Decimal(0)))),
                name="target_challenge_is_not_below_stretch",
            ),
            *SHAPE_RULES,
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: unit {self.unit_id} person {self.person_id}"

    @classmethod
    def own_fields(cls) -> tuple[str, ...]:
        """Return the columns that a copy of a row in another version takes over: all that people decided."""
        made = {"id", "version_id", "lock_version", "updated_at"}
        fields = cls._meta.concrete_fields
        return tuple(field.attname for field in fields if field.attname not in made and not field.generated)

    @property
    def scope(self) -> Scope:
        return Scope(self.metric, self.product, self.region, self.tier)

    @property
    def asked(self) -> Decimal:
        """What the year asks for: the sum of the months, of a rate their mean."""
        whole: Decimal = self.total
        return whole if self.metric is None or self.metric.adds_up else (whole / len(MONTHS)).quantize(Decimal("0.01"))

    @property
    def metric_code(self) -> str:
        return self.metric_id or REVENUE

    @property
    def is_plain(self) -> bool:
        return self.metric_id is None and self.product_id is None and self.region_id is None and not self.tier

    @property
    def stretch(self) -> Decimal | None:
        """The year's stretch total: the target and what the stretch asks for above it."""
        return None if self.stretch_over is None else self.total + self.stretch_over

    @property
    def challenge(self) -> Decimal | None:
        return None if self.challenge_over is None else self.total + self.challenge_over

    @property
    def own_months(self) -> tuple[Decimal, ...]:
        """The months without what they make up for earlier ones: what a year to date is measured by, nothing asked twice."""
        months: list[Decimal] = [getattr(self, month) for month in MONTHS]
        if not self.carried:
            return tuple(months)
        return tuple(month - min(month, carried) for month, carried in zip(months, self.carried, strict=True))

    @property
    def own_total(self) -> Decimal:
        return sum(self.own_months, Decimal(0))
