from dataclasses import replace

import numpy as np
import pytest

from planning.forecasting.parts import (
    EVERYTHING,
    Coming,
    Deals,
    Share,
    Whole,
    each_of,
    paced,
    part_of,
    rate_reached,
    share_of,
)
from planning.forecasting.reading import chance_of

pytestmark = pytest.mark.requirement("R1.1", "R1.8")

LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
DRAWS = 2_000


class World:
    """A node whose year is still open: some deals, a pace of new ones, an error that all share; and what comes of it."""

    def __init__(self, seed: int, *, deals: int = 60, new: float = 20.0, shared: float = 0.15) -> None:
        self.dice = np.random.default_rng(seed)
        self.chance = self.dice.beta(1.2, 3.0, deals)
        self.amount = self.dice.lognormal(3.0, 0.8, deals)
        self.new, self.shared = new, shared
        wins, revenue, _ = self.outcomes(np.ones(deals, np.bool_), 1.0, DRAWS)
        self.whole = Whole(
            revenue=float(revenue.mean()),
            fresh=new * float(np.exp(3.0 + 0.32)),
            levels=LEVELS,
            quantiles=np.quantile(revenue, LEVELS).tolist(),
            wins=float(wins.mean()),
            wins_low=float(np.quantile(wins, 0.1)),
            wins_high=float(np.quantile(wins, 0.9)),
            deals=Deals(self.chance, self.amount),
        )

    def outcomes(self, part: np.ndarray, share: float, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) wins and revenue of a part, and the error of each draw."""
        error = np.exp(self.dice.normal(-(self.shared**2) / 2, self.shared, n))
        won = self.dice.random((n, part.sum())) < np.minimum(self.chance[part] * error[:, None], 1)
        new = self.dice.poisson(self.new * share * error)
        draw = np.repeat(np.arange(n), new)
        brought = np.bincount(draw, self.dice.lognormal(3.0, 0.8, len(draw)), n)
        return won.sum(1) + new, won @ self.amount[part] + brought, error

    def part(self, inside: np.ndarray, share: Share, *, counts: bool) -> Coming:
        value = np.ones(int(inside.sum())) if counts else self.amount[inside]
        return part_of(
            self.whole,
            chance=self.chance[inside],
            value=value,
            share=share,
            each=EVERYTHING,
            counts=counts,
            whole_numbers=counts,
        )


def everything(world: World, *, counts: bool) -> Coming:
    return world.part(np.ones(len(world.chance), np.bool_), EVERYTHING, counts=counts)


def test_all_sales_as_a_part_of_themselves_have_the_chance_of_the_night() -> None:
    world = World(1)
    found = everything(world, counts=False)
    assert found.mean == pytest.approx(world.whole.revenue)
    for amount in np.quantile(world.whole.quantiles, [0.05, 0.3, 0.5, 0.7, 0.95]):
        assert found.chance(float(amount)) == pytest.approx(
            chance_of(float(amount), LEVELS, world.whole.quantiles), abs=1e-9
        )


def test_all_wins_have_the_chance_of_the_night_within_three_points() -> None:
    world = World(2)
    wins, _, _ = world.outcomes(np.ones(len(world.chance), np.bool_), 1.0, 40_000)
    found = everything(world, counts=True)
    assert found.mean == pytest.approx(world.whole.wins)
    for count in np.quantile(wins, [0.1, 0.3, 0.5, 0.7, 0.9]):
        assert found.chance(float(count)) == pytest.approx(float((wins >= count).mean()), abs=0.03)


@pytest.mark.parametrize("counts", [True, False])
def test_parts_add_up_to_the_whole_in_the_mean(counts: bool) -> None:
    world = World(3)
    inside = np.arange(60) < 20
    parts = [world.part(inside, Share(0.3), counts=counts), world.part(~inside, Share(0.7), counts=counts)]
    assert sum(part.mean for part in parts) == pytest.approx(everything(world, counts=counts).mean)


@pytest.mark.parametrize("counts", [True, False])
def test_more_is_never_likelier_and_what_is_reached_is_certain(counts: bool) -> None:
    world = World(4)
    found = world.part(np.arange(60) < 10, Share(0.1, 0.2), counts=counts)
    asked = np.linspace(0.01, 4 * found.mean, 60)
    chances = [found.chance(float(amount)) for amount in asked]
    assert chances == sorted(chances, reverse=True)
    assert 0 <= chances[-1] < chances[0] <= 1
    assert found.chance(0.0) == found.chance(-5.0) == 1.0


def test_a_share_that_few_wins_have_told_leaves_more_open() -> None:
    few = share_of(3, 3, 10, 10, wider=0.3, lumpiness=0.0)
    many = share_of(300, 300, 1000, 1000, wider=0.3, lumpiness=0.0)
    assert few.mean == pytest.approx(many.mean)
    assert few.error2 > 3 * many.error2
    world = World(5)
    inside = np.zeros(60, np.bool_)
    wide, narrow = (world.part(inside, share, counts=True) for share in (few, many))
    assert wide.chance(wide.mean * 1.5) > narrow.chance(narrow.mean * 1.5)


def test_a_share_is_drawn_towards_the_wider_circle_and_forgets_it_with_many_wins() -> None:
    assert share_of(0, 0, 0, 0, wider=0.25, lumpiness=1.0).mean == pytest.approx(0.25)
    assert share_of(5, 5, 10, 10, wider=0.2, lumpiness=0.0).mean == pytest.approx(0.3)
    assert share_of(500, 500, 1000, 1000, wider=0.2, lumpiness=0.0).mean == pytest.approx(0.494, abs=0.001)
    assert each_of(0, 0, 0, wider=0.4, lumpiness=1.0).mean == pytest.approx(0.4)


def test_chances_of_parts_come_true_as_often_as_they_say() -> None:
    """Shares are learnt from as many wins as a small team has; parts are a tenth to most of the sales."""
    said, came = [], []
    inside_80 = 0
    worlds = 400
    for seed in range(worlds):
        dice = np.random.default_rng(10_000 + seed)
        world = World(20_000 + seed, new=float(dice.uniform(3, 40)))
        counts = seed % 2 == 0
        share = float(dice.choice([0.1, 0.25, 0.4, 0.6, 0.85]))
        inside = dice.random(60) < share
        past = 80
        part = dice.binomial(past, share)
        told = share_of(part, part, past, past, wider=share, lumpiness=0.0)
        told = replace(told, error2=told.error2 * (1 if counts else 1 + world.whole.lumpiness))
        found = world.part(inside, told, counts=counts)
        wins, revenue, _ = world.outcomes(inside, share, 1)
        landed = float((wins if counts else revenue)[0])
        for factor in (0.7, 0.85, 1.0, 1.15, 1.4):
            asked = found.mean * factor
            said.append(found.chance(asked))
            came.append(landed >= asked)
        inside_80 += 0.1 < found.chance(landed) <= 0.9
    chance, hit = np.array(said), np.array(came)
    place = np.minimum((chance * 10).astype(int), 9)
    off = sum(
        abs(float(chance[place == k].mean() - hit[place == k].mean())) * (place == k).sum() for k in set(place.tolist())
    )
    assert off / len(chance) < 0.04
    assert float(((chance - hit) ** 2).mean()) < 0.85 * hit.mean() * (1 - hit.mean())
    assert 0.74 < inside_80 / worlds < 0.86


def test_a_count_goes_on_at_its_pace() -> None:
    found = paced([20.0, 21, 19, 20, 22, 18, 20, 20], 6)
    assert found.mean == pytest.approx(120, rel=0.02)
    assert found.chance(60) > 0.95
    assert found.chance(200) < 0.05
    wild = paced([5.0, 40, 2, 38, 10, 31, 4, 30], 6)
    assert wild.chance(wild.mean * 1.5) > found.chance(found.mean * 1.5)


def test_a_rate_is_surer_the_more_of_its_year_is_gone() -> None:
    past = [(40.0, 100.0), (42.0, 100.0)]
    early = rate_reached(target=0.45, reached=4, begun=10, past=past, gone=0.1)
    late = rate_reached(target=0.45, reached=36, begun=90, past=past, gone=0.9)
    assert late < early < 0.5
    assert rate_reached(target=0.30, reached=36, begun=90, past=past, gone=0.9) > 0.95
