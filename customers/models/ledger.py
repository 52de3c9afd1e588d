from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .deals import Deal
from .pipelines import Stage


class ClockTimestamp(models.Func):
    """The database's wall clock, which moves on within a transaction."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


class StageEvent(models.Model):
    """
    One line of a deal's stage history. Append-only: a trigger refuses update and delete.

    `occurred_at` is when it happened in the business (cycle times), `recorded_at` when it became known (what a past
    forecast could have seen). Lines of a deal are numbered 1..n without a gap, and each begins where the one before ended:
    a foreign key on (deal, seq - 1, from_stage) → (deal, seq, to_stage) holds it (migration 0002).
    """

    class Kind(models.TextChoices):
        CREATE = "create", _("Created")
        MOVE = "move", _("Moved on")
        BACK = "back", _("Moved back")
        REOPEN = "reopen", _("Reopened")
        AMEND = "amend", _("Amount or date changed")

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    prev_seq = models.GeneratedField(
        expression=NullIf(F("seq") - Value(1), Value(0)),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    kind = models.CharField(max_length=10, choices=Kind)
    from_stage = models.ForeignKey(Stage, models.PROTECT, null=True, related_name="+")
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    expected_close_date = models.DateField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        ordering = ["deal", "seq"]
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "seq", "to_stage"],
                name="stageevent_number_once_in_a_deal",
            ),
            models.UniqueConstraint(fields=["deal", "seq"], name="stageevent_one_line_per_number"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="stageevent_numbers_from_one"),
            models.CheckConstraint(
                condition=Q(seq=1, from_stage__isnull=True, kind="create")
                | (Q(seq__gt=1, from_stage__isnull=False) & ~Q(kind="create")),
                name="stageevent_first_line_creates",
            ),
            models.CheckConstraint(
                condition=Q(kind="create")
                | Q(kind="amend", from_stage=F("to_stage"))
                | (~Q(kind="amend") & ~Q(from_stage=F("to_stage"))),
                name="stageevent_a_move_changes_the_stage",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0),
                name="stageevent_amount_is_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["back", "reopen"]) | ~Q(reason=""),
                name="stageevent_going_back_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["recorded_at"], name="stageevent_recorded")]

    def __str__(self) -> str:
        return f"{self.deal_id}.{self.seq} {self.kind}"
