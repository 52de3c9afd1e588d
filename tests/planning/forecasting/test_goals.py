"""From a target back to the work, and forwards again."""

import numpy as np
import pytest

from planning.forecasting import goals
from planning.forecasting.goals import POINTS, Step, ahead, brought, coming, derive, leaves, reached, repairs, shift

pytestmark = pytest.mark.requirement("R1.6")
ORDERS = np.array([5.0, 4.5, 7, 7, 7.5, 8.5, 8, 8, 10, 9.5, 11.5, 13.5])
NONE = np.full((4, 12), np.nan)


def lag_of(days: float) -> np.ndarray:
    return days * np.linspace(0.4, 1.6, POINTS)


STEPS = [Step(0.6, 200, lag_of(8)), Step(0.5, 120, lag_of(30)), Step(0.4, 60, lag_of(45))]


def test_going_forwards_from_the_derived_leads_brings_the_orders_of_the_year() -> None:
    found = derive(ORDERS, STEPS, order_error=0.0, typed=NONE)

    back = reached(found.count[0], STEPS)

    assert back.sum() == pytest.approx(ORDERS.sum(), abs=1e-9)
    assert np.abs(back - ORDERS).sum() / ORDERS.sum() < 0.15  # months come out smoother than they were asked for
    assert found.count[-1].tolist() == ORDERS.tolist()


def test_an_even_year_comes_back_month_by_month() -> None:
    found = derive(np.full(12, 8.0), STEPS, order_error=0.0, typed=NONE)

    assert reached(found.count[0], STEPS) == pytest.approx(np.full(12, 8.0))
    assert found.count[0] == pytest.approx(np.full(12, 8 / 0.12))


def test_a_january_order_needs_an_october_lead() -> None:
    orders = np.zeros(12)
    orders[0] = 10
    found = derive(orders, [Step(0.5, 100, np.full(POINTS, 3 * goals.MONTH_DAYS))], order_error=0.0, typed=NONE[:2])

    assert found.before[0, :4] == pytest.approx([0, 0, 20, 0])
    assert found.before[0].sum() == pytest.approx(20)


def test_a_stage_that_is_not_measured_hides_itself_and_all_before_it_and_nothing_after() -> None:
    steps = [STEPS[0], Step(float("nan"), 0, np.zeros(0)), STEPS[2]]

    found = derive(ORDERS, steps, order_error=0.0, typed=NONE)

    assert np.isnan(found.count[:2]).all()
    assert np.isnan(found.high[:2]).all()
    assert found.count[2].sum() == pytest.approx(ORDERS.sum() / 0.4)


def test_a_rate_of_zero_is_no_infinite_goal() -> None:
    found = derive(ORDERS, [Step(0.0, 6, lag_of(3)), *STEPS[1:]], order_error=0.0, typed=NONE)

    assert np.isnan(found.count[0]).all()


def test_the_range_widens_backwards_and_holds_the_goal() -> None:
    found = derive(ORDERS, STEPS, order_error=0.01, typed=NONE)

    assert (found.year_low < found.count.sum(1)).all()
    assert (found.count.sum(1) < found.year_high).all()
    width = (found.year_high - found.year_low) / found.count.sum(1)
    assert width[0] > width[2]


def test_decided_counts_stand_and_the_stages_before_follow() -> None:
    typed = NONE.copy()
    typed[2] = 30.0

    found = derive(ORDERS, STEPS, order_error=0.01, typed=typed)

    assert found.count[2].tolist() == [30.0] * 12
    assert found.low[2].tolist() == found.high[2].tolist() == [30.0] * 12
    assert found.count[1].sum() == pytest.approx(360 / 0.5)
    assert found.count[3].tolist() == ORDERS.tolist()


def test_a_decided_time_moves_the_work_and_not_its_sum() -> None:
    slow = [Step(0.5, 90, goals.stretched(lag_of(30), 120))]
    fast = [Step(0.5, 90, lag_of(30))]
    early, late = (derive(ORDERS, steps, order_error=0.0, typed=NONE[:2]) for steps in (slow, fast))

    assert early.count[0].sum() == pytest.approx(late.count[0].sum())
    assert early.before[0].sum() > late.before[0].sum()
    assert goals.median(slow[0].lag) == pytest.approx(120)


@pytest.mark.parametrize("days", [0, 3, 30, 45.5, 400])
def test_a_lag_is_spread_over_months_without_loss(days: float) -> None:
    months = shift(lag_of(days))

    assert months.sum() == pytest.approx(1)
    assert (months * np.arange(len(months))).sum() == pytest.approx(days / goals.MONTH_DAYS)


def test_open_deals_take_from_what_must_still_come() -> None:
    edges = np.array([0, 30, 61, 91, 122])
    stands = np.zeros((4, 4))
    stands[3] = coming(np.full(20, 10), STEPS[2], lag_of(40), edges)
    need = np.array([2.0, 3, 3, 3])

    without, having = (ahead(need, STEPS, comes) for comes in (np.zeros((4, 4)), stands))

    assert brought(stands, STEPS).sum() == pytest.approx(stands[3].sum())
    assert 4 < stands[3].sum() < 12  # of twenty deals at 40 %, some are past
    assert having.new[2].sum() + having.late[2] < without.new[2].sum() + without.late[2]
    assert having.orders < without.orders


def test_work_that_would_have_to_begin_before_today_is_named_as_too_late() -> None:
    step = [Step(0.5, 90, np.full(POINTS, 2 * goals.MONTH_DAYS))]

    found = ahead(np.array([4.0, 4, 4, 4]), step, np.zeros((2, 4)))

    assert found.new[0].tolist() == pytest.approx([8, 8, 0, 0])
    assert found.late[0] == pytest.approx(16)
    assert found.orders == pytest.approx(8)


def test_a_surplus_of_one_month_serves_the_next() -> None:
    step = [Step(1.0, 90, np.zeros(POINTS))]
    comes = np.array([[0.0, 0, 0], [10, 0, 0]])

    assert ahead(np.array([4.0, 4, 4]), step, comes).new[0].tolist() == [0, 0, 2]


def test_young_cases_count_neither_as_success_nor_as_failure() -> None:
    age = np.array([5, 5, 5, 5, 1, 1, 1, 1])
    cause = np.array([0, 0, 1, 1, -1, -1, -1, -1])

    found = leaves(age, cause)

    assert (found.rate, found.size, found.went_n) == (0.5, 4, 2)
    assert found.went.tolist() == [5.0] * POINTS


def test_nobody_who_went_on_is_no_measurement() -> None:
    found = leaves(np.array([3, 4]), np.array([1, 1]))

    assert (found.rate, found.went_n, len(found.went)) == (0.0, 0, 0)
    assert np.isnan(leaves(np.zeros(0, np.int64), np.zeros(0, np.int64)).rate)


def test_few_cases_are_drawn_towards_the_unit_above() -> None:
    assert goals.drawn(np.array([0.0]), np.array([6.0]), 0.4, 20.0)[0] == pytest.approx(8 / 26)
    assert goals.drawn(np.array([0.0]), np.array([6.0]), float("nan"), 20.0)[0] == 0
    assert np.isnan(goals.drawn(np.array([0.0]), np.array([0.0]), float("nan"), 20.0)[0])


def test_the_smallest_repair_makes_the_fullest_month_fit() -> None:
    count = np.array([[40.0] * 12, [20.0] * 12, [10.0] * 12])
    hours, rates = np.array([1.0, 4.0, 2.0]), np.array([0.5, 0.5])
    load = goals.load_of(count, hours, np.full(12, 120.0))

    found = repairs(load, hours=hours, rates=rates, people=np.full(12, 2.0))

    assert load.used[0] == pytest.approx(140 / 120)
    first = found[0]
    assert (first.kind, first.stage) == ("rate", 1)  # all before the orders: 120 of 140 hours
    assert first.then == pytest.approx(0.5 * 120 / 100)
    assert {repair.kind for repair in found} == {"rate", "hours", "people"}
    assert next(repair for repair in found if repair.kind == "people").then == 2.4
    assert (
        repairs(goals.load_of(count, hours, np.full(12, 141.0)), hours=hours, rates=rates, people=np.full(12, 2.0))
        == []
    )


def test_a_month_that_is_over_is_not_mended() -> None:
    count = np.full((2, 12), 10.0)
    count[:, 0] = 90.0
    hours = np.array([1.0, 1.0])
    load = goals.load_of(count, hours, np.full(12, 100.0))
    rates, people = np.array([0.5]), np.full(12, 1.0)
    assert repairs(load, hours=hours, rates=rates, people=people)
    assert repairs(load, hours=hours, rates=rates, people=people, first=1) == []
