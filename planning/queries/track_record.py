"""
How good the forecast has been: predicted against actual at fixed days to go, and whether it beats the simple ways.

A number without skill is no news but noise: where, over the last eight months, the forecast of a unit or person was no closer
than its run rate, `Verdict.hides` says so, and the pages show the run rate instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from core.models import JobRun, Publication
from planning.forecasting import QUANTILES, scores
from planning.forecasting.scores import Reliability
from planning.models import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast
from teams.models import User

from .forecasts import Node

JUDGED = 8  # months that must be over, and were forecast, before there is a verdict
JUDGED_AT = PastForecast.Horizon.D30
HORIZONS = tuple(PastForecast.Horizon.values)
_QUANTILES = ("p025", "p10", "p25", "p50", "p75", "p90", "p975")

Floats = npt.NDArray[np.float64]
Key = tuple[int | None, int | None]  # unit, person


@dataclass(frozen=True)
class Verdict:
    """
    Whether the forecast of a node has shown skill over its run rate.

    :param periods: months that could be judged, at most JUDGED
    :param skill: 1 - its absolute error ÷ that of the run rate; None where nothing could be judged
    """

    periods: int
    skill: float | None

    @property
    def is_judged(self) -> bool:
        return self.periods >= JUDGED

    @property
    def hides(self) -> bool:
        """Over the last eight months no closer than the run rate: the forecast is not shown."""
        return self.is_judged and (self.skill or 0.0) <= 0

    @property
    def of(self) -> int:
        return JUDGED


NOT_JUDGED = Verdict(0, None)


@dataclass(frozen=True)
class Score:
    """
    Forecasts of one kind of period at the same days to go, against what came; None where there was nothing to score.

    wape = sum of absolute errors ÷ sum of what came. Each skill is over the periods that the simple way could forecast too.
    """

    days_to_go: int
    periods: int
    wape: float | None
    bias: float | None
    wql: float | None
    covered_80: float | None
    covered_95: float | None
    run_rate: float | None
    pipeline: float | None
    last_year: float | None
    over_run_rate: float | None
    over_pipeline: float | None
    over_last_year: float | None


@dataclass(frozen=True)
class Member:
    """One row of the comparison: a unit or person with its score at 30 days to go and its verdict."""

    node: Node
    score: Score
    verdict: Verdict


def judged_run() -> JobRun | None:
    """Return the published run of the track record."""
    pointer = Publication.objects.filter(job=TRACK_JOB, scope=TRACK_SCOPE).select_related("run").first()
    return pointer.run if pointer else None


def past_forecasts(node: Node, kind: str) -> list[PastForecast]:
    """Return the judged forecasts of a node, oldest period first, farthest away first within a period."""
    rows = PastForecast.objects.current().filter(unit=node.unit, person=node.person, kind=kind)
    return list(rows.order_by("first_date", "-days_to_go"))


def score_of(rows: Sequence[PastForecast], days_to_go: int) -> Score:
    """Score the forecasts that were made at so many days to go."""
    mine = [row for row in rows if row.days_to_go == days_to_go]
    actual = _column(mine, "actual")
    expected = _column(mine, "expected")
    quantiles = np.array([[float(getattr(row, name)) for name in _QUANTILES] for row in mine]).reshape(-1, 7)
    peers = {name: _against(mine, name) for name in ("run_rate", "pipeline", "last_year")}
    return Score(
        days_to_go=days_to_go,
        periods=len(mine),
        wape=scores.wape(actual, expected),
        bias=scores.bias(actual, expected),
        wql=scores.wql(actual, quantiles, QUANTILES),
        covered_80=scores.coverage(actual, quantiles[:, 1], quantiles[:, 5]),
        covered_95=scores.coverage(actual, quantiles[:, 0], quantiles[:, 6]),
        **{name: peer for name, (peer, _ours) in peers.items()},
        **{f"over_{name}": scores.skill(ours, peer) for name, (peer, ours) in peers.items()},
    )


def score_table(rows: Sequence[PastForecast]) -> list[Score]:
    """Return a score for each number of days to go at which something was forecast, farthest away first."""
    return [score for days in sorted(HORIZONS, reverse=True) if (score := score_of(rows, days)).periods]


def has_skill(nodes: Iterable[Node]) -> dict[Key, Verdict]:
    """
    Return the verdict on each node's forecast: of the last eight months, at 30 days to go, against the run rate.

    One query, whatever the number of nodes.
    """
    asked = list(nodes)
    units = [node.unit.pk for node in asked if node.unit]
    people = [node.person.pk for node in asked if node.person]
    rows = (
        PastForecast.objects.current()
        .filter(Q(unit__in=units) | Q(person__in=people), kind=PastForecast.Kind.MONTH, days_to_go=JUDGED_AT)
        .exclude(run_rate=None)
        .order_by("-first_date")
    )
    found: dict[Key, list[PastForecast]] = defaultdict(list)
    for row in rows:
        mine = found[row.unit_id, row.person_id]
        if len(mine) < JUDGED:
            mine.append(row)
    return {key_of(node): _verdict(found.get(key_of(node), [])) for node in asked}


def verdict_on(node: Node) -> Verdict:
    return has_skill([node])[key_of(node)]


def key_of(node: Node) -> Key:
    return (node.unit.pk if node.unit else None, node.person.pk if node.person else None)


def deal_reliability(node: Node) -> tuple[Reliability, float | None]:
    """Return how the chances of open deals to be won within three months came true, and the Brier score of the fixed ladder."""
    rows = list(ChanceCheck.objects.current().filter(unit=node.unit, person=node.person))
    if not rows:
        return scores.NO_CASES, None
    at = np.array([row.bin for row in rows])

    def total(name: str) -> Floats:
        return np.bincount(at, [float(getattr(row, name)) for row in rows], scores.BINS).astype(np.float64)

    found = Reliability(
        cases=total("deals").astype(np.int64),
        chances=total("chances"),
        came=total("won").astype(np.int64),
        squares=total("squares"),
        logs=total("logs"),
    )
    return found, float(total("ladder_squares").sum()) / found.n


def goal_reliability(rows: Sequence[PastForecast]) -> Reliability:
    """Return how the chances of targets that might have been set came true."""
    pairs = [
        (chance, float(row.actual >= goal)) for row in rows for goal, chance in zip(row.goals, row.p_goals, strict=True)
    ]
    if not pairs:
        return scores.NO_CASES
    chance, reached = np.array(pairs).T
    return scores.reliability(chance, reached)


def members_below(user: User, node: Node, kind: str) -> list[Member]:
    """
    Return a node and the units and people directly below it that the user may see, with what their forecasts were worth.

    Four queries, whatever the number of rows.
    """
    if node.unit is None:
        found = [node]
    else:
        seen = PastForecast.objects.current().visible_to(user)
        units = seen.filter(unit__parent=node.unit).values("unit").distinct()
        people = User.objects.visible_to(user).filter(
            memberships__in=node.unit.memberships.current(), pk__in=seen.exclude(person=None).values("person")
        )
        below = [Node(unit=unit) for unit in node.unit.children.filter(pk__in=units).order_by("position", "name", "pk")]
        found = [node, *below, *(Node(person=person) for person in people.distinct().order_by("name", "pk"))]
    keys = {key_of(each) for each in found}
    rows: dict[Key, list[PastForecast]] = defaultdict(list)
    wanted = Q(unit__in=[unit for unit, _ in keys if unit]) | Q(person__in=[person for _, person in keys if person])
    for row in PastForecast.objects.current().filter(wanted, kind=kind, days_to_go=JUDGED_AT):
        rows[row.unit_id, row.person_id].append(row)
    verdicts = has_skill(found)
    return [
        Member(each, score_of(rows[key_of(each)], JUDGED_AT), verdicts[key_of(each)])
        for each in found
        if rows.get(key_of(each))
    ]


def last_judged(rows: Sequence[PastForecast]) -> date | None:
    """Return the first day of the last period that is over."""
    return max((row.first_date for row in rows), default=None)


def _verdict(rows: Sequence[PastForecast]) -> Verdict:
    if not rows:
        return NOT_JUDGED
    actual = _column(rows, "actual")
    ours, peer = (float(np.abs(_column(rows, name) - actual).sum()) for name in ("expected", "run_rate"))
    return Verdict(len(rows), scores.skill(ours, peer))


def _against(rows: Sequence[PastForecast], name: str) -> tuple[float | None, float | None]:
    """The WAPE of a simple way, and ours on the same rows."""
    both = [row for row in rows if getattr(row, name) is not None]
    actual = _column(both, "actual")
    return scores.wape(actual, _column(both, name)), scores.wape(actual, _column(both, "expected"))


def _column(rows: Sequence[PastForecast], name: str) -> Floats:
    return np.array([float(getattr(row, name)) for row in rows])
