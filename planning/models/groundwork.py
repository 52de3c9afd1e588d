from django.db import models

from core.models import JobRun

GROUNDWORK = "planning.groundwork"  # the job whose runs these rows belong to; its scope is the time zone of its days


class Groundwork(models.Model):
    """
    What the nights of a month start from: what was learnt from all that was known before the month; one row per run.

    `lessons` are arrays, see `core.arrays`; `layout` names the stages and the arithmetic that they belong to. `rates` and
    `steps` are the tables of the deals that were closed then, see `queries.settled`.
    """

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="groundwork")
    attempt = models.PositiveSmallIntegerField()  # of the run; the parts of the same attempt belong to it
    as_of_date = models.DateField()
    layout = models.CharField(max_length=80)
    read_from = models.BigIntegerField()  # no line of the month itself has a lower key than this
    read_to = models.BigIntegerField()  # the highest key of a line when the reading began
    lines = models.BigIntegerField()
    parts = models.PositiveIntegerField()  # ranges of equally many keys between the first and the last deal
    first_deal = models.BigIntegerField()
    last_deal = models.BigIntegerField()
    lessons = models.BinaryField()
    rates = models.BinaryField(default=b"")
    steps = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return f"{self.as_of_date}"

    def deals_of(self, number: int) -> tuple[int, int]:
        """First and last key of the deals of a part, from 0."""
        width = -(-(self.last_deal - self.first_deal + 1) // self.parts)
        return self.first_deal + number * width, self.first_deal + (number + 1) * width - 1


class GroundworkPart(models.Model):
    """
    A range of deals, each with what it is and where it stood when the month began: the last line that a night needs.

    One worker makes one part, in one transaction; a part made twice is the same part.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    attempt = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    lines = models.BigIntegerField()
    deals = models.BinaryField()
    alive = models.BinaryField(default=b"")  # all lines of the deals that were open
    edge = models.BinaryField(default=b"")  # stays of closed deals that the tables of rates leave to each night
    exits = models.BinaryField(default=b"")  # the last stays of closed deals, for the causes of a warning
    months = (
        models.BinaryField()
    )  # this range's share of the months' tables, until they are added up; like the next two
    rates = models.BinaryField(default=b"")
    steps = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "number"], name="groundworkpart_once_in_an_attempt")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}.{self.attempt}.{self.number}"


class ExposureMonth(models.Model):
    """Events and days at risk of all stays that ended in one calendar month, by stage, age and destination (arrays)."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    month = models.DateField()
    tables = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "month"], name="exposuremonth_once_in_a_run")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.month:%Y-%m}"
