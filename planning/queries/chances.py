"""The chance of an open deal as the last night saw it: for the page of the deal with its reasons, for the board in short."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, FloatField, QuerySet, Sum
from django.db.models.functions import Cast

from core.models import JobRun
from customers.models import Deal, Pipeline, Stage
from customers.queries import board_columns
from planning.forecasting import FACTORS
from planning.models import DealForecast, ForecastEvidence, Plan

from .calendars import fiscal_months
from .deal_rows import CERTAIN

NEUTRAL = 0.02  # a factor that moves the odds by less says nothing
LATER = "later"  # what the attributes change in the stages after this one, so that the steps end at the chance


@dataclass(frozen=True)
class Step:
    """
    One factor of a chance: which, the deal's own value (None = not recorded), the odds it puts on winning (1 = none), and
    the chance once it is taken in.
    """

    key: str
    value: str | Decimal | int | None
    odds: float
    chance: float


@dataclass(frozen=True)
class DealChance:
    """
    The chance of one open deal and what it is made of.

    base: chance by stage and age (or days to the expected close) alone; fresh: the same of a deal that enters the stage that
    day; steps lead from base to `row.p_win`. ends: last days of the running month, quarter and year with the chance to be won
    by then.
    """

    deal: Deal
    run: JobRun
    evidence: ForecastEvidence
    row: DealForecast
    base: float
    fresh: float | None
    days_in_stage: int
    days_to_close: int | None
    steps: tuple[Step, ...]
    neutral: tuple[str, ...]
    month_end: date
    by_month: float
    quarter_end: date
    by_quarter: float
    year_end: date
    by_year: float

    @property
    def is_imputed(self) -> bool:
        return bool(self.row.factors.get("imputed"))

    @property
    def weighted(self) -> Decimal:
        return Decimal(repr(self.row.p_win)) * self.row.amount

    @property
    def against_fresh(self) -> float | None:
        """How many times as often such deals are won as those that have just come into the stage."""
        return self.base / self.fresh if self.fresh else None

    @property
    def has_moved(self) -> bool:
        """Whether the deal has changed since the night: the chance is of what it was then."""
        deal, row = self.deal, self.row
        was = (row.stage_id, row.owner_id, row.expected_close_date, row.recorded_amount)
        return row.stage_id is not None and was != (
            deal.stage_id,
            deal.owner_id,
            deal.expected_close_date,
            deal.amount,
        )


def deal_chance(*, plan: Plan, run: JobRun, deal: Deal) -> DealChance | None:
    """Return the chance of a deal with its reasons; None where the night did not know the deal as open."""
    row = DealForecast.objects.filter(run=run, deal=deal).select_related("stage", "owner").first()
    if row is None:
        return None
    facts = row.factors
    base = float(facts.get("base", row.p_win))
    day, year = run.business_date, plan.fiscal_year
    months = fiscal_months(year)
    month = max((place for place in range(12) if months[place] <= day), default=0)
    quarter = month // 3 * 3 + 2

    def end(place: int) -> date:
        return (months[place + 1] if place < 11 else year.after_date) - timedelta(days=1)

    steps, neutral = _steps(deal, row, base, day)
    close = row.expected_close_date
    return DealChance(
        deal=deal,
        run=run,
        evidence=ForecastEvidence.objects.get(run=run),
        row=row,
        base=base,
        fresh=facts.get("fresh"),
        days_in_stage=int(facts.get("days_in_stage", 0)),
        days_to_close=(close - day).days if close is not None and facts.get("by_close") else None,
        steps=steps,
        neutral=neutral,
        month_end=end(month),
        by_month=_open(row.p_by_month[month]),
        quarter_end=end(quarter),
        by_quarter=_open(min(row.p_by_month[quarter], row.p_win)),
        year_end=end(11),
        by_year=_open(min(row.p_by_month[11], row.p_win)),
    )


def _open(chance: float) -> float:
    """A chance as of a deal that is still open: neither certain nor impossible, whatever was rounded away."""
    return min(max(chance, CERTAIN), 1 - CERTAIN)


def _steps(deal: Deal, row: DealForecast, base: float, day: date) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """The factors in order, each with the chance after it; the last step closes what is left to the chance itself."""
    odds = base / max(1 - base, 1e-9)
    steps, neutral = [], []
    for key in FACTORS:
        factor = float(row.factors.get(key, 1.0))
        if abs(factor - 1) < NEUTRAL:
            neutral.append(key)
            continue
        odds *= factor
        steps.append(Step(key, _value(deal, row, key, day), factor, odds / (1 + odds)))
    final = row.p_win / max(1 - row.p_win, 1e-9)
    left = final / max(odds, 1e-12)
    if abs(left - 1) >= NEUTRAL and steps:
        steps.append(Step(LATER, "", left, row.p_win))
    return tuple(steps), tuple(neutral)


def _value(deal: Deal, row: DealForecast, key: str, day: date) -> str | Decimal | int | None:
    """What the deal has for a factor: a name, an amount, or the days from entering the stage to the expected close."""
    if key == "amount":
        return None if row.factors.get("imputed") else row.amount
    if key == "lead":
        if row.expected_close_date is None:
            return None
        entered = int(row.factors.get("days_in_stage", 0))
        return (row.expected_close_date - day).days + entered
    if key == "owner":
        return str(row.owner or deal.owner)
    named = {"product": deal.product, "channel": deal.channel, "region": deal.region}[key]
    return None if named is None else named.label


@dataclass(frozen=True)
class StageWeight:
    """Open pipeline of one stage times its chances; `deals` of the board's deals are in it."""

    stage: int
    amount: Decimal
    deals: int


@dataclass(frozen=True)
class BoardChances:
    """The chances that a board shows: of each card in sight, and each column's weighted sum over all its deals."""

    run: JobRun
    cards: dict[int, float]
    weights: list[StageWeight]


def board_chances(*, run: JobRun, pipeline: Pipeline, deals: QuerySet[Deal], whole: int | None) -> BoardChances:
    """
    Return chances for the cards of a board and the weighted sum of each column.

    A deal counts in the column where it stands now, with the chance of the last night. Five queries, whatever the number of
    deals.

    :param deals: the visible deals, narrowed as the board is
    :param whole: key of the stage whose column shows all its cards
    """
    stages = list(Stage.objects.filter(pipeline=pipeline).order_by("position"))
    columns = board_columns(deals=deals, pipeline=pipeline, stages=stages, whole=whole)
    shown = [deal.pk for column in columns for deal in column.deals]
    known = DealForecast.objects.filter(run=run)
    cards = dict(known.filter(deal__in=shown).values_list("deal", "p_win"))
    here = deals.filter(pipeline=pipeline, stage__kind=Stage.Kind.OPEN).order_by().values("pk")
    sums = (
        known.filter(deal__in=here)
        .order_by()
        .values("deal__stage")
        .annotate(total=Sum(F("p_win") * Cast("amount", FloatField())), count=Count("pk"))
        .values_list("deal__stage", "total", "count")
    )
    return BoardChances(run, cards, [StageWeight(stage, Decimal(repr(total)), count) for stage, total, count in sums])
