"""The attributes that factors are learnt for, as level codes of deals and stays."""

from __future__ import annotations

from typing import Final

import numpy as np

from .history import ATTRIBUTES, UNKNOWN, Floats, Ints, Ledger, Stays

AMOUNT_BANDS: Final = 5
LEAD_EDGES: Final = np.array([1, 8, 31, 91, 181], np.int64)
FACTORS: Final = (*ATTRIBUTES, "amount", "lead")


def amount_edges(stays: Stays) -> Floats:
    """Edges of bands with equally many stays each, by the amount known when the stay began."""
    seen = stays.amount[~np.isnan(stays.amount)]
    return np.unique(np.quantile(seen, np.arange(1, AMOUNT_BANDS) / AMOUNT_BANDS)) if len(seen) else np.zeros(0)


def levels_of(ledger: Ledger, *, deal: Ints, amount: Floats, edges: Floats, close: Ints, entered: Ints) -> Ints:
    """(n, 6) level codes in the order of FACTORS, -1 unknown; column by column in memory, as they are read."""
    columns = [*(getattr(ledger, name) for name in ATTRIBUTES)]
    widest = max((int(column.max(initial=0)) for column in columns), default=0)
    out = np.empty((len(deal), len(FACTORS)), np.int16 if widest < np.iinfo(np.int16).max else np.int32, order="F")
    for a, column in enumerate(columns):
        out[:, a] = column[deal]
    out[:, -2] = np.where(np.isnan(amount), UNKNOWN, np.searchsorted(edges, amount, "right"))
    out[:, -1] = np.where(close == UNKNOWN, UNKNOWN, np.searchsorted(LEAD_EDGES, close - entered, "right"))
    return out


def stay_levels(ledger: Ledger, stays: Stays, edges: Floats) -> Ints:
    """(n_stays, 6) the same for stays, each as known when it began."""
    return levels_of(
        ledger, deal=stays.deal, amount=stays.amount, edges=edges, close=stays.close, entered=stays.entered
    )
