"""
What the warnings find and what they make up: simulated funnels, weekly looks, the screen and the pushed warnings.

python bench/alerts.py [--runs N] [--deals PER_WEEK ...]

Four segments share the deals evenly; deals go through three stages with lognormal times. Either nothing changes, or one
segment's second stage loses a part of its conversion from one day on, and six weekly looks follow. Printed are, per
volume and drop: found = runs in which a look found that cell; false = cells found that had not changed, of all cells
ever looked at; any = looks with a false cell. Beside them the rule of thumb "below the mean of past quarters", which
knows neither numbers nor age.
"""

from __future__ import annotations

import argparse
import dataclasses as dc
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from planning.forecasting import Funnel, Ledger
from planning.forecasting.alerts import MATERIAL, discoveries, e_discoveries, look
from planning.forecasting.steps import cut, norms_of, watch

STAGES, SEGMENTS = 3, 4
CHANCE = (0.6, 0.5, 0.4)
MEDIAN_DAYS = (8.0, 15.0, 20.0)
WEAK = (1, 0)  # stage, segment
START, DAYS, LOOKS = 18_004, 1_000, 6
FUNNEL = Funnel.of([*range(STAGES), -1, -1], [0] * STAGES + [1, 0], [0] * STAGES + [0, 1])


@dc.dataclass(frozen=True)
class World:
    """A simulated history: the ledger, the segment of each deal, the day of the change."""

    ledger: Ledger
    segment: np.ndarray
    changed: int


def world(
    rng: np.random.Generator, *, per_week: float, drop: float, wobble: float = 0.0, span_days: int = DAYS
) -> World:
    """
    Simulate a funnel of `per_week` new deals; from six weeks before the end the weak cell converts (1 - drop) as often.

    wobble: relative spread of each cell's chance from month to month, as in real funnels.
    """
    n = rng.poisson(per_week * span_days / 7)
    segment = rng.integers(0, SEGMENTS, n)
    day = START + rng.uniform(0, span_days, n)
    end, changed = START + span_days, START + span_days - 7 * LOOKS
    months = span_days // 30 + 2
    moods = 1 + wobble * rng.standard_normal((STAGES, SEGMENTS, months))
    rows = [(np.arange(n), np.zeros(n, np.int64), day.copy())]
    alive = np.arange(n)
    for s in range(STAGES):
        day[alive] += rng.lognormal(np.log(MEDIAN_DAYS[s]), 0.7, len(alive))
        alive = alive[day[alive] < end]
        month = ((day[alive] - START) // 30).astype(int)
        chance = CHANCE[s] * moods[s, segment[alive], month]
        weak = (s == WEAK[0]) & (segment[alive] == WEAK[1]) & (day[alive] >= changed)
        forward = rng.random(len(alive)) < chance * np.where(weak, 1 - drop, 1.0)
        to = np.where(forward, s + 1 if s + 1 < STAGES else STAGES, STAGES + 1)
        rows.append((alive, to.astype(np.int64), day[alive].copy()))
        alive = alive[forward]
    deal, state, at = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((at, deal))
    unknown = np.full(n, -1, np.int64)
    ledger = Ledger(
        deal=deal[order].astype(np.int64),
        state=state[order],
        day=np.floor(at[order]).astype(np.int64),
        amount=np.ones(len(order)),
        owner=segment,
        product=unknown,
        channel=unknown,
        region=unknown,
        close=unknown,
        created=np.floor(rows[0][2]).astype(np.int64),
    )
    return World(ledger, segment, changed)


@dc.dataclass
class Tally:
    """What came of one run: found by the screen, by the pushed warnings; false cells; looks with a false one."""

    found: bool = False
    pushed: bool = False
    false: int = 0
    false_pushed: int = 0
    looks_with_false: int = 0
    naive: int = 0
    naive_of: int = 0


def one_run(made: World, *, drop: float) -> Tally:
    """Look once a week for six weeks, as the night would."""
    out = Tally()
    false, false_pushed = set(), set()
    for week in range(1, LOOKS + 1):
        as_of = made.changed + 7 * week
        pieces = cut(made.ledger, FUNNEL, as_of=as_of)
        found = look(watch(pieces, norms_of(pieces), made.segment, SEGMENTS))
        keys = np.argwhere(found.enough)
        at = tuple(keys.T)
        loss = found.ratio[at] <= MATERIAL
        screen = discoveries(found.p[at]) & loss
        push = e_discoveries(found.evidence[at]) & loss
        weak = (keys == WEAK).all(1) & (drop > 0)
        out.found |= bool((screen & weak).any())
        out.pushed |= bool((push & weak).any())
        wrong = {tuple(key) for key in keys[screen & ~weak].tolist()}
        out.looks_with_false += bool(wrong)
        false |= wrong
        false_pushed |= {tuple(key) for key in keys[push & ~weak].tolist()}
    out.false, out.false_pushed = len(false), len(false_pushed)
    out.naive, out.naive_of = naive(made)
    return out


def naive(made: World, window: int = 91) -> tuple[int, int]:
    """How many unchanged cells the rule "fewer went on than in the mean past quarter" accuses, of how many."""
    ledger = made.ledger
    first = np.r_[True, ledger.deal[1:] != ledger.deal[:-1]]
    moved = np.flatnonzero(~first)
    came_from, to, day = ledger.state[moved - 1], ledger.state[moved], ledger.day[moved]
    quarter = (made.changed - 1 - day) // window
    fires = of = 0
    for s in range(STAGES):
        for g in range(SEGMENTS):
            mine = (came_from == s) & (made.segment[ledger.deal[moved]] == g) & (day < made.changed)
            forward = np.bincount(quarter[mine], to[mine] != STAGES + 1, 9)[:9]
            all_moves = np.bincount(quarter[mine], minlength=9)[:9]
            rate = forward / np.maximum(all_moves, 1)
            fires, of = fires + int(rate[0] < rate[1:9].mean()), of + 1
    return fires, of


def table_row(*, per_week: float, drop: float, runs: int, wobble: float, seed: int) -> dict[str, float]:
    """Simulate and count."""
    rng = np.random.default_rng(seed)
    tallies = [one_run(world(rng, per_week=per_week, drop=drop, wobble=wobble), drop=drop) for _ in range(runs)]
    cells = runs * STAGES * SEGMENTS - runs * (drop > 0)
    return {
        "found": float(np.mean([t.found for t in tallies])),
        "pushed": float(np.mean([t.pushed for t in tallies])),
        "false": sum(t.false for t in tallies) / cells,
        "false_pushed": sum(t.false_pushed for t in tallies) / cells,
        "any": sum(t.looks_with_false for t in tallies) / (runs * LOOKS),
        "naive": sum(t.naive for t in tallies) / sum(t.naive_of for t in tallies),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--deals", type=float, nargs="*", default=[150, 600, 2400, 4800])
    chosen = parser.parse_args()
    print(
        f"{chosen.runs} runs each; {STAGES * SEGMENTS} cells, six weekly looks; a segment holds a quarter of the deals"
    )
    head = ("drop", "found", "pushed", "false", "f.push", "any", "naive")
    print(f"{'deals/week':>10} {'wobble':>7}" + "".join(f"{word:>8}" for word in head))
    began = time.perf_counter()
    for per_week in chosen.deals:
        for wobble in (0.0, 0.05):
            for drop in (0.0, 0.15, 0.3, 0.5):
                row = table_row(per_week=per_week, drop=drop, runs=chosen.runs, wobble=wobble, seed=7)
                shares = (row[name] for name in ("found", "pushed", "false", "false_pushed", "any", "naive"))
                print(
                    f"{per_week:10.0f} {wobble:7.0%}{drop:8.0%}" + "".join(f"{share:8.2%}" for share in shares),
                    flush=True,
                )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
