"""Histories as they really are: gaps, returns, newcomers, nothing at all. The forecast stays sound and says what it knows."""

from __future__ import annotations

import dataclasses as dc
from typing import Any

import numpy as np
import pytest

from planning.forecasting import REVENUE, Ledger, Targets
from tests.factories.forecasting import START, chain, ledger_of, sales_history
from tests.planning.forecasting.test_forecast import TREE, assert_sound, joined, run

pytestmark = pytest.mark.requirement("R1.8")

NAN = float("nan")


def wandering(*, deals: int, seed: int = 1, days: int = 800, reopened: float = 0.5) -> Ledger:
    """Three stages with skips, moves back and lost deals that are reopened (a share of them)."""
    rng = np.random.default_rng(seed)
    events: list[tuple[int, int, int, float]] = []
    for d in range(deals):
        day, state = int(rng.integers(0, days)), 0
        events.append((d, 0, START + day, 100.0))
        while state != 3:
            day += int(rng.geometric(1 / 12))
            if day >= days:
                break
            if state == 4:
                if rng.random() > reopened:
                    break
                state = 1
            else:
                state = int(rng.choice([max(state - 1, 0), min(state + 2, 3), state + 1, 4], p=[0.1, 0.15, 0.45, 0.3]))
            events.append((d, state, START + day, 100.0))
    return ledger_of(events, owner=rng.integers(0, 4, deals))


def test_skips_returns_and_reopened_deals_give_a_sound_forecast() -> None:
    outlook = run(wandering(deals=600), chain(3), as_of=START + 800)

    assert_sound(outlook)
    assert outlook.node_revenue[1:, 0, -1].sum() > 0


def test_where_lost_deals_come_back_more_is_expected_of_what_is_not_open() -> None:
    as_of = START + 800
    often = wandering(deals=900, reopened=0.5)
    first_loss = np.r_[True, ledger_changes(often)]
    final = dc.replace(
        often,
        deal=often.deal[first_loss],
        state=often.state[first_loss],
        day=often.day[first_loss],
        amount=often.amount[first_loss],
    )

    returning, closed = (run(each, chain(3), as_of=as_of, replay=False).leaf_wins[2].sum() for each in (often, final))

    assert returning > 1.1 * closed


def ledger_changes(ledger: Ledger) -> Any:
    """Events that do not follow a loss of their deal, without the first event of all."""
    lost = np.cumsum(ledger.state == 4)
    before = np.r_[0, lost[:-1]]
    starts = np.r_[0, np.flatnonzero(np.diff(ledger.deal)) + 1]
    at_start = before[starts][np.searchsorted(starts, np.arange(ledger.n_events), "right") - 1]
    return (before == at_start)[1:]


def test_without_recorded_losses_nobody_is_certain_to_win() -> None:
    ledger = sales_history(deals=500)
    kept = ledger.state != 4
    silent = dc.replace(
        ledger, deal=ledger.deal[kept], state=ledger.state[kept], day=ledger.day[kept], amount=ledger.amount[kept]
    )

    outlook = run(silent, chain(3))

    assert_sound(outlook)
    assert outlook.deals.p_by_period[:, -1].mean() < 0.5


def test_without_amounts_wins_are_forecast_and_the_reason_is_given() -> None:
    ledger = sales_history(deals=400)

    outlook = run(dc.replace(ledger, amount=np.full(ledger.n_events, NAN)), chain(3))

    assert_sound(outlook)
    assert outlook.node_wins[1:, 0, -1].sum() > 0
    assert outlook.node_revenue.sum() == 0
    assert "no_amounts" in outlook.confidence.reasons


def test_one_deal_is_forecast_from_the_prior_and_said_to_be_thin() -> None:
    outlook = run(ledger_of([(0, 0, START, 1000.0)], owner=np.array([0])), chain(3), as_of=START + 5)

    assert_sound(outlook)
    assert 0 < outlook.deals.p_win[0] < 0.5
    assert outlook.deals.base[0] == pytest.approx(outlook.deals.p_win[0])
    assert {"few_deals", "no_wins", "no_replays"} <= set(outlook.confidence.reasons)
    assert outlook.node_revenue_quantiles[0, -1, -1] >= 1000


def test_the_first_deals_are_not_taken_for_dead_because_nothing_has_happened_yet() -> None:
    ledger = ledger_of([(d, 0, START + d, 1000.0) for d in range(3)], owner=np.zeros(3, np.int64))

    soon, late = (run(ledger, chain(3), as_of=START + days) for days in (30, 1500))

    assert (soon.deals.p_win > 0.03).all()
    assert (soon.deals.p_win < 0.5).all()
    assert (late.deals.p_win < soon.deals.p_win / 2).all()


def test_credit_notes_leave_mean_and_interval_of_one_mind() -> None:
    ledger = sales_history(deals=200)
    back = dc.replace(ledger, amount=-ledger.amount)

    outlook = run(back, chain(3))

    assert_sound(outlook)
    assert (outlook.leaf_revenue[1:] == 0).all()
    assert (outlook.node_revenue_quantiles[0, -1] == outlook.node_revenue[0, 0, -1]).all()
    assert outlook.leaf_wins[1:].sum() > 0


def test_with_no_win_ever_the_interval_reaches_from_nothing_to_something() -> None:
    ledger = sales_history(deals=60, days=200, forward=0.0)
    targets = Targets(*(np.array([v]) for v in (0, 0, 4, 1000.0, REVENUE, 0.0)))

    outlook = run(ledger, chain(3), as_of=START + 200, targets=targets)

    assert_sound(outlook)
    assert outlook.confidence.thin
    assert "no_wins" in outlook.confidence.reasons
    low, high = outlook.node_wins_quantiles[0, -1, [0, -1]]
    assert low == 0 < high
    assert outlook.node_revenue_quantiles[0, -1, -1] > 0
    assert 0 < outlook.p_attain[0] < 0.5


def test_a_new_rep_product_and_stage_start_at_the_average() -> None:
    ledger = sales_history(deals=1500, stages=2)
    newcomer = joined(ledger, events=[(0, START + 895, 3000.0)])
    novel = dc.replace(
        newcomer, owner=np.r_[ledger.owner, 3], product=np.r_[ledger.product, 9], channel=np.r_[ledger.channel, 7]
    )
    known = dc.replace(newcomer, owner=np.r_[ledger.owner, -1])

    outlook, plain = run(novel, chain(2)), run(known, chain(2))

    assert_sound(outlook)
    mine = outlook.deals.deal == 1500
    assert outlook.deals.factors[mine, 1:3] == pytest.approx(1.0, abs=0.02)
    assert plain.deals.p_win[mine] == pytest.approx(plain.deals.base[mine], rel=0.25)
    wider = chain(3)  # a stage that nobody has entered yet, between the last one and won
    moved = dc.replace(ledger, state=np.where(ledger.state >= 2, ledger.state + 1, ledger.state))
    there = joined(moved, events=[(2, START + 890, 3000.0)])
    assert_sound(run(there, wider))


def test_deals_older_than_the_records_are_no_evidence_of_a_fast_business() -> None:
    ledger = sales_history(deals=900, days=900)
    later = START + 400
    kept = (ledger.day >= later) | (np.r_[ledger.deal[1:] != ledger.deal[:-1], True])
    cut = dc.replace(
        ledger,
        deal=ledger.deal[kept],
        state=ledger.state[kept],
        day=ledger.day[kept],
        amount=ledger.amount[kept],
        history_from=later,
    )

    outlook = run(cut, chain(3))

    assert_sound(outlook)
    whole = run(ledger, chain(3)).node_wins[1:, 0, -1].sum()
    assert outlook.node_wins[1:, 0, -1].sum() == pytest.approx(whole, rel=0.35)


def test_splitting_every_deal_in_two_halves_keeps_the_revenue() -> None:
    ledger = sales_history(deals=500)
    twice = np.repeat(np.arange(ledger.n_deals), 2)
    deal = np.r_[2 * ledger.deal, 2 * ledger.deal + 1]
    order = np.lexsort((np.tile(np.arange(ledger.n_events), 2), deal))
    per_event: dict[str, Any] = {name: np.tile(getattr(ledger, name), 2)[order] for name in ("state", "day")}
    split = dc.replace(
        ledger,
        deal=deal[order],
        amount=np.tile(ledger.amount / 2, 2)[order],
        **per_event,
        **{k: getattr(ledger, k)[twice] for k in ("owner", "product", "channel", "region", "close", "created")},
    )

    whole, halves = (run(each, chain(3), replay=False).node_revenue[:, 0, -1] for each in (ledger, split))

    np.testing.assert_allclose(halves, whole, rtol=0.05)


def test_the_chance_of_a_target_falls_as_it_rises() -> None:
    ledger = sales_history(deals=700)
    amounts = np.linspace(0, 600_000, 25)
    nothing = np.zeros(len(amounts), np.int64)
    targets = Targets(nothing, nothing, nothing + 4, amounts, nothing + REVENUE, np.zeros(len(amounts)))

    outlook = run(ledger, chain(3), targets=targets)

    assert (np.diff(outlook.p_attain) <= 0).all()
    assert (np.diff(outlook.shortfall) >= 0).all()


def test_a_deal_lost_long_ago_changes_no_other_rep() -> None:
    ledger = sales_history(deals=800)
    usual = float(np.median(ledger.amount))
    lost = joined(ledger, events=[(0, START + 30, usual), (4, START + 50, usual)])

    before, after = (run(each, chain(3)).node_revenue[:, 4:].sum(0) for each in (ledger, lost))

    np.testing.assert_allclose(after, before, rtol=0.01)


def test_parts_add_up_to_the_cent_whatever_the_tree() -> None:
    outlook = run(wandering(deals=500), chain(3), as_of=START + 800)

    cents = np.rint(outlook.leaf_revenue * 100).astype(np.int64)
    assert (cents.sum(1) == np.einsum("ml,plk->pmk", TREE.astype(np.int64), cents)[:, 0]).all()
    np.testing.assert_allclose(outlook.node_revenue[:, 1:3].sum(1), outlook.node_revenue[:, 0], rtol=1e-12)
