"""How soon leads were answered: working time from coming in to the first activity done on the deal, one pass of COPY."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from core.arrays import Width, copied
from planning.forecasting.worktime import DAY
from planning.models import RateSettings

from .history import DealHistory, midnight
from .trial_rows import wall_clock
from .trials import bear_no_time, work_clock

Floats = npt.NDArray[np.float64]
_ROWS: Final[dict[str, Width]] = {"deal": "int8", "began": "int8", "answered": "int8"}
_ANSWERS: Final = """
WITH answer AS (
    SELECT deal_id, MIN(done_at) AS at FROM customers_activity
    WHERE deal_id IS NOT NULL AND done_at >= %(since)s AND done_at < %(before)s
    GROUP BY deal_id
)
SELECT event.deal_id, event.occurred_at, COALESCE(answer.at, '-infinity')
FROM customers_stageevent event LEFT JOIN answer ON answer.deal_id = event.deal_id
WHERE event.seq = 1 AND event.occurred_at >= %(since)s AND event.occurred_at < %(before)s
ORDER BY event.deal_id
"""


@dataclass(frozen=True)
class Waits:
    """
    Time from coming in to the first answer of each deal, (n_deals,): inf = none yet, NaN = not known; and its unit.

    Not known of deals that came in before the days asked for, or before anybody wrote answers down.
    """

    waited: Floats
    unit: RateSettings.Unit

    def minutes(self, time: float, day_minutes: int) -> float:
        """A time of this unit in working minutes."""
        return time * day_minutes if self.unit == RateSettings.Unit.DAYS else time


def waits(history: DealHistory, *, since: date, as_of: date, time_zone: str) -> Waits:
    """Read how long every deal that came in on a day of [since, as_of) waited for its first answer."""
    settings = RateSettings.objects.the_one()
    span = {"since": midnight(since, time_zone), "before": midnight(as_of, time_zone)}
    rows = copied(_ANSWERS, span, _ROWS)
    began, answered = wall_clock(rows["began"], time_zone), wall_clock(rows["answered"], time_zone)
    unit = settings.response_unit if settings.response_limit is not None else None
    if unit is None:  # where leads bear no time of day, days are counted
        unit = RateSettings.Unit.DAYS if bear_no_time(began) else RateSettings.Unit.HOURS
    clock = work_clock(settings, since, as_of)
    scale = clock.days if unit == RateSettings.Unit.DAYS else clock.minutes
    has = answered >= 0
    time = np.full(len(began), np.inf)
    time[has] = np.maximum(scale(answered[has]) - scale(began[has]), 0)
    if has.any():
        time[began // DAY < answered[has].min() // DAY] = np.nan
    out = np.full(history.ledger.n_deals, np.nan)
    order = np.argsort(history.deal_ids, kind="stable")
    place = np.searchsorted(history.deal_ids, rows["deal"], sorter=order)
    known = place < len(order)
    known[known] = history.deal_ids[order[place[known]]] == rows["deal"][known]
    out[order[place[known]]] = time[known] if has.any() else np.nan
    return Waits(out, RateSettings.Unit(unit))
