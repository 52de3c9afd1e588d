from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import JobRun, Publication
from customers.models import Stage
from teams.models import User

from .plans import Plan

WARNINGS_JOB = "planning.warnings"  # its scope is the plan's key, like the forecast's


class By(models.TextChoices):
    """By what the cells under watch are cut; the key of the member stands beside it."""

    COMPANY = "company", _("Company")
    UNIT = "unit", _("Unit")
    PERSON = "person", _("Owner")
    PRODUCT = "product", _("Product line")
    CHANNEL = "channel", _("Lead source")
    REGION = "region", _("Market region")
    BAND = "band", _("Deal size")


def _money() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=16, decimal_places=2)


def _seen_by(user: User) -> Q:
    """Cells of the units in reach and of the people whose work the user sees; the company's own for who sees everything."""
    return Q(by=By.UNIT, member__in=user.units_in_reach) | Q(
        by=By.PERSON, member__in=User.objects.visible_to(user).values("pk")
    )


class WarningQuerySet(models.QuerySet["ConversionWarning"]):
    def visible_to(self, user: User) -> Self:
        """
        Warnings about the cells whose work the user may see, and those given to them.

        Company, products, lead sources, regions and deal sizes are figures of everybody's work together.
        """
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(_seen_by(user) | Q(owner=user))

    def current(self) -> Self:
        """Those whose conversion has neither come back nor faded yet, whatever people did with them."""
        return self.filter(recovered_date__isnull=True, faded_date__isnull=True)

    def waiting(self) -> Self:
        """Those that ask for somebody's attention: pushed, not back, neither put off nor closed."""
        return self.current().filter(
            pushed_date__isnull=False,
            status__in=[ConversionWarning.Status.OPEN, ConversionWarning.Status.ACKNOWLEDGED],
        )


class ConversionWarning(models.Model):
    """
    A conversion below its own history: one cell (stage × member), from the night that found it until it is back or faded.

    The nights write the figures, people the handling; both meet in `status`. What faded was not found for long, and why
    it is kept no longer stands in `faded_why`; see `services.watching`.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("warning", "Open")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        SNOOZED = "snoozed", _("Put off")
        RECOVERED = "recovered", _("Recovered")
        FADED = "faded", pgettext_lazy("warning", "Faded")
        CLOSED = "closed", pgettext_lazy("warning", "Closed")

    class Fading(models.TextChoices):
        NO_GAP = "no_gap", _("the shortfall is no larger than chance any more")
        TOO_FEW = "too_few", _("too few deals have passed to tell")
        USUAL = "usual", _("the lower level has become the usual one")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    by = models.CharField(max_length=8, choices=By)
    member = models.BigIntegerField(default=0)  # key of the unit, person …; lower bound of a deal size; 0 = the company
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.OPEN)
    found_date = models.DateField()  # the night that found it
    since_date = models.DateField()  # the history it is compared with ends here
    last_date = models.DateField()  # the last night that still found it
    pushed_date = models.DateField(null=True)  # the first night with evidence enough to call people
    recovered_date = models.DateField(null=True)
    faded_date = models.DateField(null=True)
    faded_why = models.CharField(max_length=8, choices=Fading, blank=True)
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person in charge")
    )
    due_date = models.DateField(_("due on"), null=True, blank=True)
    snoozed_until = models.DateField(_("put off until"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    at_stake = _money()
    facts = models.JSONField(default=dict)  # the last night's evidence, see queries.watching
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WarningQuerySet.as_manager()

    class Meta:
        ordering = ["-at_stake", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "by", "member"],
                condition=Q(recovered_date__isnull=True, faded_date__isnull=True),
                name="warning_one_current_per_cell",
            ),
            models.CheckConstraint(
                condition=(Q(faded_date__isnull=True) & Q(faded_why=""))
                | (Q(faded_date__isnull=False) & ~Q(faded_why="") & Q(recovered_date__isnull=True)),
                name="warning_faded_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(status="faded") | Q(faded_date__isnull=False),
                name="warning_faded_on_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(status="recovered") | Q(recovered_date__isnull=False),
                name="warning_recovered_on_a_day",
            ),
            models.CheckConstraint(
                condition=(Q(status="snoozed") & Q(snoozed_until__isnull=False))
                | (~Q(status="snoozed") & Q(snoozed_until__isnull=True)),
                name="warning_put_off_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(last_date__gte=F("found_date")) & Q(found_date__gte=F("since_date")),
                name="warning_days_in_order",
            ),
            models.CheckConstraint(condition=Q(at_stake__gte=0), name="warning_stake_not_negative"),
        ]
        indexes = [models.Index(fields=["by", "member"], name="warning_by_member")]

    def __str__(self) -> str:
        return f"{self.stage_id} {self.by} {self.member}"

    @property
    def is_current(self) -> bool:
        return self.recovered_date is None and self.faded_date is None


class WarningNight(models.Model):
    """What one night saw of a warning's cell."""

    warning = models.ForeignKey(ConversionWarning, models.CASCADE, related_name="nights")
    date = models.DateField()
    is_found = models.BooleanField()  # the screen found it this night
    is_pushed = models.BooleanField()
    observed = models.FloatField()  # in the last six weeks, against the history before the warning
    expected = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    is_back = models.BooleanField(null=True)  # null = too few to tell
    at_stake = _money()

    class Meta:
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["warning", "date"], name="warningnight_once_per_night"),
            models.CheckConstraint(
                condition=Q(observed__gte=0) & Q(expected__gte=0), name="warningnight_counts_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.date}"

    @property
    def ratio(self) -> float | None:
        return self.observed / self.expected if self.expected else None


class Watched(models.Model):
    """What a night looked at: how many cells, how many too few to tell, found, pushed; one row per run."""

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="watched")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="+")
    as_of_date = models.DateField()
    until_date = models.DateField()  # money is reckoned until here
    cells = models.PositiveIntegerField()
    too_few = models.PositiveIntegerField()
    found = models.PositiveIntegerField()
    pushed = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.run_id}"


class LeverQuerySet(models.QuerySet["Lever"]):
    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(_seen_by(user))

    def shown(self) -> Self:
        """Levers of the published nights."""
        return self.filter(run__in=Publication.objects.filter(job=WARNINGS_JOB).values("run"))


class Lever(models.Model):
    """
    What one stage of one unit or person would bring until the plan's year ends, moved to its own history or to its peers.

    Rates are the share of stays that leave forwards within the time left; observed, expected: forward steps of the last four
    months against history, with the 80 % interval of their ratio.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="+")
    by = models.CharField(max_length=8, choices=By)
    member = models.BigIntegerField()
    rate_now = models.FloatField()
    rate_usual = models.FloatField()
    rate_peers = models.FloatField(null=True)
    observed = models.FloatField()
    expected = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    leaving = models.PositiveIntegerField()
    is_enough = models.BooleanField()  # else: too few to tell
    to_come = models.FloatField()
    gain_usual = _money()
    gain_peers = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    cause = models.CharField(max_length=10)

    objects = LeverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "stage", "by", "member"], name="lever_once_per_cell"),
            models.CheckConstraint(condition=Q(by__in=["unit", "person"]), name="lever_of_a_unit_or_a_person"),
            models.CheckConstraint(
                condition=Q(gain_usual__gte=0) & (Q(gain_peers__isnull=True) | Q(gain_peers__gte=0)),
                name="lever_gains_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.stage_id} {self.by} {self.member}"


class WarningDigest(models.Model):
    """The weekly mail to one person; the row is the promise that it leaves once."""

    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    week_date = models.DateField()  # the Monday
    warnings = models.PositiveIntegerField()
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "week_date"], name="warningdigest_once_per_person_and_week"),
            models.CheckConstraint(condition=Q(week_date__iso_week_day=1), name="warningdigest_week_begins_on_monday"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.week_date}"
