from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


class Capability(models.TextChoices):
    """What a person may do beyond their own deals; managing a unit is a row of `Management`, not a capability."""

    REP = "rep", _("Sales rep")
    LEAD = "lead", _("Team lead")
    SUPERVISOR = "supervisor", _("Sales supervisor")
    PLAN_OWNER = "plan_owner", _("Plan owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    HR = "hr", _("Human resources")


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def visible_to(self, user: "User") -> Self:
        """
        People whose work the user may see: themselves, the people below the units they manage today, or everybody.

        The same set decides whose deals, customers, targets and forecasts are visible.
        """
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        below = apps.get_model("teams", "Membership").objects.current().filter(unit__in=user.units_in_reach)
        return self.filter(Q(pk=user.pk) | Q(pk__in=below.values("user")))

    def known_to(self, user: "User") -> Self:
        """People whose *names* the user may see: those visible, their own team, and their managers up the tree."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        team = apps.get_model("teams", "Membership").objects.current().filter(unit__in=user.home_units[:1])
        chain = apps.get_model("teams", "Management").objects.current().filter(unit__in=user.home_units)
        return self.filter(
            Q(pk__in=User.objects.visible_to(user).values("pk"))
            | Q(pk__in=team.values("user"))
            | Q(pk__in=chain.values("user"))
        )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]  # built by Django
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user: User = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):  # type: ignore[django-manager-missing]  # knox names its relation without types
    """A person who signs in, or once did: a former person keeps the record and loses the sign-in."""

    class Theme(models.TextChoices):
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=80)
    capabilities = ArrayField(
        models.CharField(max_length=20, choices=Capability),
        default=list,
        verbose_name=_("capabilities"),
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.LIGHT)
    weekly_mail = models.BooleanField(_("weekly mail of what waits"), default=True)
    hired_date = models.DateField(_("hired on"), null=True, blank=True)
    left_date = models.DateField(_("left on"), null=True, blank=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demo = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_in_lower_case"),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="user_external_id_once",
            ),
        ]
        indexes = [models.Index(fields=["name"], name="user_name")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def roles(self) -> list[str]:
        """The capabilities in words, in the order of the trade."""
        return [str(capability.label) for capability in Capability if capability in self.capabilities]

    def can(self, *capabilities: Capability) -> bool:
        return self.is_active and any(capability in self.capabilities for capability in capabilities)

    @property
    def sees_everything(self) -> bool:
        """Plan owners and administrators see the whole company's plan and deals; HR data is another matter."""
        return self.can(Capability.PLAN_OWNER, Capability.ADMINISTRATOR)

    @cached_property
    def units_in_reach(self) -> list[int]:
        """Keys of the units that this person manages today, with all below; read once per object."""
        keys: list[int] = apps.get_model("teams", "OrgUnit").objects.keys_below(managed_by=self)
        return keys

    @cached_property
    def home_units(self) -> list[int]:
        """Keys of the unit this person belongs to today and of all above it, own unit first; read once per object."""
        keys: list[int] = apps.get_model("teams", "OrgUnit").objects.keys_above(member=self)
        return keys

    @property
    def is_manager(self) -> bool:
        return self.sees_everything or bool(self.units_in_reach)

    # Django's sign-in machinery asks these three; the product's rights are capabilities and policies.
    @property
    def is_staff(self) -> bool:
        return False

    @property
    def is_superuser(self) -> bool:
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name
