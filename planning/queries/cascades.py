"""
A target spread over the units and people directly below it, as a proposal: what each would get, and what it has now.

What is spread = the target × the per cent asked for, less what those below keep. Kept are rows with a reason to be, and
rows that the reader may not set, their own above all. Floors and caps are amounts, or per cent of the even share of those
among whom is spread. Stretch and challenge follow in proportion to the amounts, each exact to the cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy

from .below import Spot
from .targets import Amounts
from .weights import Method, Weight


class MonthShape(models.TextChoices):
    PARENT = "parent", gettext_lazy("As the target above")
    SEASON = "season", gettext_lazy("Each by its own season")


@dataclass(frozen=True)
class Bound:
    """A floor or cap: an amount, or per cent of the even share."""

    amount: Decimal | None = None
    percent: Decimal | None = None

    def of(self, even: Decimal) -> Decimal | None:
        return self.amount if self.percent is None else even * self.percent / 100


@dataclass(frozen=True)
class SpotWish:
    """
    What is wished for one spot directly below.

    :param keep: a reason keeps the amount it has, "" lets it be spread again; None = as it is
    """

    weight: Decimal | None = None
    bucket: str = ""
    floor: Bound | None = None
    cap: Bound | None = None
    keep: str | None = None


@dataclass(frozen=True)
class Wish:
    """
    How a target is to be spread.

    :param percent: of the target that is spread; above 100, more than the target is assigned
    :param deep: also what each unit gets over those below it, and so on down to the people
    :param fill: by capacity, whoever has no full quota gets the mean of those in the unit; else they stop the spread
    :param floor, cap: of everybody without one of their own
    :param buckets: per cent of what is spread, by the name of the bucket; together 100
    """

    method: Method
    percent: Decimal = Decimal(100)
    deep: bool = False
    fill: bool = False
    shape: MonthShape = MonthShape.PARENT
    floor: Bound | None = None
    cap: Bound | None = None
    buckets: Mapping[str, Decimal] = field(default_factory=dict)
    spots: Mapping[str, SpotWish] = field(default_factory=dict)

    def of(self, key: str) -> SpotWish:
        return self.spots.get(key, _NOTHING)


_NOTHING = SpotWish()


@dataclass(frozen=True)
class Share:
    """
    What one spot below would get. `months`, `stretch_over` and `challenge_over` are those of the proposal.

    :param proposed: None for a kept row without a target
    :param share: of all that stands below the same unit after the spread, in [0, 1]
    :param kept: why it keeps what it has; empty where it does not
    :param may_set: False for a row that the reader may not set
    """

    spot: Spot
    depth: int
    proposed: Decimal | None
    months: Amounts | None
    stretch_over: Decimal | None
    challenge_over: Decimal | None
    last_year: Decimal
    weight: Weight | None
    share: float | None
    kept: str
    may_set: bool

    @property
    def is_changed(self) -> bool:
        """Whether carrying it out writes the row."""
        target = self.spot.target
        if self.kept or self.proposed is None:
            return False
        return target is None or (target.total, target.stretch_over, target.challenge_over, target.kept_reason) != (
            self.proposed,
            self.stretch_over,
            self.challenge_over,
            "",
        )

    @property
    def difference(self) -> Decimal | None:
        if self.proposed is None:
            return None
        return self.proposed - (self.spot.total or Decimal(0))


@dataclass(frozen=True)
class Proposal:
    """
    :param asked: the target × the per cent asked for; `kept` stands already, the rest is spread
    :param problems: why it cannot be carried out, as (field, sentence); `shares` then show what there is now
    :param notes: what stood in where a method had nothing to go by
    """

    parent: Spot
    asked: Decimal
    kept: Decimal
    shares: Sequence[Share]
    sentence: str
    problems: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    @property
    def direct(self) -> list[Share]:
        return [share for share in self.shares if share.depth == 0]

    @property
    def planned(self) -> Decimal:
        return sum((share.proposed for share in self.direct if share.proposed is not None), Decimal("0.00"))

    @property
    def seen(self) -> dict[str, int]:
        """The versions of the rows that the proposal was made from."""
        return {share.spot.key: share.spot.lock_version for share in self.shares}
