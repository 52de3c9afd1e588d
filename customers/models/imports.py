from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.intake import sentence
from teams.models import OrgUnit, User

from .deals import Deal
from .pipelines import Pipeline


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def visible_to(self, user: User) -> Self:
        """One's own imports; administrators and plan owners see all."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(uploaded_by=user)

    def unfinished(self) -> Self:
        """Files that wait for a worker, or are in the hands of one (which may have died)."""
        return self.filter(state__in=ImportFile.WORKING)


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
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused: nothing came in")
        FAILED = "failed", _("Failed")

    WORKING = (State.CHECKING, State.QUEUED, State.RUNNING)

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
    choices = models.JSONField(default=dict)  # date order, decimal mark, stage words → our stages, what blanks mean
    header = models.JSONField(default=list)  # the file's columns, in order
    profile = models.JSONField(default=dict)  # column → samples, and all words of columns with few of them
    findings = models.JSONField(default=dict)  # what the last check counted, and its notes
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    rows_total = models.PositiveIntegerField(null=True)
    next_line = models.PositiveIntegerField(default=0)
    deals_created = models.PositiveIntegerField(default=0)
    deals_changed = models.PositiveIntegerField(default=0)
    deals_unchanged = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    lines_looked_at = models.PositiveIntegerField(default=0)  # of the pass that is going on; only for the progress bar
    attempt = models.PositiveIntegerField(default=0)  # the fencing token: a writer must still hold the newest
    attempts_without_progress = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    progressed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.file_name} #{self.pk}"

    @property
    def is_working(self) -> bool:
        """Whether a worker has, or will have, something to do with it."""
        return self.state in self.WORKING

    @property
    def has_begun(self) -> bool:
        """Whether rows of it may be in already, so that its mapping stands."""
        return self.state not in (self.State.UPLOADED, self.State.CHECKING, self.State.CHECKED)


class ImportProblem(models.Model):
    """
    One thing wrong with one line of a file.

    Kept as code and facts: whoever reads it gets the sentence in their own language (`customers.intake.sentence`).
    """

    file = models.ForeignKey(ImportFile, models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=160, blank=True)
    value = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40, default="unreadable")
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["file", "line", "pk"]
        indexes = [models.Index(fields=["file", "line", "id"], name="importproblem_by_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"

    @property
    def sentence(self) -> str:
        """What is wrong, in the language of the reader."""
        return sentence(self.code, self.facts)


class ImportedDeal(models.Model):
    """
    What a source last said of a deal, and where it stands in which file.

    A row that says the same as last time (`digest`) changes nothing, whatever has happened to the deal here since; of a row
    that says something else, only what it says differently (`told`) changes.
    """

    deal = models.OneToOneField(Deal, models.CASCADE, related_name="imported", primary_key=True)
    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="deals")
    line = models.PositiveIntegerField()
    digest = models.CharField(max_length=40)
    told = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.deal_id} from {self.file_id}.{self.line}"


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
