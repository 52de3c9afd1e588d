"""
What funnel goals are derived from: conversion, time and mean amount of every unit and person, drawn towards the unit above.

A person's few cases are drawn towards their unit, a unit towards the one above it, the company stands alone. The days to the
next stage are one's own from enough cases on, else those of the nearest unit above with enough.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from planning.forecasting import goals
from planning.forecasting.conversion import wilson

from .milestones import Milestones

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Key = tuple[str, int]  # ("unit", key) or ("person", key)
RATE_WEIGHT: Final = 20.0  # cases that the rate of the unit above is worth; fewer than so many are few (`funnel.FEW`)
MEAN_WEIGHT: Final = 8.0  # wins that its mean amount is worth
LAG_CASES: Final = 20  # who have gone on, for a lag of one's own


@dataclass(frozen=True)
class Measured:
    """
    One stage of one unit or person: reached, ended and went on in the period; rate drawn towards the unit above, NaN where
    nobody ever went on; lag and losses in points of days, of the unit `lag_of` (None = own); ages of the open deals.
    """

    reached: int
    ended: int
    went: int
    rate: float
    low: float
    high: float
    cases: float
    lag: Floats
    lost: Floats
    lag_of: int | None
    standing: Ints

    @property
    def step(self) -> goals.Step:
        return goals.Step(self.rate if self.rate > 0 else float("nan"), self.cases, self.lag)


@dataclass(frozen=True)
class NodeMeasures:
    """A unit's or person's stages but for won; the mean won amount (NaN = not measured), its error, what both rest on."""

    stages: tuple[Measured, ...]
    mean: float
    mean_error: float
    wins: int
    revenue: float
    above: int | None


@dataclass(frozen=True)
class _Raw:
    leaves: tuple[goals.Leaves, ...]
    reached: tuple[int, ...]
    standing: tuple[Ints, ...]
    amounts: Floats


_NOBODY = np.zeros(0, np.int64)


def node_measures(
    found: Milestones, *, parents: Mapping[int, int | None], unit_of: Mapping[int, int], wanted: set[Key], first: int
) -> dict[Key, NodeMeasures]:
    """
    Measure the wanted units and people, and all units above them.

    :param parents: the tree of units; unit_of: of each person today
    :param first: day number from which on what was reached is measured; before it only open deals are known
    """
    chains = {key: _chain(key, parents, unit_of) for key in wanted}
    needed = {key for chain in chains.values() for key in chain} | wanted
    raw = dict(_raw(found, parents, needed, first))
    empty = _of_rows(found, _NOBODY, _NOBODY, first)
    done: dict[Key, NodeMeasures] = {}
    for key in sorted(needed, key=lambda key: len(_chain(key, parents, unit_of))):  # the company first
        chain = _chain(key, parents, unit_of)
        above = chain[0] if chain else None
        done[key] = _drawn(raw.get(key, empty), done[above] if above else None, above[1] if above else None)
    return {key: done[key] for key in wanted}


def _chain(key: Key, parents: Mapping[int, int | None], unit_of: Mapping[int, int]) -> list[Key]:
    """The units above, nearest first; a person in no unit stands below the company."""
    kind, at = key
    root = next((unit for unit, above in parents.items() if above is None), None)
    unit = unit_of.get(at, root) if kind == "person" else parents.get(at)
    chain: list[Key] = []
    while unit is not None:
        chain.append(("unit", unit))
        unit = parents.get(unit)
    return chain


def _raw(
    found: Milestones, parents: Mapping[int, int | None], needed: set[Key], first: int
) -> Iterator[tuple[Key, _Raw]]:
    """Person by person, then level by level of the tree: units of one level share nobody."""
    people = {at for kind, at in needed if kind == "person"}
    yield from (
        (("person", at), rows) for at, rows in _by_code(found, found.owner, found.holder, first) if at in people
    )
    depth, level = {unit: _depth(unit, parents) for unit in parents}, 0
    units = {at for kind, at in needed if kind == "unit"}
    while any(at == level for at in depth.values()):
        here = {unit: _ancestor(unit, level, depth, parents) for unit in parents}
        if level == 0:  # the company is everybody, in a unit or not
            here[-1] = next(unit for unit, at in depth.items() if at == 0)
        codes = (_mapped(found.unit, here), _mapped(found.holder_unit, here))
        yield from ((("unit", at), rows) for at, rows in _by_code(found, *codes, first) if at in units)
        level += 1


def _depth(unit: int, parents: Mapping[int, int | None]) -> int:
    above = parents[unit]
    return 0 if above is None else 1 + _depth(above, parents)


def _ancestor(unit: int, level: int, depth: Mapping[int, int], parents: Mapping[int, int | None]) -> int:
    at: int | None = unit
    while at is not None and depth[at] > level:
        at = parents[at]
    return at if at is not None and depth[at] == level else -1


def _mapped(units: Ints, to: Mapping[int, int]) -> Ints:
    keys = np.array(sorted({*to, -1}), np.int64)
    values = np.array([to.get(int(key), -1) for key in keys], np.int64)
    return values[np.searchsorted(keys, units)]


def _by_code(found: Milestones, code: Ints, holder: Ints, first: int) -> Iterator[tuple[int, _Raw]]:
    """Each code but -1 with its rows: those that it was credited with, and the open deals that it holds today."""
    order, held = np.argsort(code, kind="stable"), np.argsort(holder, kind="stable")
    for at in np.union1d(code, holder).tolist():
        if at >= 0:
            rows = order[slice(*np.searchsorted(code[order], [at, at + 1]))]
            mine = held[slice(*np.searchsorted(holder[held], [at, at + 1]))]
            yield at, _of_rows(found, rows, mine, first)


def _of_rows(found: Milestones, rows: Ints, mine: Ints, first: int) -> _Raw:
    rows, mine = rows[found.day[rows] >= first], mine[found.is_open[mine]]
    stage, places = found.stage[rows], range(len(found.stages) - 1)
    at = [rows[stage == place] for place in places]
    amounts = found.amount[rows[stage == len(found.stages) - 1]]
    return _Raw(
        leaves=tuple(goals.leaves(found.age[some], found.cause[some]) for some in at),
        reached=tuple(len(some) for some in at),
        standing=tuple(found.age[mine[found.stage[mine] == place]] for place in places),
        amounts=amounts[~np.isnan(amounts) & (amounts > 0)],
    )


def _drawn(raw: _Raw, above: NodeMeasures | None, unit: int | None) -> NodeMeasures:
    wins = len(raw.amounts)
    mean = float(raw.amounts.mean()) if wins else float("nan")
    worth = MEAN_WEIGHT if above is not None and np.isfinite(above.mean) else 0.0
    if worth and above is not None:
        mean = (float(raw.amounts.sum()) + worth * above.mean) / (wins + worth)
    return NodeMeasures(
        stages=tuple(_stage(raw, place, above, unit) for place in range(len(raw.leaves))),
        mean=mean,
        mean_error=_mean_error(raw.amounts, above, wins + worth),
        wins=wins,
        revenue=float(raw.amounts.sum()),
        above=unit,
    )


def _mean_error(amounts: Floats, above: NodeMeasures | None, cases: float) -> float:
    """Square of the relative error: own spread from enough wins on, else that of the unit above, else as large as the mean."""
    if len(amounts) >= LAG_CASES:
        return float(amounts.var(ddof=1) / amounts.mean() ** 2 / cases)
    if above is not None and above.wins:
        return above.mean_error * (above.wins + MEAN_WEIGHT) / max(cases, 1.0)
    return 1.0 / max(cases, 1.0)


def _stage(raw: _Raw, place: int, above: NodeMeasures | None, unit: int | None) -> Measured:
    own, higher = raw.leaves[place], above.stages[place] if above else None
    prior = higher.rate if higher else float("nan")
    success = own.rate * own.size if own.size else 0.0
    rate = float(goals.drawn(np.array([success]), np.array([float(own.size)]), prior, RATE_WEIGHT)[0])
    cases = own.size + (RATE_WEIGHT if np.isfinite(prior) else 0.0)
    low, high = wilson(np.array([np.nan_to_num(rate)]), np.array([cases]))
    thin = higher is not None and own.went_n < LAG_CASES
    return Measured(
        reached=raw.reached[place],
        ended=own.size,
        went=own.went_n,
        rate=rate,
        low=float(low[0]),
        high=float(high[0]),
        cases=cases,
        lag=higher.lag if thin and higher else own.went,
        lost=higher.lost if thin and higher else own.lost,
        lag_of=(higher.lag_of or unit) if thin and higher else None,
        standing=raw.standing[place],
    )


def reached_by_month(found: Milestones, *, edges: Ints) -> dict[tuple[Key, int], Ints]:
    """
    Count who reached what in which month: by ("person" | "unit", key) and place of the stage, (len(edges) - 1,) counts.

    edges: day numbers at which the months begin and end. A unit's count is that of the people who were directly in it.
    """
    month = np.searchsorted(edges, found.day, "right") - 1
    inside = (month >= 0) & (month < len(edges) - 1)
    out: dict[tuple[Key, int], Ints] = {}
    for kind, codes in (("person", found.owner), ("unit", found.unit)):
        cells = np.stack([codes[inside], found.stage[inside], month[inside]])
        keys, many = np.unique(cells, axis=1, return_counts=True)
        for code, stage, at, count in zip(*keys.tolist(), many.tolist(), strict=True):
            row = out.setdefault(((kind, code), stage), np.zeros(len(edges) - 1, np.int64))
            row[at] = count
    return out
