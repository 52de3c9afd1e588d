from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import PlanVersion


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def visible_to(self, user: User) -> Self:
        """Commitments of the units and people whose work the user may see, one's own among them."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach))

    def newest(self) -> Self:
        """Of each unit and person the last word: what stands between the owner and those above."""
        about = ("version_id", "unit_id", "person_id")
        return self.order_by(*about, "-said_at", "-pk").distinct(*about)

    def newest_of_owner(self) -> Self:
        """Of each unit and person what its owner committed last."""
        return self.filter(act=Commitment.Act.COMMIT).newest()


class Commitment(models.Model):
    """
    One word in the talk about a year's number, from below or from above. Append-only: the talk is the history.

    commit: the owner (a rep, the manager of a unit) says what they stand for; counter: somebody above proposes another
    amount, and the owner has the next word; accept: somebody above takes the owner's amount into the draft.
    """

    class Act(models.TextChoices):
        COMMIT = "commit", _("committed")
        COUNTER = "counter", _("countered")
        ACCEPT = "accept", _("accepted")

    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="commitments")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    act = models.CharField(max_length=7, choices=Act)
    amount = models.DecimalField(_("amount of the year"), max_digits=16, decimal_places=2)
    note = models.CharField(_("note"), max_length=400, blank=True)
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    said_at = models.DateTimeField(_("said at"))

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        ordering = ["-said_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True), name="commitment_of_a_unit_or_a_person"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="commitment_is_not_negative"),
            models.CheckConstraint(condition=~Q(act="counter") | ~Q(note=""), name="commitment_counter_has_a_note"),
        ]
        indexes = [models.Index(fields=["version", "unit", "person", "-said_at"], name="commitment_newest")]

    def __str__(self) -> str:
        return f"{self.version_id}: unit {self.unit_id} person {self.person_id} {self.act}"
