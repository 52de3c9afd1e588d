from django.db import models
from django.db.models import Q

from teams.models import User

from .deals import Deal
from .ledger import ClockTimestamp

WHOLE = 10_000  # hundredths of a per cent


class DealCredit(models.Model):
    """
    One person's part of the credit for a deal. Append-only: a trigger refuses update and delete.

    The lines of one agreement carry one number (`seq`). Of the agreements that hold on the day a deal is won, the one with the
    highest number counts; a deal without any is its owner's alone. The shares of an agreement add up to 100 % (a deferred
    trigger, migration 0009); overlay is credit on top, shown beside and never added to a total.
    """

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="credits")
    seq = models.PositiveSmallIntegerField()
    valid_from = models.DateField()  # business day; what is won before stays as it was agreed before
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    points = models.PositiveSmallIntegerField()  # hundredths of a per cent
    is_overlay = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        ordering = ["deal", "seq", "is_overlay", "-points", "person"]
        constraints = [
            models.UniqueConstraint(fields=["deal", "seq", "person"], name="dealcredit_person_once_in_an_agreement"),
            models.CheckConstraint(
                condition=Q(points__gte=1, points__lte=WHOLE), name="dealcredit_share_above_0_to_100_percent"
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="dealcredit_numbers_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}.{self.seq} {self.person_id} {self.points / 100:g} %"

    @property
    def share(self) -> float:
        """The share, in [0, 1]."""
        return self.points / WHOLE
