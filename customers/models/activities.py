from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .customers import Customer
from .deals import Deal


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, user: User) -> Self:
        """Activities of people whose work the user may see, and all on deals that the user may see."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        people = User.objects.visible_to(user).values("pk")
        return self.filter(Q(person__in=people) | Q(deal__owner__in=people))

    def with_sight(self, user: User) -> Self:
        """
        Add `sees_deal` and `sees_customer`: one's own activity stays when its deal or customer goes to somebody else.

        Whoever shows an activity then shows its subject, and nothing of what is no longer the reader's.
        """
        return self.annotate(
            sees_deal=Exists(Deal.objects.visible_to(user).filter(pk=OuterRef("deal"))),
            sees_customer=Exists(Customer.objects.visible_to(user).filter(pk=OuterRef("customer"))),
        )

    def planned(self) -> Self:
        return self.filter(done_at__isnull=True)

    def done(self) -> Self:
        return self.filter(done_at__isnull=False)


class Activity(models.Model):
    """A call, visit, mail or meeting, planned (due) or done, with a customer and mostly about a deal."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        MAIL = "mail", _("Mail")
        MEETING = "meeting", _("Meeting")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    deal = models.ForeignKey(
        Deal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=_("deal"),
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=_("customer"),
    )
    person = models.ForeignKey(User, models.PROTECT, related_name="activities", verbose_name=_("who"))
    subject = models.CharField(_("subject"), max_length=160)
    note = models.TextField(_("note"), blank=True, max_length=4000)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "activities"
        constraints = [
            models.CheckConstraint(
                condition=Q(deal__isnull=False) | Q(customer__isnull=False),
                name="activity_is_about_a_deal_or_a_customer",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | Q(done_at__isnull=False),
                name="activity_is_planned_or_done",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "due_at"],
                condition=Q(done_at__isnull=True),
                name="activity_open_by_person",
            ),
            models.Index(fields=["deal", "-done_at"], name="activity_deal_done"),
        ]

    def __str__(self) -> str:
        return self.subject
