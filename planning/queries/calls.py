"""What people say a period will bring, beside what is computed, and how well either did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.models import JobRun
from core.periods import add_months
from customers.models import Deal
from planning.models import DealCall, ForecastCall, NodeForecast, Plan
from teams.models import User

from .forecasts import MONTH_PERIODS, QUARTER_PERIODS, YEAR, Node
from .snapshot import PERIODS, SPANS

CALLED_PERIODS = (*MONTH_PERIODS, *QUARTER_PERIODS, YEAR)
ENOUGH_SCORED = 4  # fewer ended periods say nothing about who is nearer


def period_days(plan: Plan, period: str) -> tuple[date, date]:
    """Return the first day of a period and the first after it."""
    start, stop = SPANS[PERIODS.index(period)].tolist()
    first = plan.fiscal_year.first_date
    return add_months(first, start), add_months(first, stop)


def calls_beside(
    plan: Plan, nodes: Sequence[Node], *, period: str, user: User
) -> dict[tuple[int | None, int | None], list[ForecastCall]]:
    """
    Return the calls in force about several nodes, by (unit, person): the reader's own first, then the newest. One query.
    """
    found: dict[tuple[int | None, int | None], list[ForecastCall]] = {}
    calls = ForecastCall.objects.visible_to(user).filter(plan=plan, period=period).in_force().select_related("caller")
    wanted = {_key(node) for node in nodes}
    for call in sorted(calls, key=lambda call: (call.caller_id != user.pk, -call.called_at.timestamp())):
        if (call.unit_id, call.person_id) in wanted:
            found.setdefault((call.unit_id, call.person_id), []).append(call)
    return found


def _key(node: Node) -> tuple[int | None, int | None]:
    return (node.unit.pk if node.unit else None, node.person.pk if node.person else None)


@dataclass(frozen=True)
class CallScore:
    """
    One call of an ended period against what came, beside what was computed at the moment of the call.

    days_to_go: days from the call to the period's end. error, model_error: commit, computed − actual.
    """

    call: ForecastCall
    first: date
    days_to_go: int
    actual: Decimal

    @property
    def error(self) -> Decimal:
        return self.call.commit - self.actual

    @property
    def model_error(self) -> Decimal | None:
        return None if self.call.computed is None else self.call.computed - self.actual

    @property
    def is_held(self) -> bool:
        """Whether at least the commit came."""
        return self.actual >= self.call.commit


@dataclass(frozen=True)
class CallRecord:
    """
    How a caller did over several ended periods. wape: Σ|error| ÷ Σ actual, bias: Σ error ÷ Σ actual, for the commit and for
    what was computed at the same moments; None where nothing came in all of them.
    """

    caller: User
    scores: tuple[CallScore, ...]

    @property
    def _came(self) -> Decimal:
        return sum((score.actual for score in self.scores), Decimal(0))

    @property
    def wape(self) -> float | None:
        return float(sum(abs(score.error) for score in self.scores) / self._came) if self._came else None

    @property
    def bias(self) -> float | None:
        return float(sum(score.error for score in self.scores) / self._came) if self._came else None

    @property
    def model_wape(self) -> float | None:
        errors = [score.model_error for score in self.scores]
        known = [abs(error) for error in errors if error is not None]
        return float(sum(known) / self._came) if self._came and len(known) == len(errors) else None

    @property
    def held(self) -> int:
        """How often at least the commit came."""
        return sum(score.is_held for score in self.scores)

    @property
    def is_enough(self) -> bool:
        return len(self.scores) >= ENOUGH_SCORED


def call_scores(
    *, plan: Plan, run: JobRun, user: User, node: Node | None = None, days_to_go: int = 0
) -> list[CallScore]:
    """
    Return the calls of ended periods that the user may see, each against what came in the end: of every caller, subject and
    period the last call made while at least so many days were left. Newest period first.

    What came is what the shown night booked; a period has ended when it did before that night.
    :param node: only calls about this unit or person; None = about everybody in sight
    """
    ended = {
        period: (first, after)
        for period in CALLED_PERIODS
        for first, after in [period_days(plan, period)]
        if after <= run.business_date
    }
    calls = ForecastCall.objects.visible_to(user).filter(plan=plan, period__in=ended)
    if node is not None:
        calls = calls.filter(unit=node.unit, person=node.person)
    zone = ZoneInfo(plan.time_zone)
    last: dict[tuple[object, ...], tuple[ForecastCall, int]] = {}
    for call in calls.select_related("caller", "unit", "person").order_by("called_at", "pk"):
        left = (ended[call.period][1] - _day(call.called_at, zone)).days
        if left >= max(days_to_go, 1):
            last[call.unit_id, call.person_id, call.period, call.caller_id] = (call, left)
    came = _booked(run, [call for call, _left in last.values()])
    scores = [
        CallScore(call, ended[call.period][0], left, came[key])
        for call, left in last.values()
        if (key := (call.unit_id, call.person_id, call.period)) in came
    ]
    return sorted(scores, key=lambda score: (score.first, score.call.called_at), reverse=True)


def call_records(scores: Iterable[CallScore]) -> list[CallRecord]:
    """Gather scores by caller, by name."""
    by_caller: dict[int, list[CallScore]] = {}
    for score in scores:
        by_caller.setdefault(score.call.caller_id, []).append(score)
    records = [CallRecord(found[0].call.caller, tuple(found)) for found in by_caller.values()]
    return sorted(records, key=lambda record: (record.caller.name, record.caller.pk))


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _booked(run: JobRun, calls: Sequence[ForecastCall]) -> dict[tuple[int | None, int | None, str], Decimal]:
    rows = NodeForecast.objects.filter(run=run, period__in={call.period for call in calls})
    return {
        (unit, person, period): booked
        for unit, person, period, booked in rows.values_list("unit", "person", "period", "booked")
    }


@dataclass(frozen=True)
class DealCalls:
    """What people say about one deal: the calls in force, the owner's first; `mine` is the reader's."""

    calls: tuple[DealCall, ...]
    mine: DealCall | None


def deal_calls(deal: Deal, user: User) -> DealCalls:
    """Return the judgements in force about a deal that the user may see."""
    newest = DealCall.objects.filter(deal=deal).order_by("caller_id", "-called_at", "-pk").distinct("caller_id")
    calls = sorted(
        newest.select_related("caller"), key=lambda call: (call.caller_id != deal.owner_id, call.caller.name)
    )
    return DealCalls(tuple(calls), next((call for call in calls if call.caller_id == user.pk), None))


@dataclass(frozen=True)
class CategoryRecord:
    """Of closed deals that somebody called so last: how many, how many won, and what was computed on the same days."""

    category: str
    deals: int
    won: int
    computed: float | None

    @property
    def label(self) -> str:
        return str(DealCall.Category(self.category).label)

    @property
    def rate(self) -> float:
        return self.won / self.deals


def category_records(user: User, *, since: date | None = None) -> list[CategoryRecord]:
    """Return how each category of judgement came out, over the closed deals that the user may see; no category is assumed to
    come true at some rate: this measures it."""
    calls = DealCall.objects.filter(deal__in=Deal.objects.visible_to(user).filter(closed_date__isnull=False))
    if since is not None:
        calls = calls.filter(deal__closed_date__gte=since)
    newest = (
        calls.order_by("deal_id", "caller_id", "-called_at", "-pk")
        .distinct("deal_id", "caller_id")
        .select_related("deal__stage")
    )
    found: dict[str, list[DealCall]] = {}
    for call in newest.select_related("deal__stage"):
        found.setdefault(call.category, []).append(call)
    return [
        CategoryRecord(
            category,
            len(found[category]),
            sum(call.deal.stage.kind == "won" for call in found[category]),
            _mean([call.p_win for call in found[category]]),
        )
        for category in DealCall.Category.values
        if category in found
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
