from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Deal
from teams.models import OrgUnit, User

from .plans import Plan


class CallQuerySet(models.QuerySet["ForecastCall"]):
    def visible_to(self, user: User) -> Self:
        """Calls about the units and people whose work the user may see."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach))

    def in_force(self) -> Self:
        """Of each caller the newest call about each unit or person and period: the one in force."""
        about = ("plan_id", "unit_id", "person_id", "period", "caller_id")
        return self.order_by(*about, "-called_at", "-pk").distinct(*about)


class ForecastCall(models.Model):
    """
    What a person says a period will bring, beside what is computed; it never replaces it. Append-only: the newest of a
    caller is in force, the earlier ones are the history.

    commit: what the caller stands for; best_case: what it may become. Of one's own (a person about themself, a manager about a
    unit of theirs) a call needs no reason; whoever judges for somebody below gives one. computed: what the last night
    expected at that moment, so that both are scored on the same day.
    """

    class Stand(models.TextChoices):
        OWN = "own", _("their own")
        ABOVE = "above", _("from above")

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="calls")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    period = models.CharField(_("period"), max_length=3)  # M01 … M12, Q1 … Q4, FY of the plan's year
    caller = models.ForeignKey(User, models.PROTECT, related_name="+")
    stand = models.CharField(max_length=5, choices=Stand)
    commit = models.DecimalField(_("commit"), max_digits=16, decimal_places=2)
    best_case = models.DecimalField(_("best case"), max_digits=16, decimal_places=2, null=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    computed = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    called_at = models.DateTimeField(_("called at"))

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-called_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True), name="forecastcall_of_a_unit_or_a_person"
            ),
            models.CheckConstraint(
                condition=Q(commit__gte=0) & (Q(best_case__isnull=True) | Q(best_case__gte=models.F("commit"))),
                name="forecastcall_best_case_is_not_below_commit",
            ),
            models.CheckConstraint(
                condition=Q(stand="own") | ~Q(reason=""), name="forecastcall_from_above_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(period__regex=r"^(M(0[1-9]|1[0-2])|Q[1-4]|FY)$"), name="forecastcall_period_of_the_plan"
            ),
        ]
        indexes = [models.Index(fields=["plan", "period", "unit", "person"], name="forecastcall_subject")]

    def __str__(self) -> str:
        return f"{self.caller_id}: unit {self.unit_id} person {self.person_id} {self.period}"

    @property
    def over_computed(self) -> Decimal | None:
        """The commit less what was computed at that moment."""
        return None if self.computed is None else self.commit - self.computed


class DealCall(models.Model):
    """
    A person's judgement of one deal, beside its computed chance. Append-only; the newest of a caller is in force.

    The category is human, the stage is a step of the process: neither follows from the other.
    """

    class Category(models.TextChoices):
        COMMIT = "commit", _("Commit")
        BEST_CASE = "best_case", _("Best case")
        PIPELINE = "pipeline", _("Pipeline")
        OMITTED = "omitted", _("Left out")

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="calls")
    caller = models.ForeignKey(User, models.PROTECT, related_name="+")
    category = models.CharField(_("category"), max_length=9, choices=Category)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    p_win = models.FloatField(null=True)  # computed at that moment
    called_at = models.DateTimeField(_("called at"))

    class Meta:
        ordering = ["-called_at", "-pk"]
        indexes = [models.Index(fields=["deal", "-called_at"], name="dealcall_newest")]

    def __str__(self) -> str:
        return f"{self.caller_id}: {self.deal_id} {self.category}"
