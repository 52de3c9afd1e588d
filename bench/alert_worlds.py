"""
Simulated funnels for the warnings: three stages with lognormal times, four segments, two lead sources.

The dice of a history are thrown once; how the same deals go with a stage that lost a part of its conversion, or with
another mix of sources, follows from the same dice. So one history serves every drop, and the deals that were closed
before the change are counted once, as the groundwork of a night does.
"""

from __future__ import annotations

import dataclasses as dc

import numpy as np

from planning.forecasting import Funnel, Ledger
from planning.forecasting.history import stays_of
from planning.forecasting.past_steps import PastSteps, past_steps

STAGES, SEGMENTS, SOURCES = 3, 4, 2
CHANCE = (0.6, 0.5, 0.4)
MEDIAN_DAYS = (8.0, 15.0, 20.0)
SPREAD_DAYS = 0.7
WEAK = (1, 0)  # stage, segment
START, DAYS, LOOKS = 18_004, 1_000, 6
LEAD = 28  # days before the change from which on other sources bring the leads of a shifted mix
GOOD, POOR = 0, 1
SOURCE_EFFECT = (1.2, 0.8)  # on the chance of the weak stage
USUAL_POOR, SHIFTED_POOR = 0.5, 0.9
FUNNEL = Funnel.of([*range(STAGES), -1, -1], [0] * STAGES + [1, 0], [0] * STAGES + [0, 1])
WON, LOST = STAGES, STAGES + 1


@dc.dataclass(frozen=True)
class World:
    """A simulated history: the ledger, the segment of each deal, the day of the change, the source of each deal."""

    ledger: Ledger
    segment: np.ndarray
    changed: int
    source: np.ndarray


@dc.dataclass(frozen=True)
class Past:
    """Deals closed before any change: as they went, and as tables by segment and by source."""

    world: World
    steps: PastSteps


@dc.dataclass(frozen=True)
class Dice:
    """
    The luck of n deals.

    created (n,); leaves (n, STAGES) day on which each stage would be left; luck, chance (n, STAGES): forwards where
    luck < chance; segment, source, source_if_shifted (n,).
    """

    created: np.ndarray
    leaves: np.ndarray
    luck: np.ndarray
    chance: np.ndarray
    segment: np.ndarray
    source: np.ndarray
    source_if_shifted: np.ndarray
    end: int

    @property
    def changed(self) -> int:
        return self.end - 7 * LOOKS

    def only(self, rows: np.ndarray) -> Dice:
        """Some of the deals."""
        kept = {f.name: getattr(self, f.name)[rows] for f in dc.fields(self) if f.name != "end"}
        return dc.replace(self, **kept)

    def forward(self, drop: float, *, shifted: bool = False) -> np.ndarray:
        """(n, STAGES) whether a deal would go on from each stage."""
        weak_stage, weak_segment = WEAK
        source = self.source_if_shifted if shifted else self.source
        chance = self.chance.copy()
        chance[:, weak_stage] *= np.array(SOURCE_EFFECT)[source]
        late = self.leaves[:, weak_stage] >= self.changed
        chance[late & (self.segment == weak_segment), weak_stage] *= 1 - drop
        return self.luck < chance

    def world(self, drop: float = 0.0, *, shifted: bool = False) -> World:
        """Let the deals run."""
        n = len(self.created)
        forward = self.forward(drop, shifted=shifted)
        rows = [(np.arange(n), np.zeros(n, np.int64), self.created)]
        alive = np.ones(n, np.bool_)
        for s in range(STAGES):
            alive = alive & (self.leaves[:, s] < self.end)
            on = forward[:, s]
            to = np.where(on, s + 1 if s + 1 < STAGES else WON, LOST)
            rows.append((np.flatnonzero(alive), to[alive], self.leaves[alive, s]))
            alive = alive & on
        deal, state, at = (np.concatenate(column) for column in zip(*rows, strict=True))
        order = np.argsort(deal, kind="stable")  # the moves of a deal stand in their order already
        unknown = np.full(n, -1, np.int64)
        ledger = Ledger(
            deal=deal[order].astype(np.int64),
            state=state[order].astype(np.int64),
            day=np.floor(at[order]).astype(np.int64),
            amount=np.ones(len(order)),
            owner=self.segment,
            product=unknown,
            channel=self.source_if_shifted if shifted else self.source,
            region=unknown,
            close=unknown,
            created=np.floor(self.created).astype(np.int64),
        )
        return World(ledger, self.segment, self.changed, ledger.channel)

    def parted(self) -> tuple[Past, Dice]:
        """The deals that no change reaches, and the dice of all others."""
        forward = self.forward(0.0)
        lasted = np.argmin(np.c_[forward, np.zeros(len(forward), np.bool_)], axis=1)  # stages gone forwards from
        last = np.minimum(lasted, STAGES - 1)
        closed = self.leaves[np.arange(len(last)), last] < self.changed - LEAD
        past = self.only(np.flatnonzero(closed)).world()
        levels = {"segment": past.segment, "source": past.source}
        sizes = {"segment": SEGMENTS, "source": SOURCES}
        stays = stays_of(past.ledger, self.changed)
        tables = past_steps(stays, FUNNEL, levels, history_from=past.ledger.history_from, sizes=sizes)
        return Past(past, tables), self.only(np.flatnonzero(~closed))


def dice(rng: np.random.Generator, *, per_week: float, wobble: float = 0.0, span_days: int = DAYS) -> Dice:
    """
    Throw the dice of a funnel of `per_week` new deals; the change comes six weeks before the end.

    wobble: relative spread of each cell's chance from month to month, as in real funnels.
    """
    n = rng.poisson(per_week * span_days / 7)
    segment = rng.integers(0, SEGMENTS, n)
    created = START + rng.uniform(0, span_days, n)
    stays = np.stack([rng.lognormal(np.log(days), SPREAD_DAYS, n) for days in MEDIAN_DAYS], axis=1)
    leaves = created[:, None] + np.cumsum(stays, axis=1)
    months = span_days // 30 + 2
    moods = 1 + wobble * rng.standard_normal((STAGES, SEGMENTS, months))
    month = np.minimum((leaves - START) // 30, months - 1).astype(np.int64)
    chance = np.array(CHANCE) * moods[np.arange(STAGES), segment[:, None], month]
    poor, end = rng.random(n), START + span_days
    late = created >= end - 7 * LOOKS - LEAD
    return Dice(
        created=created,
        leaves=leaves,
        luck=rng.random((n, STAGES)),
        chance=chance,
        segment=segment,
        source=(poor < USUAL_POOR).astype(np.int64),
        source_if_shifted=(poor < np.where(late, SHIFTED_POOR, USUAL_POOR)).astype(np.int64),
        end=end,
    )


def world(
    rng: np.random.Generator, *, per_week: float, drop: float, wobble: float = 0.0, span_days: int = DAYS
) -> World:
    """One history in which the weak cell converts (1 - drop) as often from six weeks before the end on."""
    return dice(rng, per_week=per_week, wobble=wobble, span_days=span_days).world(drop)
