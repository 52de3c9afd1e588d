"""
The simple ways that a forecast must beat, as they would have been reckoned on one day.

run rate      booked + what a working day brought over the last thirteen weeks × the working days left
pipeline      booked + the open deals due in the period × the fixed percentage of their stage
last year     what the same period brought a year ago
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from core.periods import add_months
from planning.forecasting.history import standing_of, stays_of

from .actuals import Actual
from .booked import leaves_of
from .calendars import WorkCalendar
from .history import DealHistory, day_number
from .organisation import Organisation
from .wins import Wins

RUN_DAYS = 91  # whole weeks, so that weekends weigh the same
LEAST_RUN_DAYS = 28
LADDER = (0.10, 0.25, 0.50, 0.70, 0.90)  # stage percentages as they come with a CRM, for stages without a history
LEAST_CLOSED = 20  # deals that must have closed after a stage before its own percentage counts
USUAL_CYCLE = 60  # days from creation to the win where none has been won

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Simple:
    """The simple forecasts of one day, by node of its organisation; amounts in the plan's currency."""

    def __init__(
        self,
        *,
        history: DealHistory,
        places: Organisation,
        wins: Wins,
        calendar: WorkCalendar,
        as_of: date,
        known_from: date,
    ) -> None:
        self._history, self._places, self._wins = history, places, wins
        self._calendar, self._as_of, self._known_from = calendar, as_of, known_from
        standing = standing_of(history.ledger, stays_of(history.ledger, day_number(as_of)))
        self._open = np.flatnonzero((standing.state >= 0) & history.funnel.open[standing.state])
        self._chance = np.zeros(history.ledger.n_deals)
        self._chance[self._open] = stage_chances(history, as_of)[standing.state[self._open]]
        self._amount = np.nan_to_num(standing.amount)  # a deal without an amount counts nothing, as in a CRM
        created = history.ledger.created
        won = history.won()
        cycle = int(np.median(won.day - created[won.deal])) if len(won.deal) else USUAL_CYCLE
        self._due = np.where(standing.close >= 0, standing.close, created + cycle)
        self._leaf = leaves_of(history, places)

    def run_rate(self, first: date, after: date, *, booked: Floats) -> Floats | None:
        """(M,) booked and the pace of the last weeks for the rest of [first, after); None with less than four weeks."""
        since = max(self._as_of - timedelta(days=RUN_DAYS), self._known_from)
        if (self._as_of - since).days < LEAST_RUN_DAYS:
            return None
        won = _revenue(self._wins.within(since, self._as_of).by_owner_unit_and_month(), self._places)
        left = working_days(self._calendar, max(first, self._as_of), after)
        return booked + won * left / max(working_days(self._calendar, since, self._as_of), 1)

    def pipeline(self, first: date, after: date, *, booked: Floats) -> Floats:
        """
        (M,) booked and the open deals that are due in [first, after), at their stage's percentage.

        As in a CRM, a deal that was due before the period is not in it: counting all of those makes the number worse.
        """
        due = self._due[self._open]
        hit = self._open[(due >= day_number(first)) & (due < day_number(after))]
        leaf = np.bincount(self._leaf[hit], self._chance[hit] * self._amount[hit], len(self._places.person_ids))
        return booked + np.asarray(self._places.below @ leaf)

    def last_year(self, first: date, after: date) -> Floats | None:
        """(M,) what the period brought a year before; None where the history does not reach back that far."""
        then, end = add_months(first, -12), add_months(after, -12)
        if then < self._known_from:
            return None
        return _revenue(self._wins.within(then, end).by_owner_unit_and_month(), self._places)

    def soon(self, deals: Ints, end: date) -> Floats:
        """(n,) a deal's stage percentage where it is due before a day, else 0: the pipeline's answer to "won by then?"."""
        return np.where(self._due[deals] < day_number(end), self._chance[deals], 0.0)


def stage_chances(history: DealHistory, as_of: date) -> Floats:
    """
    (n_states,) the fixed percentage of each stage: of the deals that were ever in it and are closed, the share that was won.

    A stage that fewer than LEAST_CLOSED deals have closed after takes its place on the ladder that CRMs come with.
    """
    funnel, ledger = history.funnel, history.ledger
    stays = stays_of(ledger, day_number(as_of))
    standing = standing_of(ledger, stays)
    out = np.zeros(funnel.n_states)
    for line in np.unique(funnel.pipeline):
        stages = np.flatnonzero((funnel.pipeline == line) & funnel.open)
        steps = np.linspace(0, len(LADDER) - 1, len(stages)) if len(stages) > 1 else np.array([2.0])
        out[stages[np.argsort(funnel.position[stages])]] = np.interp(steps, np.arange(len(LADDER)), LADDER)
    pairs = np.unique(np.column_stack([stays.deal, stays.state]), axis=0).reshape(-1, 2)
    end = standing.state[pairs[:, 0]]
    closed = ~funnel.open[end]
    n = np.bincount(pairs[closed, 1], minlength=funnel.n_states)
    won = np.bincount(pairs[closed, 1], funnel.won[end[closed]].astype(np.float64), funnel.n_states)
    own = funnel.open & (n >= LEAST_CLOSED)
    out[own] = won[own] / n[own]
    return out


def working_days(calendar: WorkCalendar, first: date, after: date) -> int:
    """Working days of [first, after)."""
    return calendar.days(first, after - timedelta(days=1))


def _revenue(rows: Sequence[Actual], places: Organisation) -> Floats:
    """(M,) revenue by node, whatever the month: to the owner and to the unit of the day with all above it."""
    out = np.zeros(places.node_count)
    for row in rows:
        person = places.node_of(person_id=row.owner)
        out[[*places.units_above(row.unit), *([] if person is None else [person])]] += float(row.won.revenue)
    return out
