"""Small ledgers for the forecast's tests: deterministic, in arrays, no tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from planning.forecasting import Funnel, Ledger

START = 18_000  # a day in 2019


def chain(stages: int) -> Funnel:
    """Open stages in a row, then won, then lost."""
    return Funnel.of([*range(stages), -1, -1], [0] * stages + [1, 0], [0] * stages + [0, 1])


def ledger_of(events: list[tuple[int, int, int, float]], **per_deal: Any) -> Ledger:
    """events: (deal, state, day, amount), in order. per_deal: arrays to set, the rest is unknown."""
    deal, state, day, amount = (np.array([e[i] for e in events]) for i in range(4))
    n = int(deal.max()) + 1 if len(events) else 0
    created = np.full(n, -1, np.int64)
    for d, _, on, _ in reversed(events):
        created[d] = on
    unknown = np.full(n, -1, np.int64)
    columns: dict[str, Any] = dict.fromkeys(("owner", "product", "channel", "region", "close"), unknown) | per_deal
    return Ledger(
        deal=deal.astype(np.int64),
        state=state.astype(np.int64),
        day=day.astype(np.int64),
        amount=amount.astype(np.float64),
        created=created,
        **columns,
    )


def sales_history(
    *,
    deals: int,
    days: int = 900,
    stages: int = 3,
    owners: int = 4,
    forward: float = 0.6,
    mean_stay: float = 15.0,
    seed: int = 0,
    dated: bool = False,
) -> Ledger:
    """Deals created evenly over `days` from START; geometric stays; some amendments; nothing after START + days."""
    rng = np.random.default_rng(seed)
    events: list[tuple[int, int, int, float]] = []
    close = np.full(deals, -1, np.int64)
    for d in range(deals):
        day, state = int(rng.integers(0, days)), 0
        amount = float(np.round(rng.lognormal(8, 0.8), 2))
        if dated:
            close[d] = START + day + int(rng.integers(10, 90))
        events.append((d, 0, START + day, amount))
        while state < stages:
            day += int(rng.geometric(1 / mean_stay)) - 1
            if day >= days:
                break
            if rng.random() < 0.05:
                events.append((d, state, START + day, amount * 1.1))
            state = state + 1 if rng.random() < forward else stages + 1
            events.append((d, state, START + day, amount))
    return ledger_of(
        events,
        owner=rng.integers(0, owners, deals),
        product=rng.integers(0, 3, deals),
        channel=rng.integers(-1, 2, deals),
        region=rng.integers(0, 2, deals),
        close=close,
    )
