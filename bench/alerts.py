"""
What the warnings find and what they make up: simulated funnels, weekly looks, the screen and the pushed warnings.

python bench/alerts.py [--runs N] [--deals PER_WEEK ...]

Four segments share the deals evenly; deals go through three stages with lognormal times (see `alert_worlds`). Nothing
changes, or one segment's second stage loses a part of its conversion from one day on, or poor lead sources bring more
of the deals while each source converts as before; six weekly looks follow. Printed are, per volume:

found, pushed  runs in which a look found (pushed) the cell that changed; with a shifted mix: a segment's second stage
look           the look that found it, on the mean over runs that did
false, f.push  cells found (pushed) although nothing has changed in them, of all: at no drop those by segment, with a
               shifted mix those by source; "all" = over all volumes
any            looks with a false cell
named          with a shifted mix: found segments whose cause is named as the lead sources
naive          cells without change accused by the rule of thumb "below the mean of past quarters", which knows neither
               numbers nor age

Below stands what theory allows somebody who knows the usual rate, the size of the drop and its day exactly: how many
stays must end for a drop to be found in 95 of 100 runs, by one look of a fixed test, and by a test that may be looked at
every night (Wald, Ann. Math. Stat. 16 (1945), 117-186: the evidence grows by the Kullback-Leibler distance per stay).
"""

from __future__ import annotations

import argparse
import dataclasses as dc
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.alert_worlds import (
    CHANCE,
    FUNNEL,
    LOOKS,
    LOST,
    SEGMENTS,
    SOURCES,
    STAGES,
    START,
    WEAK,
    Dice,
    Past,
    World,
    dice,
    world,
)
from planning.forecasting import mix
from planning.forecasting.alerts import MATERIAL, SPANS, Q, discoveries, e_discoveries, look
from planning.forecasting.mix import Cause
from planning.forecasting.steps import Norms, Pieces, Watch, cut, norms_of, watch

__all__ = ["FUNNEL", "SEGMENTS", "STAGES", "START", "WEAK", "World", "world"]  # the worlds, for whoever tests with them
RUNS = 30
DEALS = (150, 600, 1_200, 2_400)
DROPS = (0.0, 0.15, 0.3, 0.5)
WOBBLES = (0.0, 0.05)
SURE = 0.95
LEAVING = CHANCE[0] / SEGMENTS * LOOKS  # stays of the weak cell that end within the looks, per deal a week


@dc.dataclass
class Tally:
    """What came of one run: the look that found the changed cell, that pushed it; false cells; looks with a false one."""

    found: int | None = None
    pushed: int | None = None
    false: int = 0
    false_pushed: int = 0
    looks_with_false: int = 0
    unchanged: int = 0
    named: int = 0
    mixed: int = 0


@dc.dataclass(frozen=True)
class Night:
    """What a night reads: the live deals one by one, those of the past as tables."""

    made: World
    past: Past
    pieces: Pieces
    norms: Norms

    @classmethod
    def on(cls, as_of: int, made: World, past: Past) -> Night:
        pieces = cut(made.ledger, FUNNEL, as_of=as_of)
        everybody = past.steps.tables(pieces, "segment", np.zeros(SEGMENTS, np.int64), 1)
        return cls(made, past, pieces, norms_of(pieces, everybody))

    def by(self, attribute: str, group: np.ndarray, size: int) -> Watch:
        """Watch the levels of an attribute."""
        tables = self.past.steps.tables(self.pieces, attribute, np.arange(size), size)
        return watch(self.pieces, self.norms, group, size, tables)


def _flags(at: Watch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells judged (n, 2), which of them the screen finds, which are pushed."""
    found = look(at)
    keys = np.argwhere(found.enough)
    where = tuple(keys.T)
    loss = found.ratio[where] <= MATERIAL
    return keys, discoveries(found.p[where]) & loss, e_discoveries(found.evidence[where]) & loss


def _by_source(made: World, past: Past, at: Watch, segment: int) -> bool:
    """Does the split name the lead sources as what carries the drop of a segment's weak stage?"""
    live = at.pieces.exits
    before = past.steps.exits_in(at.pieces)
    exits = live + dc.replace(before, deal=before.deal + len(made.segment))
    left = mix.leavers(
        exits.only(exits.state == WEAK[0]), np.r_[made.segment, past.world.segment], code=segment, span=SPANS[0]
    )
    source = np.r_[made.source, past.world.source][left.deal]
    split = mix.split(source, left.forward, left.is_now)
    pace = mix.speed(at, state=WEAK[0], group=segment, span=SPANS[0])
    return mix.cause_of({Cause.CHANNEL: split}, pace)[0] == Cause.CHANNEL


def one_run(past: Past, live: Dice, *, drop: float, shifted: bool = False) -> Tally:
    """
    Look once a week for six weeks, as the night would; at a drop until it is found and pushed.

    False cells are counted where nothing has changed: at no drop all of them, with a shifted mix those by source.
    """
    out = Tally(unchanged=0 if drop else STAGES * (SOURCES if shifted else SEGMENTS))
    made = live.world(drop, shifted=shifted)
    false: set[tuple[int, ...]] = set()
    false_pushed: set[tuple[int, ...]] = set()
    mixed: set[int] = set()
    for week in range(1, LOOKS + 1):
        night = Night.on(live.changed + 7 * week, made, past)
        at = night.by("segment", made.segment, SEGMENTS)
        keys, screen, push = _flags(at)
        weak = (keys[:, 0] == WEAK[0]) if shifted else (keys == WEAK).all(1) & (drop > 0)
        if out.found is None and (screen & weak).any():
            out.found = week
        if out.pushed is None and (push & weak).any():
            out.pushed = week
        if drop:
            if out.found and out.pushed:
                break
            continue
        if shifted:
            for segment in {int(key[1]) for key in keys[screen & weak]} - mixed:
                mixed.add(segment)
                out.named += _by_source(made, past, at, segment)
            keys, screen, push = _flags(night.by("source", made.source, SOURCES))
        wrong = {tuple(key) for key in keys[screen].tolist()}
        out.looks_with_false += bool(wrong)
        false |= wrong
        false_pushed |= {tuple(key) for key in keys[push].tolist()}
    out.false, out.false_pushed, out.mixed = len(false), len(false_pushed), len(mixed)
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
            forward = np.bincount(quarter[mine], to[mine] != LOST, 9)[:9]
            all_moves = np.bincount(quarter[mine], minlength=9)[:9]
            rate = forward / np.maximum(all_moves, 1)
            fires, of = fires + int(rate[0] < rate[1:9].mean()), of + 1
    return fires, of


Row = dict[str, float]  # NaN: nothing to tell


def rows_of(
    *, per_week: float, wobble: float, runs: int, seed: int, drops: Sequence[float] = DROPS, mixes: bool = True
) -> dict[str, Row]:
    """Simulate and count: a row per drop, and one of the shifted mix; every row goes by the same dice."""
    rng = np.random.default_rng(seed)
    tallies: dict[str, list[Tally]] = defaultdict(list)
    accused = of = 0
    for _run in range(runs):
        thrown = dice(rng, per_week=per_week, wobble=wobble)
        fires, cells = naive(thrown.world())
        accused, of = accused + fires, of + cells
        past, live = thrown.parted()
        for drop in drops:
            tallies[f"{drop:.0%}"].append(one_run(past, live, drop=drop))
        if mixes:
            tallies["mix"].append(one_run(past, live, drop=0.0, shifted=True))
    return {name: {**_row(found), "naive": accused / of} for name, found in tallies.items()}


def _row(tallies: list[Tally]) -> Row:
    looks, unchanged, mixed = len(tallies) * LOOKS, sum(t.unchanged for t in tallies), sum(t.mixed for t in tallies)
    none = 0.0 if unchanged else np.nan
    found, pushed = ([getattr(t, name) for t in tallies] for name in ("found", "pushed"))
    return {
        "found": _share(found),
        "look": _mean(found),
        "pushed": _share(pushed),
        "look pushed": _mean(pushed),
        "cells": float(unchanged),
        "false": sum(t.false for t in tallies) / max(unchanged, 1) + none,
        "f.push": sum(t.false_pushed for t in tallies) / max(unchanged, 1) + none,
        "any": sum(t.looks_with_false for t in tallies) / looks + none,
        "named": sum(t.named for t in tallies) / mixed if mixed else np.nan,
    }


def _share(weeks: list[int | None]) -> float:
    return sum(week is not None for week in weeks) / len(weeks)


def _mean(weeks: list[int | None]) -> float:
    known = [week for week in weeks if week is not None]
    return sum(known) / len(known) if known else np.nan


def stays_of_a_fixed_test(drop: float, *, level: float, rate: float = CHANCE[WEAK[0]]) -> float:
    """How many stays must end for a drop of a known rate to be found in 95 of 100 runs, by one look at that level."""
    weak = rate * (1 - drop)
    steps = norm.isf(level) * np.sqrt(rate * (1 - rate)) + norm.ppf(SURE) * np.sqrt(weak * (1 - weak))
    return float((steps / (rate - weak)) ** 2)


def stays_of_an_always_valid_test(drop: float, *, level: float, rate: float = CHANCE[WEAK[0]]) -> float:
    """
    The same for a test that may be looked at after every stay: n KL - z sqrt(n V) = ln(1 / level).

    KL, V: mean and variance of the log likelihood ratio of one stay under the drop. Nobody can do with less: this is
    the likelihood ratio against the true drop, from its true day on.
    """
    weak = rate * (1 - drop)
    won, lost = np.log(weak / rate), np.log((1 - weak) / (1 - rate))
    kl = weak * won + (1 - weak) * lost
    spread = norm.ppf(SURE) * np.sqrt(weak * (1 - weak)) * (lost - won)
    return float(((spread + np.sqrt(spread**2 + 4 * kl * np.log(1 / level))) / (2 * kl)) ** 2)


def most_with_a_wobble(drop: float, *, level: float, wobble: float) -> float:
    """What one look finds at the most, however many deals there are, where each month's chance differs by `wobble` anyway."""
    months = LOOKS * 7 / 30
    return float(norm.cdf(drop * np.sqrt(months) / wobble - norm.isf(level)))


def theory() -> list[str]:
    """What nobody can beat, as lines of text."""
    cells = STAGES * SEGMENTS
    head = f"{'drop':>8}{'one look':>18}{'always valid':>18}{'most at a wobble of ' + format(WOBBLES[1], '.0%'):>24}"
    lines = [
        "What theory allows: stays that must end for 95 % (deals a week that let them end within six weeks)",
        f"{head}   at the level of one cell of {cells}: {Q:.0%} / {cells}",
    ]
    for drop in DROPS[1:]:
        needed = (find(drop, level=Q / cells) for find in (stays_of_a_fixed_test, stays_of_an_always_valid_test))
        most = most_with_a_wobble(drop, level=Q / cells, wobble=WOBBLES[1])
        lines.append(f"{drop:8.0%}" + "".join(f"{n:9.0f} ({n / LEAVING:6.0f})" for n in needed) + f"{most:24.0%}")
    return lines


COLUMNS = ("found", "look", "pushed", "look pushed", "false", "f.push", "any", "named", "naive")
LOOK_COLUMNS = ("look", "look pushed")


def _shown(name: str, value: float) -> str:
    if np.isnan(value):
        return f"{'–':>{_width(name)}}"
    return f"{value:{_width(name)}.1f}" if name in LOOK_COLUMNS else f"{value:{_width(name)}.2%}"


def _width(name: str) -> int:
    return max(len(name) + 2, 8)


def _print(deals: str, wobble: float, name: str, row: Row) -> None:
    cellwise = "".join(_shown(column, row.get(column, np.nan)) for column in COLUMNS)
    print(f"{deals:>10}{wobble:8.0%}{name:>6}{cellwise}", flush=True)


def _together(rows: Sequence[Row]) -> Row:
    """False cells of several volumes, weighed by how many were looked at."""
    cells = sum(row["cells"] for row in rows)
    return {name: sum(row[name] * row["cells"] for row in rows) / cells for name in ("false", "f.push", "any")}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--deals", type=float, nargs="*", default=DEALS)
    chosen = parser.parse_args()
    cells = STAGES * SEGMENTS
    print(
        f"{chosen.runs} runs each, seed 7; {cells} cells, {LOOKS} weekly looks; a segment holds a quarter of the deals\n"
    )
    print(f"{'deals/week':>10}{'wobble':>8}{'drop':>6}" + "".join(f"{name:>{_width(name)}}" for name in COLUMNS))
    began = time.process_time()
    for wobble in WOBBLES:
        kept: dict[str, list[Row]] = defaultdict(list)
        for per_week in chosen.deals:
            for name, row in rows_of(per_week=per_week, wobble=wobble, runs=chosen.runs, seed=7).items():
                kept[name].append(row)
                _print(f"{per_week:.0f}", wobble, name, row)
        for name in ("0%", "mix"):
            _print("all", wobble, name, _together(kept[name]))
    print("\n" + "\n".join(theory()))
    print(f"\n{time.process_time() - began:.0f} s of one processor")


if __name__ == "__main__":
    main()
