"""Warnings: what stands out, what does not, and what is never judged."""

import dataclasses as dc

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import betabinom, gamma, nbinom

from bench.alert_worlds import FUNNEL, SEGMENTS, WEAK, World, world
from bench.alerts import naive, rows_of
from planning.forecasting.alerts import (
    PACE,
    Look,
    discoveries,
    e_discoveries,
    follow_up,
    has_power,
    look,
    pace_e_value,
    poisson_mid_p,
    share_e_value,
    share_mid_p,
)
from planning.forecasting.steps import KEPT, Watch, cut, norms_of, watch

pytestmark = pytest.mark.requirement("R1.9")
SURE = np.array([1e-7])


def _watch(made: World, *, as_of: int) -> Watch:
    pieces = cut(made.ledger, FUNNEL, as_of=as_of)
    return watch(pieces, norms_of(pieces), made.segment, SEGMENTS)


def _world(drop: float, *, per_week: float = 300, seed: int = 1) -> World:
    return world(np.random.default_rng(seed), per_week=per_week, drop=drop)


def test_the_e_value_of_a_known_rate_is_the_closed_form() -> None:
    seen, mean, a, b = 12.0, 30.0, 8.0, 8 / 0.75
    closed = a * np.log(b) - gammaln(a) + gammaln(a + seen) - (a + seen) * np.log(b + mean) + mean
    closed += np.log(gamma.cdf(1, a + seen, scale=1 / (b + mean))) - np.log(gamma.cdf(1, a, scale=1 / b))

    assert pace_e_value(np.array([seen]), np.array([mean]), SURE)[0] == pytest.approx(np.exp(closed), rel=0.01)


@pytest.mark.parametrize("spread", [1e-4, 0.05])
def test_e_values_are_worth_one_on_average_where_nothing_changed(spread: float) -> None:
    mean, of, x = 20.0, 40.0, np.arange(41.0)
    size = 1 / spread
    many = np.arange(400.0)

    pace = pace_e_value(many, np.full(400, mean), np.full(400, spread)) @ nbinom.pmf(many, size, size / (size + mean))
    size = 0.5 / (spread * 0.5) - 1
    share = share_e_value(x, np.full(41, mean), np.full(41, of), np.full(41, spread)) @ betabinom.pmf(
        x, 40, 0.5 * size, 0.5 * size
    )

    assert pace == pytest.approx(1, abs=1e-6)
    assert share == pytest.approx(1, abs=1e-6)


def test_the_share_test_is_the_beta_binomial_with_half_of_what_was_seen() -> None:
    x, n, m, spread = 24, 120, 0.3, 0.02
    size = (1 - m) / (spread * m) - 1
    whole = betabinom(n, m * size, (1 - m) * size)

    p = share_mid_p(np.array([float(x)]), np.array([n * m]), np.array([float(n)]), np.array([spread]))

    assert p[0] == pytest.approx(whole.cdf(x - 1) + whole.pmf(x) / 2, rel=1e-6)


def test_more_over_dispersion_makes_the_same_drop_less_surprising() -> None:
    p = poisson_mid_p(np.full(3, 24.0), np.full(3, 36.0), np.array([1e-6, 0.01, 0.05]))

    assert p[0] < p[1] < p[2]


def test_six_leads_with_none_converted_are_too_few_to_tell() -> None:
    assert not has_power(np.array([6.0]), SURE)[0]
    assert has_power(np.array([30.0]), SURE)[0]


def test_a_new_rep_whose_first_six_leads_were_lost_raises_no_alarm() -> None:
    made = _world(0.0)
    start = made.changed
    first = np.r_[True, np.diff(made.ledger.deal) > 0]
    late = np.unique(made.ledger.deal[(made.ledger.state == 4) & ~first & (made.ledger.day >= start)])
    segment = made.segment.copy()
    segment[late[:6]] = SEGMENTS  # six lost deals of somebody new
    pieces = cut(made.ledger, FUNNEL, as_of=start + 42)

    found = look(watch(pieces, norms_of(pieces), segment, SEGMENTS + 1))

    assert not found.enough[:, SEGMENTS].any()
    assert (found.p[:, SEGMENTS] == 1).all()


def test_a_young_cohort_is_no_drop() -> None:
    made = _world(0.0)
    rush = made.changed + 35  # as many deals as in a usual half-year arrive in the last week
    ledger, segment = made.ledger, made.segment
    n = 1_500
    deals = np.arange(ledger.n_deals, ledger.n_deals + n)
    unknown = np.full(ledger.n_deals + n, -1)
    more = dc.replace(
        ledger,
        deal=np.r_[ledger.deal, deals],
        state=np.r_[ledger.state, np.zeros(n, np.int64)],
        day=np.r_[ledger.day, np.full(n, rush)],
        amount=np.r_[ledger.amount, np.ones(n)],
        owner=np.r_[ledger.owner, np.zeros(n, np.int64)],
        created=np.r_[ledger.created, np.full(n, rush)],
        product=unknown,
        channel=unknown,
        region=unknown,
        close=unknown,
    )
    dice = np.random.default_rng(5)
    crowd = World(more, np.r_[segment, dice.integers(0, SEGMENTS, n)], made.changed, unknown)
    quiet = look(_watch(crowd, as_of=rush + 1))

    assert not discoveries(quiet.p[quiet.enough]).any()


def _found(found: Look, *, pushed: bool = False) -> set[tuple[int, ...]]:
    keys = np.argwhere(found.enough)
    at = tuple(keys.T)
    flags = e_discoveries(found.evidence[at]) if pushed else discoveries(found.p[at])
    return {tuple(key) for key in keys[flags].tolist()}


def test_a_stage_that_lost_half_of_its_conversion_is_found_and_pushed_and_no_other() -> None:
    made = _world(0.5)

    found = look(_watch(made, as_of=made.changed + 42))

    assert _found(found) == {WEAK}
    assert _found(found, pushed=True) == {WEAK}
    assert found.ratio[WEAK] < 0.75
    assert found.low[WEAK] < found.ratio[WEAK] < found.high[WEAK] < 1


def test_what_happens_after_the_day_changes_nothing() -> None:
    made = _world(0.5)
    day = made.changed + 14

    whole, cut_short = (
        look(_watch(made, as_of=day)),
        look(_watch(dc.replace(made, ledger=made.ledger.before(day)), as_of=day)),
    )

    assert np.array_equal(whole.p, cut_short.p)


def test_a_drop_is_not_recovered_until_the_stage_converts_as_before_it() -> None:
    made = _world(0.5)
    weak = {"state": WEAK[0], "group": WEAK[1], "signal": PACE}
    at = _watch(made, as_of=made.changed + 42)

    assert follow_up(at, **weak, before=KEPT - 2).recovered is False
    assert follow_up(at, state=0, group=2, signal=PACE, before=KEPT - 2).recovered is True
    quiet = _watch(made, as_of=made.changed - 1)
    assert follow_up(quiet, **weak, before=KEPT - 4).recovered is True


def test_with_next_to_nothing_nobody_is_judged() -> None:
    made = _world(0.0, per_week=1)

    assert not look(_watch(made, as_of=made.changed)).enough.any()


def test_benjamini_hochberg_takes_the_largest_step_that_holds() -> None:
    assert discoveries(np.array([0.001, 0.06, 0.9, 0.07]), q=0.10).tolist() == [True, True, False, True]
    assert not discoveries(np.array([0.2, 0.5])).any()
    assert not discoveries(np.array([])).any()


def test_the_screen_keeps_its_promises_where_the_rule_of_thumb_cries_wolf() -> None:
    rows = rows_of(per_week=600, runs=3, wobble=0.0, seed=12, drops=(0.0, 0.4))
    still, weak, shifted = (rows[name] for name in ("0%", "40%", "mix"))

    assert still["false"] <= 0.05
    assert still["f.push"] == 0
    assert weak["found"] == 1
    assert shifted["false"] <= 0.05  # by source nothing has changed
    assert still["naive"] > 0.3  # the negative control


def test_the_rule_of_thumb_accuses_about_half_of_all_cells() -> None:
    fires, of = (
        sum(column) for column in zip(*(naive(_world(0.0, seed=s, per_week=100)) for s in range(12)), strict=True)
    )

    assert 0.35 < fires / of < 0.65
