"""Why the conversion of a cell fell, read from the deals that left it: see `forecasting.mix`."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planning.forecasting import mix
from planning.forecasting.mix import Cause
from planning.forecasting.past_steps import CAUSES
from planning.forecasting.steps import KEPT, Pieces, Watch

from .answers import Waits, waits
from .evidence import BAND, BOUNDS, Evidence
from .history import EPOCH

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Why:
    """The cause, the person where it is one, how fast deals leave, the splits, and how soon leads were answered (or None)."""

    cause: Cause
    owner: int | None
    pace: mix.Speed
    splits: dict[Cause, dict[str, object]]
    answers: dict[str, object] | None = None


class Causes:
    """Why a cell fell: what ended lately, state by state, and the attributes of all deals, read once."""

    def __init__(self, evidence: Evidence, pieces: Pieces, *, as_of: date, time_zone: str) -> None:
        history, levels = evidence.history, evidence.levels
        self.history = history
        self.as_of, self.time_zone = as_of, time_zone
        self.since = EPOCH + timedelta(days=int(pieces.starts[KEPT - CAUSES]))
        exits = pieces.exits if evidence.steps is None else pieces.exits + evidence.steps.exits_in(pieces)
        order = np.argsort(exits.state, kind="stable")
        begins = np.searchsorted(exits.state[order], np.arange(history.funnel.n_states + 1))
        self.exits = [exits.only(order[first:last]) for first, last in pairwise(begins.tolist())]
        self.owner_ids = history.owner_ids
        self.levels: dict[Cause, tuple[Codes, Codes]] = {
            Cause.CHANNEL: (levels["channel"], history.channel_ids),
            Cause.PRODUCT: (levels["product"], history.product_ids),
            Cause.BAND: (levels[BAND], BOUNDS),
            Cause.OWNER: (levels["owner"], history.owner_ids),
        }

    def of(self, watch: Watch, codes: Codes, *, stage: int, code: int, span: int, stake: Decimal) -> Why:
        """
        Explain the last `span` blocks of a cell: a stage of the deals whose code it is.

        :param codes: group of each deal
        :param stake: the money that the whole drop costs
        """
        left = mix.leavers(self.exits[stage], codes, code=code, span=span)
        splits = {
            name: mix.split(level[left.deal], left.forward, left.is_now) for name, (level, _) in self.levels.items()
        }
        pace = mix.speed(watch, state=stage, group=code, span=span)
        answered = mix.answers(left, self.waits.waited)
        cause, owner = mix.cause_of(splits, pace, answered, is_entry=bool(self.is_entry[stage]))
        person = int(self.owner_ids[owner]) if owner is not None and owner >= 0 else None
        plain = {name: _plain(part, self.levels[name][1], stake) for name, part in splits.items()}
        if answered is None:
            return Why(cause, person, pace, plain)
        plain[Cause.RESPONSE] = _plain(answered.split, np.arange(mix.IN_TIME + 1), stake)
        return Why(cause, person, pace, plain, self._answers(answered))

    @cached_property
    def waits(self) -> Waits:
        """Read once, and only where a cause is asked for."""
        return waits(self.history, since=self.since, as_of=self.as_of, time_zone=self.time_zone)

    @cached_property
    def is_entry(self) -> npt.NDArray[np.bool_]:
        """(states,) whether deals come in there: the first open stage of its pipeline."""
        funnel = self.history.funnel
        first = np.zeros(funnel.n_states, np.bool_)
        for pipeline in np.unique(funnel.pipeline[funnel.open]):
            own = np.flatnonzero((funnel.pipeline == pipeline) & funnel.open)
            first[own[np.argmin(funnel.position[own])]] = True
        return first

    def _answers(self, answered: mix.Answers) -> dict[str, object]:
        return {
            "usual": round(answered.usual, 1),
            "unit": str(self.waits.unit),
            "before": answered.before,
            "now": answered.now,
            "in_time_before": round(answered.in_time_before, 4),
            "in_time_now": round(answered.in_time_now, 4),
            "low": round(answered.low, 4),
            "high": round(answered.high, 4),
        }


def _plain(part: mix.Split, keys: Codes, stake: Decimal) -> dict[str, object]:
    """A split as plain values, the largest levels first; and the money that its mix explains, None where no share fell."""
    share = part.share_of_mix
    rows = [
        {
            "member": int(keys[level]) if level >= 0 else None,
            "before": int(part.before[place]),
            "now": int(part.now[place]),
            "rate_before": _known(part.rate_before[place]),
            "rate_now": _known(part.rate_now[place]),
        }
        for place, level in enumerate(part.level.tolist())
    ]
    rows.sort(key=lambda row: -(row["before"] + row["now"]))  # type: ignore[operator]  # counts, see above
    return {
        "mix": round(part.mix, 4),
        "rate": round(part.rate, 4),
        "explains": None if share is None else round(share * float(stake), 2),
        "rows": rows[:12],
    }


def _known(value: float) -> float | None:
    """Missing is not zero: NaN becomes None."""
    return None if np.isnan(value) else round(float(value), 4)
