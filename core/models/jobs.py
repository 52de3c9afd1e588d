from django.db import models
from django.db.models import Q


class JobRun(models.Model):
    """One run of a job for one scope and business date; a later revision recomputes it, the earlier one stays."""

    class State(models.TextChoices):
        DUE = "due"
        RUNNING = "running"
        PUBLISHED = "published"
        HELD = "held"  # computed, but the checks before publication said no
        FAILED = "failed"

    job = models.CharField(max_length=60)
    scope = models.CharField(max_length=60)
    business_date = models.DateField()
    revision = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    attempt = models.PositiveSmallIntegerField(default=0)  # the fencing token: a writer must still hold the newest
    rows = models.PositiveIntegerField(null=True)
    control = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "scope", "business_date", "revision"],
                name="jobrun_one_per_job_scope_date_revision",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(finished_at__isnull=False),
                name="jobrun_published_is_finished",
            ),
        ]
        indexes = [
            models.Index(
                fields=["job", "scope", "-business_date", "-revision"],
                name="jobrun_newest",
            )
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.scope} {self.business_date} r{self.revision}"


class Publication(models.Model):
    """The pointer that readers follow: which run of a job is the current one. Publishing is one swap of it."""

    job = models.CharField(max_length=60)
    scope = models.CharField(max_length=60)
    run = models.ForeignKey(JobRun, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "scope"], name="publication_one_per_job_and_scope")]

    def __str__(self) -> str:
        return f"{self.job} {self.scope}"


class WorkerSeen(models.Model):
    """When a Celery worker last did something: a row for each queue."""

    queue = models.CharField(max_length=60, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.queue
