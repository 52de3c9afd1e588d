"""How hazards change with the calendar, and what follows for deals that are not open: learnt once, good for a month."""

from __future__ import annotations

import dataclasses as dc

import numpy as np

from .drift import Drift, learn_drift
from .hazards import Hazards
from .history import UNKNOWN, Floats, Funnel, Ints, Stays, tally
from .returns import Reopening, learn_reopening
from .rhythm import Rhythm, learn_rhythm


@dc.dataclass(frozen=True, slots=True)
class Tempo:
    """
    drift: by month ahead; rhythm: by day of the week, month and quarter; reopening: of lost deals; entry (S,): share of
    the deals that begin in each open state.
    """

    drift: Drift
    rhythm: Rhythm
    reopening: Reopening
    entry: Floats


def learn_tempo(stays: Stays, funnel: Funnel, levels: Ints, hazards: Hazards, *, history_from: int) -> Tempo:
    """
    Learn from the stays known on stays.as_of.

    levels (n_stays, attributes): as the hazards were learnt with.
    """
    open_ = funnel.open[stays.state]
    undated = open_ & (stays.close == UNKNOWN) if hazards.close is not None else open_
    first = np.ones(len(stays.deal), np.bool_)
    first[1:] = stays.deal[1:] != stays.deal[:-1]
    rows = np.flatnonzero(first & open_)
    entry = tally(stays.state[rows], np.ones(len(rows)), funnel.n_states)
    return Tempo(
        drift=learn_drift(stays, funnel, levels, hazards, history_from=history_from),
        rhythm=learn_rhythm(stays, hazards.kind, undated),
        reopening=learn_reopening(stays, funnel, history_from=history_from),
        entry=entry / max(float(entry.sum()), 1.0),
    )
