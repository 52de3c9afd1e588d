"""The forecast as a whole: what must hold for any history."""

from __future__ import annotations

import dataclasses as dc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import forecasting
from planning.forecasting import REVENUE, Funnel, Ledger, Outlook, Targets
from planning.forecasting.expected import observe
from planning.forecasting.replays import MAX_REPLAYS
from tests.factories.forecasting import START, chain, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.8")

TREE = np.vstack([np.ones((1, 4)), [[1, 1, 0, 0], [0, 0, 1, 1]], np.eye(4)]).astype(bool)
some_histories = settings(max_examples=12, deadline=None, derandomize=True)


def calendar(as_of: int, periods: int = 4, length: int = 30) -> Any:
    return as_of + length * np.arange(periods + 1)


def run(ledger: Ledger, funnel: Funnel, **changed: Any) -> Outlook:
    as_of = changed.pop("as_of", START + 900)
    given_ = {
        "as_of": as_of,
        "calendar": calendar(as_of),
        "leaves": np.maximum(ledger.owner, 0),
        "nodes": TREE,
        "targets": Targets.none(),
        "seed": 7,
    }
    return forecasting.forecast(ledger, funnel, **(given_ | changed))


def numbers(outlook: Outlook) -> dict[str, Any]:
    flat = {f.name: getattr(outlook, f.name) for f in dc.fields(outlook)}
    flat |= {f"deal_{f.name}": getattr(outlook.deals, f.name) for f in dc.fields(outlook.deals)}
    return {name: value for name, value in flat.items() if isinstance(value, np.ndarray)}


def assert_sound(outlook: Outlook) -> None:
    assert all(np.isfinite(value).all() for value in numbers(outlook).values())
    odds = outlook.deals
    assert ((odds.p_win >= 0) & (odds.p_win <= 1)).all()
    assert (odds.p_by_period >= 0).all()
    assert (np.diff(odds.p_by_period, axis=1) >= 0).all()
    assert (odds.p_by_period <= odds.p_win[:, None] + 1e-9).all()
    for quantiles in (outlook.node_revenue_quantiles, outlook.node_wins_quantiles):
        assert (np.diff(quantiles, axis=2) >= 0).all()


@some_histories
@given(
    seed=st.integers(0, 50),
    deals=st.sampled_from([0, 1, 2, 12, 150]),
    stages=st.integers(1, 4),
    dated=st.booleans(),
    forward=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_any_history_gives_finite_monotone_additive_numbers(
    seed: int, deals: int, stages: int, dated: bool, forward: float
) -> None:
    ledger = sales_history(deals=deals, stages=stages, seed=seed, dated=dated, forward=forward)

    outlook = run(ledger, chain(stages))

    assert_sound(outlook)
    np.testing.assert_allclose(outlook.node_revenue[:, 0], outlook.node_revenue[:, 3:].sum(1), atol=1e-6)
    np.testing.assert_allclose(outlook.node_wins[:, 0], outlook.node_wins[:, 1:3].sum(1), atol=1e-6)
    periods = outlook.calendar.size - 1
    np.testing.assert_allclose(outlook.node_revenue[..., -1], outlook.node_revenue[..., :periods].sum(-1), atol=1e-6)


def test_the_same_seed_gives_the_same_forecast() -> None:
    ledger = sales_history(deals=300)

    first, second = numbers(run(ledger, chain(3))), numbers(run(ledger, chain(3)))

    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_doubling_every_amount_doubles_revenue_and_leaves_wins_alone() -> None:
    ledger = sales_history(deals=300)

    once, twice = run(ledger, chain(3)), run(dc.replace(ledger, amount=ledger.amount * 2), chain(3))

    np.testing.assert_allclose(twice.node_revenue, 2 * once.node_revenue, rtol=1e-9)
    np.testing.assert_allclose(twice.node_revenue_quantiles, 2 * once.node_revenue_quantiles, rtol=1e-4)
    np.testing.assert_allclose(twice.node_wins, once.node_wins, rtol=1e-9)


def test_the_order_in_which_deals_are_numbered_does_not_matter() -> None:
    ledger = sales_history(deals=200)
    shuffled = np.random.default_rng(1).permutation(200)
    place = np.argsort(shuffled)
    order = np.lexsort((np.arange(ledger.n_events), place[ledger.deal]))
    renamed = dc.replace(
        ledger,
        deal=place[ledger.deal][order],
        state=ledger.state[order],
        day=ledger.day[order],
        amount=ledger.amount[order],
        **{n: getattr(ledger, n)[shuffled] for n in ("owner", "product", "channel", "region", "close", "created")},
    )

    here, there = run(ledger, chain(3)), run(renamed, chain(3))

    np.testing.assert_allclose(there.node_revenue, here.node_revenue, rtol=1e-9)
    np.testing.assert_allclose(there.node_revenue_quantiles, here.node_revenue_quantiles, rtol=1e-6)


def test_an_event_on_or_after_the_day_is_not_known() -> None:
    ledger = ledger_of([(0, 0, START, 10.0), (0, 3, START + 50, 99.0), (1, 0, START + 50, 10.0)])

    outlook = run(ledger, chain(3), as_of=START + 50)

    assert outlook.deals.deal.tolist() == [0]
    assert outlook.deals.amount.tolist() == [10.0]
    assert outlook.confidence.deals == 1
    assert outlook.leaf_wins[0].sum() == 0


def test_what_comes_later_changes_no_earlier_forecast() -> None:
    ledger = sales_history(deals=300)
    as_of = START + 700
    past = ledger.day < as_of
    cut = dc.replace(
        ledger, deal=ledger.deal[past], state=ledger.state[past], day=ledger.day[past], amount=ledger.amount[past]
    )

    told, untold = run(ledger, chain(3), as_of=as_of), run(cut, chain(3), as_of=as_of)

    np.testing.assert_array_equal(told.node_revenue, untold.node_revenue)
    np.testing.assert_array_equal(told.node_revenue_quantiles, untold.node_revenue_quantiles)


def test_without_any_deal_the_forecast_is_nothing_and_says_why() -> None:
    outlook = run(ledger_of([]), chain(3))

    assert outlook.node_revenue.sum() == 0
    assert outlook.confidence.thin
    assert "no_deals" in outlook.confidence.reasons


def test_what_is_won_already_is_booked_and_no_longer_forecast() -> None:
    ledger = ledger_of([(0, 0, START, 100.0), (0, 3, START + 40, 120.0)], owner=np.array([2]))

    outlook = run(ledger, chain(3), as_of=START + 50, calendar=START + 30 * np.arange(5))

    assert outlook.leaf_revenue[0].tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 120.0, 0, 0], [0, 0, 0, 0]]
    assert outlook.leaf_wins[0].sum() == 1
    assert outlook.leaf_wins[1].sum() == 0


def test_targets_already_reached_are_certain_and_harder_ones_less_likely() -> None:
    ledger = sales_history(deals=600)
    amounts = np.array([0.0, 1.0, 1e5, 3e5, 1e12])
    n = len(amounts)
    targets = Targets(
        node=np.zeros(n, np.int64),
        first=np.zeros(n, np.int64),
        stop=np.full(n, 4),
        amount=amounts,
        measure=np.full(n, REVENUE),
        already=np.zeros(n),
    )

    outlook = run(ledger, chain(3), targets=targets)
    chance = outlook.p_attain

    assert chance[0] == 1
    assert (np.diff(chance) <= 0).all()
    assert chance[-1] < 0.001


def test_the_shortfall_is_nothing_for_an_easy_target_and_all_that_is_missing_for_an_impossible_one() -> None:
    ledger = sales_history(deals=600)
    amounts = np.array([0.0, 1e5, 3e5, 1e12])
    every = np.zeros(len(amounts), np.int64)
    targets = Targets(every, every, every + 4, amounts, every + REVENUE, np.zeros(len(amounts)))

    outlook = run(ledger, chain(3), targets=targets)

    assert outlook.shortfall[0] == 0
    assert (np.diff(outlook.shortfall) >= 0).all()
    assert (outlook.shortfall <= amounts).all()
    assert outlook.shortfall[-1] == pytest.approx(1e12 - outlook.node_revenue[:, 0, -1].sum(), rel=1e-6)


def test_the_shortfall_of_a_period_that_is_over_is_what_it_lacked() -> None:
    ledger = ledger_of([(0, 0, START, 100.0), (0, 3, START + 40, 120.0)], owner=np.array([2]))
    nothing = np.zeros(2, np.int64)
    targets = Targets(nothing, nothing, nothing + 2, np.array([150.0, 100.0]), nothing + REVENUE, np.array([10.0, 0.0]))

    outlook = run(ledger, chain(3), as_of=START + 70, calendar=START + 30 * np.arange(5), targets=targets)

    assert outlook.shortfall.tolist() == [20.0, 0.0]


def test_a_node_is_the_sum_of_its_leaves_in_every_draw() -> None:
    ledger = sales_history(deals=600)
    same = np.ones((2, 4), bool)
    one_leaf = run(ledger, chain(3), nodes=same, targets=Targets.none())

    np.testing.assert_array_equal(one_leaf.node_revenue_quantiles[0], one_leaf.node_revenue_quantiles[1])
    tree = run(ledger, chain(3))
    np.testing.assert_allclose(tree.node_wins_quantiles[0], one_leaf.node_wins_quantiles[0])


def test_a_forgotten_deal_is_hardly_expected_to_be_won() -> None:
    ledger = sales_history(deals=400)
    old = ledger_of([(0, 0, START - 3000, 50_000.0)])
    both = Ledger(
        deal=np.r_[ledger.deal, old.deal + 400],
        state=np.r_[ledger.state, old.state],
        day=np.r_[ledger.day, old.day],
        amount=np.r_[ledger.amount, old.amount],
        **{n: np.r_[getattr(ledger, n), getattr(old, n)] for n in ("product", "channel", "region", "close", "created")},
        owner=np.r_[ledger.owner, 0],
    )

    outlook = run(dc.replace(both, history_from=START), chain(3))

    forgotten = outlook.deals.deal == 400
    assert outlook.deals.p_by_period[forgotten, -1].max() < 0.1


def test_deals_without_amount_count_at_their_products_mean_and_the_evidence_says_so() -> None:
    ledger = sales_history(deals=400)
    standing = run(ledger, chain(3)).deals.deal
    silent = np.isin(ledger.deal, standing)

    outlook = run(dc.replace(ledger, amount=np.where(silent, np.nan, ledger.amount)), chain(3))

    assert outlook.deals.imputed.all()
    assert (outlook.deals.amount > 0).all()
    assert outlook.confidence.imputed_deals == len(standing)
    assert "amounts_imputed" in outlook.confidence.reasons


def test_a_ledger_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        run(ledger_of([(0, 0, START + 5, 1.0), (0, 1, START, 1.0)]), chain(3))


def joined(ledger: Ledger, *, events: list[tuple[int, int, float]], close: int = -1) -> Ledger:
    """The ledger and one deal more: (state, day, amount) in order."""
    n = ledger.n_deals
    more = ledger_of([(0, *e) for e in events], owner=np.array([0]), close=np.array([close]))
    per_event = {name: np.r_[getattr(ledger, name), getattr(more, name)] for name in ("state", "day", "amount")}
    per_deal = ("owner", "product", "channel", "region", "close", "created")
    return dc.replace(
        ledger,
        deal=np.r_[ledger.deal, more.deal + n],
        **per_event,
        **{name: np.r_[getattr(ledger, name), getattr(more, name)] for name in per_deal},
    )


@pytest.mark.parametrize("dated", [False, True])
def test_one_more_lost_or_far_away_deal_changes_almost_nothing(dated: bool) -> None:
    ledger = sales_history(deals=800, dated=dated)
    usual = float(np.median(ledger.amount))
    lost = joined(ledger, events=[(0, START + 400, usual), (4, START + 420, usual)], close=START + 450 if dated else -1)
    far = joined(ledger, events=[(0, START + 500, usual)], close=START + 9000)

    before, with_lost, with_far = (run(each, chain(3)).node_revenue[:, 0].sum(0) for each in (ledger, lost, far))

    np.testing.assert_allclose(with_lost, before, rtol=0.01)
    np.testing.assert_allclose(with_far, before, rtol=0.02)


@pytest.mark.parametrize("dated", [False, True])
def test_by_the_same_lessons_a_lost_deal_changes_nothing_and_one_far_away_nothing_of_the_others(dated: bool) -> None:
    ledger = sales_history(deals=800, dated=dated)
    usual = float(np.median(ledger.amount))
    lost = joined(ledger, events=[(0, START + 400, usual), (4, START + 420, usual)], close=START + 450 if dated else -1)
    far = joined(ledger, events=[(0, START + 500, usual)], close=START + 9000)
    as_of, ends, n = START + 900, np.array([30, 60, 90, 120]), ledger.n_deals
    model = observe(ledger, chain(3), as_of=as_of, ends=ends, explain=False).model

    before, with_lost, with_far = (
        observe(each, chain(3), as_of=as_of, ends=ends, explain=False, model=model) for each in (ledger, lost, far)
    )

    assert with_lost.deal.tolist() == before.deal.tolist()
    np.testing.assert_array_equal(with_lost.chances.by_end, before.chances.by_end)
    others = with_far.deal < n
    np.testing.assert_array_equal(with_far.chances.by_end[others], before.chances.by_end)
    if dated:
        assert with_far.chances.by_end[~others].max() < 0.01


def test_a_year_half_over_has_its_past_booked_and_its_future_open() -> None:
    ledger = sales_history(deals=2000)
    as_of = START + 815
    months = START + 720 + 30 * np.arange(13)

    outlook = run(ledger, chain(3), as_of=as_of, calendar=months)

    booked, open_, new = outlook.node_revenue[:, 0, :12]
    assert (booked[:3] > 0).all()
    assert (booked[4:] == 0).all()
    assert (open_[:3] == 0).all()
    assert (new[4:] > 0).all()
    assert (outlook.node_revenue_quantiles[0, 0] == booked[0]).all()
    assert (outlook.deals.p_by_period[:, :3] == 0).all()


def test_eighty_percent_intervals_hold_what_comes_most_of_the_time() -> None:
    ledger = sales_history(deals=3000, days=1200, mean_stay=12)
    rows = ledger.state == 3
    inside = []
    for as_of in range(START + 600, START + 1080, 60):
        outlook = run(ledger, chain(3), as_of=as_of, calendar=calendar(as_of, periods=3))
        for k in range(3):
            a, z = outlook.calendar[k], outlook.calendar[k + 1]
            came = (rows & (ledger.day >= a) & (ledger.day < z)).sum()
            low, high = outlook.node_wins_quantiles[0, k, [1, 5]]
            inside.append(low <= came <= high)

    assert 0.65 <= np.mean(inside) <= 0.97


def test_the_past_in_the_ledger_tells_how_far_to_trust_it() -> None:
    much, little = (
        run(sales_history(deals=2000), chain(3)),
        run(sales_history(deals=20, days=60), chain(3), as_of=START + 60),
    )

    assert not much.confidence.thin
    assert much.confidence.replays == MAX_REPLAYS
    assert little.confidence.thin
    assert {"few_deals", "short_history", "no_replays"} <= set(little.confidence.reasons)
    assert (little.confidence.error > much.confidence.error).all()
