"""What a unit's people can carry: how they ramp up, how much of the time they are there, who is still to be hired."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .people import User
from .units import OrgUnit


class CapacityRuleQuerySet(models.QuerySet["CapacityRule"]):
    def visible_to(self, user: User) -> Self:
        """For those who lead: the rules of their units, and those above that they inherit from."""
        if not user.is_active or not user.is_manager:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(unit__in=[*user.units_in_reach, *user.home_units])


class CapacityRule(models.Model):
    """
    What a unit reckons with; null = as the unit above says, and above the company as the product's defaults say.

    ramp: shares of the full quota in the 1st, 2nd … month after the hire, 1 from then on. attrition: share of the people
    who leave within a year. survival: share of the planned hires who come and stay. recruiting_months: from the decision
    to the first day.
    """

    unit = models.OneToOneField(OrgUnit, models.CASCADE, related_name="capacity_rule", verbose_name=_("unit"))
    ramp = ArrayField(models.FloatField(), null=True, blank=True, size=36)
    attrition = models.FloatField(null=True, blank=True)
    survival = models.FloatField(null=True, blank=True)
    recruiting_months = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(_("where these figures come from"), max_length=200, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    objects = CapacityRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(attrition__isnull=True) | Q(attrition__gte=0, attrition__lt=1),
                name="capacityrule_attrition_in_0_1",
            ),
            models.CheckConstraint(
                condition=Q(survival__isnull=True) | Q(survival__gt=0, survival__lte=1),
                name="capacityrule_survival_in_0_1",
            ),
            models.CheckConstraint(
                condition=Q(recruiting_months__isnull=True) | Q(recruiting_months__lte=24),
                name="capacityrule_recruiting_within_two_years",
            ),
        ]

    def __str__(self) -> str:
        return f"capacity of {self.unit_id}"


class PresenceQuerySet(models.QuerySet["Presence"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and those of the people whose work one sees."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(person__in=User.objects.visible_to(user).values("pk"))


class Presence(models.Model):
    """
    How much of full time a person is there in some months: part time, or planned leave. Why is not kept.

    Where two rows meet, they multiply: half time with a quarter of a month's leave is three eighths.
    """

    person = models.ForeignKey(User, models.PROTECT, related_name="presences", verbose_name=_("person"))
    first_month = models.DateField(_("from"))
    last_month = models.DateField(_("to"), null=True, blank=True)  # null = from then on
    share = models.FloatField(_("share of full time"))
    version = models.PositiveIntegerField(default=1)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        ordering = ["person", "first_month", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=1), name="presence_share_in_0_1"),
            models.CheckConstraint(
                condition=Q(first_month__day=1) & (Q(last_month__isnull=True) | Q(last_month__day=1)),
                name="presence_in_whole_months",
            ),
            models.CheckConstraint(
                condition=Q(last_month__isnull=True) | Q(last_month__gte=F("first_month")),
                name="presence_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.share:.0%} from {self.first_month}"


class PlannedHireQuerySet(models.QuerySet["PlannedHire"]):
    def visible_to(self, user: User) -> Self:
        """Of the units that the user manages, with all below."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(unit__in=user.units_in_reach)


class PlannedHire(models.Model):
    """
    People still to be hired: how many start in a unit in a month. Once they are there, the number goes down.

    :cvar survival: share of them who come and stay; null = as the unit's rule says
    """

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="planned_hires", verbose_name=_("unit"))
    name = models.CharField(_("for what"), max_length=80, blank=True)
    start_month = models.DateField(_("first month"))
    count = models.PositiveSmallIntegerField(_("people"))
    survival = models.FloatField(_("come and stay"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = PlannedHireQuerySet.as_manager()

    class Meta:
        ordering = ["start_month", "unit", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(start_month__day=1), name="plannedhire_starts_on_the_first"),
            models.CheckConstraint(condition=Q(count__lte=500), name="plannedhire_at_most_500"),
            models.CheckConstraint(
                condition=Q(survival__isnull=True) | Q(survival__gt=0, survival__lte=1),
                name="plannedhire_survival_in_0_1",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} in {self.unit_id} from {self.start_month}"
