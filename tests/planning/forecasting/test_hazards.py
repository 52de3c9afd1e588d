"""The hazards' fit, state by state and kind by kind, against the plain formula over all pieces at once."""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise

import numpy as np
import pytest

from planning.forecasting import Funnel, Ledger, hazards
from planning.forecasting.exposure import AGE, CLOSE, HALF_LIFE, Clock
from planning.forecasting.hazards import (
    ADVANCE,
    JOINED,
    LOSS,
    WIN,
    Factors,
    Table,
    _default,
    _smooth,
    expose,
    fit_hazards,
    kinds_of,
    learn_factors,
    table_of,
)
from planning.forecasting.history import Bools, Floats, Ints, Stays, stays_of
from planning.forecasting.levels import amount_edges, stay_levels
from planning.forecasting.shrinking import shrink
from tests.factories.forecasting import START, chain, sales_history

pytestmark = pytest.mark.requirement("R1.8")

FUNNEL = chain(3)
AS_OF = START + 900


def history(deals: int = 800, seed: int = 1) -> tuple[Stays, Ints]:
    """Stays with closing dates for half of the deals, an owner who loses more than the others, and the stays' levels."""
    ledger = sales_history(deals=deals, dated=True, owners=6, seed=seed)
    ledger.close[::2] = -1
    lost = ledger.deal[FUNNEL.lost[ledger.state]]
    ledger.owner[lost[::3]] = 0
    return told(ledger)


def told(ledger: Ledger) -> tuple[Stays, Ints]:
    stays = stays_of(ledger, AS_OF)
    return stays, stay_levels(ledger, stays, amount_edges(stays))


def some_of(stays: Stays, keep: Bools) -> Stays:
    columns = {f.name: getattr(stays, f.name)[keep] for f in dc.fields(stays) if f.name != "as_of"}
    return Stays(**columns, as_of=stays.as_of)


def plain_fit(stays: Stays, funnel: Funnel, levels: Ints, clock: Clock, history_from: int) -> Table:
    """One row per stay, bin and band, held in memory all at once; the sums in the order of the formula."""
    keep = funnel.open[stays.state] & ((stays.close >= 0) | (not clock.by_close))
    state, to, entered, left, close = (
        getattr(stays, name)[keep].astype(np.int64) for name in ("state", "to", "entered", "left", "close")
    )
    levels, kind, n = levels[keep], kinds_of(funnel), funnel.n_states
    stop, start = left - entered + (to >= 0), np.maximum(0, history_from - entered)
    rows = []
    for b, (low, high) in enumerate(pairwise(clock.edges.tolist())):
        ages = (close - entered - high + 1, close - entered - low + 1) if clock.by_close else (low, high)
        for k, (young, old) in enumerate(pairwise(clock.bands.tolist())):
            begin, end = np.maximum(np.maximum(start, ages[0]), young), np.minimum(np.minimum(stop, ages[1]), old)
            at = np.flatnonzero(end > begin)
            rows.append(np.stack([at, np.full(len(at), b), np.full(len(at), k), begin[at], end[at]]))
    stay, bin_, band_of, begin, end = np.concatenate(rows, axis=1)
    weight = np.exp2(-(stays.as_of - entered[stay] - (begin + end) / 2) / HALF_LIFE)
    days, ended = (end - begin) * weight, np.flatnonzero((to[stay] >= 0) & (end == stop[stay]))
    events, risk = np.zeros((n, clock.n_bins, n)), np.zeros((n, clock.n_bins))
    np.add.at(events, (state[stay[ended]], bin_[ended], to[stay[ended]]), weight[ended])
    np.add.at(risk, (state[stay], bin_), days)
    hazard = _smooth(events, risk, _default(funnel, kind), by_close=clock.by_close)
    sizes = levels.max(0) + 1
    factors, band = [np.ones((size + 1, n, 3)) for size in sizes], np.ones((clock.n_bands, n, 3))

    def theta(
        level: Ints, of: Ints, observed: Floats, expected: Floats, *, size: int, centre: Floats
    ) -> tuple[Floats, Floats]:
        o, e, known = np.zeros((size, n)), np.zeros((size, n)), level >= 0
        np.add.at(o, (level[known], of[known]), observed[known])
        np.add.at(e, (level[known], of[known]), expected[known])
        first = shrink(o.sum(1), e.sum(1), centre)
        return first, np.clip(shrink(o.ravel(), e.ravel(), np.repeat(first, n)).reshape(size, n), 0.05, 20.0)

    sizes_and_band = [*sizes, clock.n_bands]
    onward = [np.ones(size) for size in sizes_and_band]  # the factors of advances, which those of wins lean on
    for c in (LOSS, ADVANCE, WIN):
        leaning = onward if c == WIN else [np.ones(size) for size in sizes_and_band]
        overall = [np.ones(size) for size in sizes_and_band]
        seen = np.zeros(len(stay))
        seen[ended] = np.where(kind[state[stay[ended]], to[stay[ended]]] == c, weight[ended], 0.0)
        if not seen.any():
            continue
        daily = (hazard * (kind == c)[:, None, :]).sum(2)
        base, product = days * daily[state[stay], bin_], np.ones(len(state))
        for _ in range(2):
            for a, size in enumerate(sizes):
                if size < 2:
                    continue
                product /= factors[a][levels[:, a], state, c]
                expected = base * band[band_of, state[stay], c] * product[stay]
                overall[a], factors[a][:-1, :, c] = theta(
                    levels[stay, a], state[stay], seen, expected, size=size, centre=leaning[a]
                )
                product *= factors[a][levels[:, a], state, c]
            if clock.by_close:
                expected = base * product[stay]
                overall[-1], band[:, :, c] = theta(
                    band_of, state[stay], seen, expected, size=clock.n_bands, centre=leaning[-1]
                )
        if c == ADVANCE:
            onward = overall
        adjusted = np.zeros_like(risk)
        np.add.at(adjusted, (state[stay], bin_), base * product[stay] * band[band_of, state[stay], c])
        breslow = (daily * risk + 1e-9) / (adjusted + 1e-9)
        hazard = np.where((kind == c)[:, None, :], hazard * breslow[:, :, None], hazard)
    hazard[~funnel.open] = 0.0
    total = hazard.sum(2, keepdims=True)
    rate = -np.log1p(-np.minimum(total, 0.999)) * hazard / np.maximum(total, 1e-300)
    return Table(clock.edges, rate, tuple(factors), band)


@pytest.mark.parametrize("history_from", [-1_000_000, START + 200], ids=["complete", "left-truncated"])
def test_the_fit_equals_the_plain_formula_to_nine_digits(history_from: int) -> None:
    stays, levels = history()

    fit = fit_hazards(stays, FUNNEL, levels, history_from=history_from)

    assert fit.close is not None
    for table, clock in ((fit.age, AGE), (fit.close, CLOSE)):
        plain = plain_fit(stays, FUNNEL, levels, clock, history_from)
        np.testing.assert_allclose(table.rate, plain.rate, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(table.band, plain.band, rtol=1e-9)
        for mine, other in zip(table.factors, plain.factors, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9)
    assert max(np.abs(f - 1).max() for f in fit.age.factors) > 0.1  # there was something to learn


def test_narrow_integers_give_the_same_hazards() -> None:
    stays, levels = history()
    integers = ("deal", "state", "to", "entered", "left", "close")
    narrow = dc.replace(stays, **{name: getattr(stays, name).astype(np.int32) for name in integers})

    wide, tight = (fit_hazards(s, FUNNEL, levels, history_from=-1_000_000) for s in (stays, narrow))

    np.testing.assert_array_equal(wide.age.rate, tight.age.rate)


def test_hazards_from_added_tables_are_the_hazards_of_all_stays() -> None:
    stays, levels = history()
    kind = kinds_of(FUNNEL)
    factors = learn_factors(stays, FUNNEL, levels, AGE, history_from=-1_000_000, kind=kind)
    added = None
    for part in (stays.deal % 3 == 0, stays.deal % 3 != 0):
        some = some_of(stays, part)
        table = expose(some, FUNNEL, levels[part], AGE, factors, history_from=-1_000_000)
        added = table if added is None else added + table
    assert added is not None

    rate = table_of(added, factors, FUNNEL, AGE, kind=kind).rate

    whole = fit_hazards(stays, FUNNEL, levels, history_from=-1_000_000).age.rate
    np.testing.assert_allclose(rate, whole, rtol=1e-12)


def test_a_state_that_thirty_deals_have_left_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = kinds_of(FUNNEL)
    events, risk = (
        np.zeros((FUNNEL.n_states, len(AGE.edges) - 1, FUNNEL.n_states)),
        np.full((FUNNEL.n_states, 18), 40.0),
    )
    events[0, 2, 1], events[1, 2, 2] = 30.0, 29.0

    kept = _smooth(events, risk, _default(FUNNEL, kind), by_close=False)
    monkeypatch.setattr(hazards, "UNTRIED", 0.0)
    alone = _smooth(events, risk, _default(FUNNEL, kind), by_close=False)

    np.testing.assert_array_equal(kept[0], alone[0])
    assert (kept[1] != alone[1]).any()
    assert kept[2, -1].sum() > 2 * alone[2, -1].sum()  # nobody has left: forty quiet days of an age prove little


def test_factors_looked_up_for_several_attributes_at_once_are_the_product_of_each() -> None:
    dice = np.random.default_rng(6)
    sizes = (300, 12, 1, 40)  # too many for one table; the third says nothing
    tables = tuple(np.concatenate([dice.uniform(0.5, 2, (size, 3, 3)), np.ones((1, 3, 3))]) for size in sizes)
    tables[2][:] = 1
    levels = np.column_stack([dice.integers(-1, size + 2, 500) for size in sizes])  # unknown ones, and some never seen

    joined = Factors(tables, np.ones((1, 3, 3))).joined(levels)

    expected = np.ones((500, 3, 3))
    for table, column in zip(tables, levels.T, strict=True):
        known = (column >= 0) & (column < len(table) - 1)
        expected[known] *= table[column[known]]
    np.testing.assert_allclose(np.prod([table[row] for table, row in joined], axis=0), expected)
    assert 1 < len(joined) < len(sizes)
    assert max(len(table) for table, _ in joined) <= JOINED
