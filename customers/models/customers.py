from typing import Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .pipelines import Region


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> Self:
        """Customers whose owner the user may see, and those with a deal that the user may see."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        people = User.objects.visible_to(user).values("pk")
        return self.filter(
            Q(owner__in=people)
            | Exists(apps.get_model("customers", "Deal").objects.filter(customer=OuterRef("pk"), owner__in=people))
        )


class Tier(models.TextChoices):
    """How much a customer matters to the company. No tier: nobody has said yet."""

    STRATEGIC = "strategic", _("Strategic customer")
    KEY = "key", _("Key customer")
    ORDINARY = "ordinary", _("Ordinary customer")


class Customer(models.Model):
    """A company that buys, or may."""

    name = models.CharField(_("name"), max_length=160)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="customers",
        verbose_name=_("owner"),
    )
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="customers",
        verbose_name=_("region"),
    )
    industry = models.CharField(_("industry"), max_length=80, blank=True)
    tier = models.CharField(_("customer tier"), max_length=12, choices=Tier, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=4000)
    is_demo = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="customer_external_id_once",
            ),
        ]
        indexes = [models.Index(fields=["name"], name="customer_name")]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person at a customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=80)
    role = models.CharField(_("role"), max_length=80, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
