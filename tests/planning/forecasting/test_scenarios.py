from dataclasses import replace

import numpy as np
import pytest

from planning.forecasting.scenarios import Landing, Levers, moved

pytestmark = pytest.mark.requirement("R1.5")
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
DICE = np.random.default_rng(7)
OPEN = DICE.gamma(16.0, 20.0, 200_000)  # about 320
NEW = DICE.gamma(9.0, 20.0, 200_000)  # about 180


def landing(target: float | None = 700.0, booked: float = 200.0) -> Landing:
    draws = booked + OPEN + NEW
    chance = None if target is None else float((draws >= target).mean())
    quantiles = np.quantile(draws, LEVELS).tolist()
    return Landing(booked, float(OPEN.mean()), float(NEW.mean()), LEVELS, quantiles, target, chance)


def test_with_no_lever_moved_the_nights_own_figures_come_back() -> None:
    base = landing()
    found = moved(base, Levers())
    assert found.expected == pytest.approx(base.booked + base.open + base.new)
    assert found.delta == pytest.approx(0)
    assert found.chance == base.chance
    assert (found.low, found.high) == (base.quantiles[1], base.quantiles[-2])


@pytest.mark.parametrize(
    ("levers", "open_by", "new_by"),
    [
        (Levers(price=1.1), 1.1, 1.1),
        (Levers(price=0.9), 0.9, 0.9),
        (Levers(win_rate=1.15), 1.15, 1.15),
        (Levers(leads=1.3), 1.0, 1.3),
        (Levers(win_rate=1.1, price=0.95, leads=0.8), 1.045, 0.836),
    ],
)
def test_the_means_move_exactly_and_the_chance_as_new_draws_would_say(
    levers: Levers, open_by: float, new_by: float
) -> None:
    for target in (600.0, 700.0, 800.0):
        base = landing(target)
        found = moved(base, levers)
        draws = base.booked + OPEN * open_by + NEW * new_by
        assert found.expected == pytest.approx(base.booked + base.open * open_by + base.new * new_by)
        assert found.chance == pytest.approx(float((draws >= target).mean()), abs=0.025)


def test_what_is_won_moves_with_nothing() -> None:
    base = replace(landing(), open=0.0, new=0.0, quantiles=(200.0,) * 7, chance=0.0)
    assert moved(base, Levers(price=1.3, win_rate=1.3)).expected == 200.0


def test_people_add_their_share_and_whoever_was_to_bring_nothing_gets_no_invented_chance() -> None:
    base = landing()
    assert moved(base, Levers(), added=50).delta == pytest.approx(50)
    more = moved(base, Levers(), added=50).chance
    assert base.chance is not None
    assert more is not None
    assert more > base.chance
    empty = replace(base, open=0.0, new=0.0, quantiles=(200.0,) * 7, chance=0.0)
    found = moved(empty, Levers(), added=50)
    assert (found.expected, found.chance) == (250.0, None)


def test_a_target_that_is_reached_stays_reached_and_one_without_a_target_has_no_chance() -> None:
    assert moved(replace(landing(), target=150.0, chance=1.0), Levers(price=0.5)).chance == 1.0
    assert moved(landing(None), Levers(price=1.2)).chance is None


def test_a_lever_at_nothing_leaves_what_is_booked() -> None:
    found = moved(landing(), Levers(win_rate=0.0))
    assert (found.expected, found.chance) == (200.0, 0.0)
