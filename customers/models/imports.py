from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .pipelines import Pipeline


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def visible_to(self, user: User) -> Self:
        """One's own imports; administrators and plan owners see all."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(uploaded_by=user)

    def unfinished(self) -> Self:
        return self.filter(state__in=[ImportFile.State.QUEUED, ImportFile.State.RUNNING])


class ImportFile(models.Model):
    """
    A file of deal history on its way in: uploaded, mapped, checked, running, done.

    `next_line` is the resume mark: all lines before it are in, committed together with the rows they brought.
    """

    class Shape(models.TextChoices):
        DEALS = "deals", _("One row per deal")
        EVENTS = "events", _("One row per stage event")

    class Policy(models.TextChoices):
        ALL = "all", _("All or nothing: any problem stops the import")
        ROWS = "rows", _("Row by row: good rows come in, problem rows are listed")

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CHECKED = "checked", _("Checked")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused: nothing came in")
        FAILED = "failed", _("Failed")

    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="imports")
    file = models.FileField(upload_to="imports/%Y/%m")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(_("source system"), max_length=40)
    shape = models.CharField(_("shape"), max_length=6, choices=Shape)
    policy = models.CharField(_("when rows have problems"), max_length=4, choices=Policy, default=Policy.ALL)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, null=True, blank=True, verbose_name=_("pipeline"))
    unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("unit for owners who are new here"),
    )
    mapping = models.JSONField(default=dict)  # field of ours → column of the file
    choices = models.JSONField(default=dict)  # date order, stage words → our stages
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    rows_total = models.PositiveIntegerField(null=True)
    next_line = models.PositiveIntegerField(default=0)
    deals_created = models.PositiveIntegerField(default=0)
    deals_changed = models.PositiveIntegerField(default=0)
    deals_unchanged = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.file_name} #{self.pk}"


class ImportProblem(models.Model):
    """One thing wrong with one line of a file."""

    file = models.ForeignKey(ImportFile, models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=160, blank=True)
    value = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=400)

    class Meta:
        ordering = ["file", "line", "pk"]

    def __str__(self) -> str:
        return f"{self.line}: {self.message}"


class ColumnMapping(models.Model):
    """A mapping of columns that worked, remembered by the file's head line, so that the next file maps itself."""

    header_sha256 = models.CharField(max_length=64)
    shape = models.CharField(max_length=6, choices=ImportFile.Shape)
    mapping = models.JSONField()
    choices = models.JSONField(default=dict)
    saved_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["header_sha256", "shape", "saved_by"],
                name="columnmapping_one_per_header",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.header_sha256[:8]} {self.shape}"
