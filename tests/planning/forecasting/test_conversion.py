"""Conversion and time in stage: small cases worked out by hand, and censoring against a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from planning.forecasting import conversion_rates
from planning.forecasting.conversion import wilson
from tests.factories.forecasting import START, chain, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.7")

NAN = float("nan")


def test_every_stay_is_counted_once_in_what_became_of_it() -> None:
    ledger = ledger_of(
        [
            (0, 0, START, NAN), (0, 1, START + 10, NAN), (0, 2, START + 15, NAN),  # won
            (1, 0, START, NAN), (1, 3, START + 20, NAN),  # lost at once
            (2, 0, START, NAN), (2, 1, START + 30, NAN), (2, 0, START + 35, NAN),  # back, and still there
            (3, 0, START, NAN), (3, 0, START + 4, 9.0),  # an amended amount is no new stay
        ]
    )  # fmt: skip

    table = conversion_rates(ledger, chain(2), as_of=START + 40)

    assert table.state.tolist() == [0, 1]
    assert table.entered.tolist() == [5, 2]
    assert table.advanced.tolist() == [2, 1]
    assert table.lost.tolist() == [1, 0]
    assert table.back.tolist() == [0, 1]
    assert table.open.tolist() == [2, 0]


def test_without_open_stays_the_rate_is_the_plain_share() -> None:
    events = [(d, s, START + day, NAN) for d in range(10) for s, day in ((0, 0), (1 if d < 7 else 2, 3 + d))]

    table = conversion_rates(ledger_of(events), chain(1), as_of=START + 100)

    assert table.rate[0] == pytest.approx(0.7)
    assert table.win_rate[0] == pytest.approx(0.7)
    assert table.low[0] < 0.7 < table.high[0]
    assert table.median_days[0] == 7
    assert table.p85_days[0] == 11


def test_young_stays_pull_the_rate_nowhere() -> None:
    old = sales_history(deals=4000, stages=1, forward=0.4, mean_stay=30)
    as_of = START + 900

    whole, young = (conversion_rates(old, chain(1), as_of=as_of, since=start) for start in (START, as_of - 40))

    assert young.open[0] > young.mature[0]
    assert young.low[0] - 0.05 < 0.4 < young.high[0] + 0.05
    assert whole.rate[0] == pytest.approx(0.4, abs=0.03)
    plain = young.advanced[0] / young.entered[0]
    assert abs(plain - 0.4) > 0.15


def test_a_time_that_was_not_reached_is_unknown() -> None:
    events = [(d, 0, START, NAN) for d in range(4)]
    events[3:] = [(3, 0, START, NAN), (3, 1, START + 5, NAN)]

    table = conversion_rates(ledger_of(events), chain(1), as_of=START + 50)

    assert np.isnan(table.median_days[0])
    assert table.rate[0] == 1
    assert table.low[0] < 0.5


def test_groups_are_told_apart_and_unknown_ones_left_out() -> None:
    ledger = sales_history(deals=300)

    table = conversion_rates(ledger, chain(3), as_of=START + 900, group=ledger.channel, n_groups=2)

    known = ledger.channel[ledger.deal] >= 0
    firsts = (ledger.state == 0) & known & np.r_[True, ledger.deal[1:] != ledger.deal[:-1]]
    assert table.entered[table.state == 0].sum() == firsts.sum()
    assert set(table.group.tolist()) == {0, 1}


def test_a_reopened_deal_is_no_loss() -> None:
    ledger = ledger_of([(0, 0, START, NAN), (0, 2, START + 5, NAN), (0, 0, START + 9, NAN)])

    table = conversion_rates(ledger, chain(1), as_of=START + 20)

    assert table.lost.tolist() == [1]
    assert np.isnan(table.win_rate[0])


def test_no_history_gives_no_rows() -> None:
    assert len(conversion_rates(ledger_of([]), chain(3), as_of=START).state) == 0


@pytest.mark.parametrize(("rate", "n", "low", "high"), [(0.5, 10, 0.3122, 0.6878), (0.0, 5, 0.0, 0.2473)])
def test_wilson_agrees_with_the_textbook(rate: float, n: float, low: float, high: float) -> None:
    below, above = wilson(np.array([rate]), np.array([n]))

    assert below[0] == pytest.approx(low, abs=2e-4)
    assert above[0] == pytest.approx(high, abs=2e-4)
