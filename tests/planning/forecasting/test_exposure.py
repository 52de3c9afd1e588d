"""Tables of exposure against a slow count stay by stay, and that they add up."""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise

import numpy as np
import pytest

from planning.forecasting import Ledger
from planning.forecasting.exposure import AGE, CLOSE, HALF_LIFE, Clock, Exposure
from planning.forecasting.hazards import Factors, expose
from planning.forecasting.history import Floats, Stays, stays_of
from tests.factories.forecasting import START, chain, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.8")

FUNNEL = chain(3)
AS_OF = START + 900


def no_factors(clock: Clock, states: int = 5) -> Factors:
    return Factors((), np.ones((clock.n_bands, states, 3)))


def exposure(stays: Stays, clock: Clock, history_from: int = -1_000_000) -> Exposure:
    levels = np.zeros((len(stays.deal), 0), np.int16)
    return expose(stays, FUNNEL, levels, clock, no_factors(clock), history_from=history_from)


def one_by_one(stays: Stays, clock: Clock, history_from: int) -> tuple[Floats, Floats]:
    """Events (S, B, S) and days at risk (S, B), one stay, bin and band after the other."""
    events, risk = np.zeros((5, clock.n_bins, 5)), np.zeros((5, clock.n_bins))
    for state, to, entered, left, close in zip(
        *(getattr(stays, name).tolist() for name in ("state", "to", "entered", "left", "close")), strict=True
    ):
        if not FUNNEL.open[state] or (clock.by_close and close < 0):
            continue
        start, stop = max(0, history_from - entered), left - entered + (to >= 0)
        for b, (low, high) in enumerate(pairwise(clock.edges.tolist())):
            ages = (close - entered - high + 1, close - entered - low + 1) if clock.by_close else (low, high)
            for young, old in pairwise(clock.bands.tolist()):
                begin, end = max(start, ages[0], young), min(stop, ages[1], old)
                if end <= begin:
                    continue
                weight = 2 ** (-(stays.as_of - entered - (begin + end) / 2) / HALF_LIFE)
                risk[state, b] += (end - begin) * weight
                if to >= 0 and end == stop:
                    events[state, b, to] += weight
    return events, risk


@pytest.mark.parametrize("clock", [AGE, CLOSE], ids=["age", "close"])
@pytest.mark.parametrize("history_from", [-1_000_000, START + 300], ids=["complete", "left-truncated"])
def test_events_and_days_at_risk_are_those_counted_stay_by_stay(clock: Clock, history_from: int) -> None:
    stays = stays_of(sales_history(deals=150, dated=True, seed=3), AS_OF)

    table = exposure(stays, clock, history_from)

    events, risk = one_by_one(stays, clock, history_from)
    np.testing.assert_allclose(table.events, events, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(table.risk, risk, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(table.scaled, risk[:, :, None].repeat(3, 2), rtol=1e-12, atol=1e-12)


def test_an_open_stay_is_at_risk_until_today_and_ends_nowhere() -> None:
    table = exposure(stays_of(ledger_of([(0, 0, START, 1.0)]), START + 10), AGE)

    assert table.events.sum() == 0
    np.testing.assert_allclose(table.risk[0, :5], [1, 1, 2, 3, 3], rtol=0.02)


def test_a_stay_begun_before_the_records_is_at_risk_only_since_then() -> None:
    stays = stays_of(ledger_of([(0, 0, START, 1.0), (0, 1, START + 9, 1.0)]), START + 9)

    table = exposure(stays, AGE, history_from=START + 7)

    np.testing.assert_allclose(table.risk[0].sum(), 3, rtol=0.02)
    assert table.risk[0, :4].sum() == 0


def test_a_stay_that_ended_before_the_records_counts_nowhere() -> None:
    stays = stays_of(ledger_of([(0, 0, START, 1.0), (0, 1, START + 9, 1.0)]), START + 20)

    table = exposure(stays, AGE, history_from=START + 15)

    assert table.events.sum() == 0
    assert table.risk[0].sum() == 0


@pytest.mark.parametrize("clock", [AGE, CLOSE], ids=["age", "close"])
def test_tables_of_some_deals_and_of_the_others_add_up_to_the_table_of_all(clock: Clock) -> None:
    stays = stays_of(sales_history(deals=150, dated=True, seed=4), AS_OF)
    halves = [_some(stays, deals) for deals in (stays.deal < 70, stays.deal >= 70)]

    whole, added = exposure(stays, clock), exposure(halves[0], clock) + exposure(halves[1], clock)

    np.testing.assert_allclose(added.events, whole.events, rtol=1e-12)
    np.testing.assert_allclose(added.risk, whole.risk, rtol=1e-12)


def test_a_table_seen_from_a_later_day_is_the_table_made_on_that_day() -> None:
    closed = _closed(sales_history(deals=60, seed=5))

    later = exposure(closed, AGE).seen_from(AS_OF + 31)

    remade = exposure(dc.replace(closed, as_of=AS_OF + 31), AGE)
    np.testing.assert_allclose(later.risk, remade.risk, rtol=1e-12)
    np.testing.assert_allclose(later.events, remade.events, rtol=1e-12)


def _some(stays: Stays, keep: object) -> Stays:
    columns = {f.name: getattr(stays, f.name)[keep] for f in dc.fields(stays) if f.name != "as_of"}
    return Stays(**columns, as_of=stays.as_of)


def _closed(ledger: Ledger) -> Stays:
    stays = stays_of(ledger, AS_OF)
    return _some(stays, stays.to >= 0)
