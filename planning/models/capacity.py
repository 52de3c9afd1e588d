from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import Plan


class FullQuotaQuerySet(models.QuerySet["FullQuota"]):
    def visible_to(self, user: User) -> Self:
        """Of the people and units whose work one sees; whoever leads sees also what the units above say."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        above = user.home_units if user.is_manager else []
        return self.filter(
            Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=[*user.units_in_reach, *above])
        )


class FullQuota(models.Model):
    """
    What somebody who is fully ramped up and there full time brings in a plan's year: of one person, or of everybody in a
    unit and below who has none of their own. Null = not typed (any more): what last year tells holds.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="full_quotas")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    amount = models.DecimalField(_("full quota of the year"), max_digits=16, decimal_places=2, null=True, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    objects = FullQuotaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "unit"], condition=Q(unit__isnull=False), name="fullquota_one_per_unit_and_plan"
            ),
            models.UniqueConstraint(
                fields=["plan", "person"], condition=Q(person__isnull=False), name="fullquota_one_per_person_and_plan"
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True), name="fullquota_of_a_unit_or_a_person"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="fullquota_amount_is_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: full quota of unit {self.unit_id} person {self.person_id}"
