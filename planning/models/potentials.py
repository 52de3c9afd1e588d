from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import Plan


class PotentialQuerySet(models.QuerySet["Potential"]):
    def visible_to(self, user: User) -> Self:
        """Potentials of the units and people whose work the user leads; a person's own is for those above."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        people = User.objects.visible_to(user).exclude(pk=user.pk).values("pk")
        return self.filter(Q(person__in=people) | Q(unit__in=user.units_in_reach))


class Potential(models.Model):
    """
    What the market of a unit or person could bring, as somebody judged it or another system delivered it: a weight by which
    targets are spread. Without a row the open pipeline stands in.
    """

    class Origin(models.TextChoices):
        TYPED = "typed", _("typed")
        IMPORTED = "imported", _("imported")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="potentials")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    amount = models.DecimalField(_("potential"), max_digits=16, decimal_places=2)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    objects = PotentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "unit"], condition=Q(unit__isnull=False), name="potential_once_per_unit"
            ),
            models.UniqueConstraint(
                fields=["plan", "person"], condition=Q(person__isnull=False), name="potential_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True), name="potential_of_a_unit_or_a_person"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="potential_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: unit {self.unit_id} person {self.person_id}"
