"""How a target came to its amounts: over which base it grows, whether its total is fixed, which months were set by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BaseSource(models.TextChoices):
    """Where the amount that a growth is counted from comes from, as a sentence."""

    LAST_YEAR = "last_year", _("What was won here in the twelve months before.")
    TYPED = "typed", _("Entered by hand, in the shape of last year.")
    NONE = "none", _("There is no base yet, so there is nothing to grow from.")


@dataclass(frozen=True)
class Override:
    """A month that somebody set by hand over the split: why, who (a person's key) and when."""

    reason: str
    by: int | None
    at: datetime

    @property
    def stored(self) -> dict[str, object]:
        return {"reason": self.reason, "by": self.by, "at": self.at.isoformat()}


class Shaped(models.Model):
    """
    The columns of a target that say how its months are made.

    basis growth: `total` was made as base × (1 + growth), and a change of the base moves it. basis absolute: the total was
    typed, and its growth over the base, where there is one, is what follows (`growth_over_base`).
    overrides: by month (m01 … m12) the reason, the person's key and the moment; the amounts stand in the months themselves.
    """

    class Leads(models.TextChoices):
        ABSOLUTE = "absolute", _("An amount")
        GROWTH = "growth", _("Growth over a base")

    basis = models.CharField(_("given as"), max_length=8, choices=Leads, default=Leads.ABSOLUTE)
    growth = models.DecimalField(_("growth"), max_digits=12, decimal_places=8, null=True, blank=True)  # 0.25 = +25 %
    base_source = models.CharField(_("origin of the base"), max_length=9, choices=BaseSource, default=BaseSource.NONE)
    base_amount = models.DecimalField(_("base"), max_digits=16, decimal_places=2, null=True, blank=True)
    base_as_of = models.DateField(
        _("day of the base"), null=True, blank=True
    )  # of what was won: up to when it was read
    total_locked = models.BooleanField(_("total is locked"), default=False)
    overrides = models.JSONField(_("months set by hand"), default=dict, blank=True)

    total: "models.GeneratedField"

    class Meta:
        abstract = True

    @property
    def asked(self) -> Decimal:
        """What the year asks for, in the unit of its base."""
        raise NotImplementedError

    @property
    def growth_over_base(self) -> Decimal | None:
        """How much the year is above its base, as a fraction; None without one: nothing grows from nothing."""
        if not self.base_amount:
            return None
        if self.growth is not None and abs(self.base_amount * (1 + self.growth) - self.asked) <= 1:
            return self.growth  # as it was typed; what the rounded total would say is off in the last digit
        return self.asked / self.base_amount - 1

    @property
    def all_overrides(self) -> Mapping[str, Override]:
        """The months set by hand, in fiscal order."""
        return {
            month: Override(str(told["reason"]), told["by"], datetime.fromisoformat(told["at"]))
            for month, told in sorted(self.overrides.items())
        }


SHAPE_RULES: list[models.BaseConstraint] = [
    models.CheckConstraint(
        condition=Q(basis="absolute", growth__isnull=True)
        | Q(basis="growth", growth__isnull=False, base_amount__isnull=False),
        name="target_growth_has_a_base",
    ),
    models.CheckConstraint(
        condition=Q(base_source="none", base_amount__isnull=True)
        | (~Q(base_source="none") & Q(base_amount__isnull=False, base_amount__gt=Decimal(0))),
        name="target_base_names_its_origin",
    ),
    models.CheckConstraint(condition=Q(growth__isnull=True) | Q(growth__gt=-1), name="target_growth_leaves_something"),
]
