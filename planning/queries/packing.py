"""Groundwork as named arrays and back: what is stored is plain numbers and primary keys, no code of a stage or a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import packed, unpacked
from planning.forecasting import Replay
from planning.forecasting.drift import Drift
from planning.forecasting.expected import Part
from planning.forecasting.exposure import Exposure
from planning.forecasting.groundwork import Lessons, Past
from planning.forecasting.hazards import Factors
from planning.forecasting.history import ATTRIBUTES
from planning.forecasting.returns import Reopening
from planning.forecasting.rhythm import Rhythm
from planning.forecasting.tempo import Tempo

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Learnt:
    """
    Lessons and replays with the keys behind their codes.

    keys: per attribute, whose code each level is. people (L,): whose leaf each row of the replays is.
    """

    lessons: Lessons
    keys: dict[str, npt.NDArray[np.int64]]
    replays: list[Replay]
    people: npt.NDArray[np.int64]

    def lessons_for(self, keys: Arrays) -> Lessons:
        """The lessons by other codes: keys (n,) per attribute; who was not there yet has a factor of 1."""
        lessons = self.lessons
        close = None if lessons.close is None else self._recoded(lessons.close, keys)
        return replace(lessons, age=self._recoded(lessons.age, keys), close=close)

    def _recoded(self, factors: Factors, keys: Arrays) -> Factors:
        tables = list(factors.by_level)
        for a, name in enumerate(ATTRIBUTES):
            old, known = tables[a], self.keys[name][: len(tables[a]) - 1]
            table = np.ones((len(keys[name]) + 1, *old.shape[1:]))
            _, mine, theirs = np.intersect1d(keys[name], known, assume_unique=True, return_indices=True)
            table[mine] = old[theirs]
            tables[a] = table
        return Factors(tuple(tables), factors.band)

    def replays_for(self, people: npt.NDArray[np.int64]) -> list[Replay]:
        """The replays by other leaves; what belongs to nobody among the people is left out."""
        _, mine, theirs = np.intersect1d(people, self.people, assume_unique=True, return_indices=True)

        def moved(values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
            shape = [*values.shape]
            shape[axis] = len(people)
            out = np.zeros(shape)
            if axis == 0:
                out[mine] = values[theirs]
            else:
                out[:, mine] = values[:, theirs]
            return out

        def part(of: Part) -> Part:
            return Part(*(moved(getattr(of, field.name), 0) for field in fields(of)))

        return [
            Replay(part(r.open), part(r.new), moved(r.wins, 1), moved(r.revenue, 1), r.middle) for r in self.replays
        ]


def pack_learnt(learnt: Learnt) -> bytes:
    """One value for the database."""
    lessons = learnt.lessons
    out: dict[str, npt.NDArray[Any]] = {
        "as_of": np.array(lessons.as_of),
        "edges": lessons.edges,
        "ratio": lessons.ratio,
        "spread": np.array(lessons.spread),
        "people": learnt.people,
        **{f"keys {name}": keys for name, keys in learnt.keys.items()},
        **_pack_tempo(lessons.tempo),
    }
    for name, factors in (("age", lessons.age), ("close", lessons.close)):
        if factors is not None:
            out[f"{name} band"] = factors.band
            out |= {f"{name} {a}": table for a, table in enumerate(factors.by_level)}
    for number, replay in enumerate(learnt.replays):
        for name, part in (("open", replay.open), ("new", replay.new)):
            out |= {f"replay {number} {name} {field.name}": getattr(part, field.name) for field in fields(part)}
        out |= {f"replay {number} {name}": getattr(replay, name) for name in ("wins", "revenue", "middle")}
    return packed(out)


def _pack_tempo(tempo: Tempo) -> Arrays:
    rhythm, reopening = tempo.rhythm, tempo.reopening
    return {
        "drift": tempo.drift.factor,
        "entry": tempo.entry,
        "reopened": reopening.rate,
        "reopened to": reopening.share,
        **{f"rhythm {field.name}": getattr(rhythm, field.name) for field in fields(rhythm)},
    }


def _unpack_tempo(arrays: Arrays) -> Tempo:
    rhythm = Rhythm(*(arrays[f"rhythm {field.name}"] for field in fields(Rhythm)))
    reopening = Reopening(arrays["reopened"], arrays["reopened to"])
    return Tempo(Drift(arrays["drift"]), rhythm, reopening, arrays["entry"])


def unpack_learnt(value: bytes | memoryview) -> Learnt:
    """What `pack_learnt` packed."""
    arrays = unpacked(value)

    def factors(name: str) -> Factors | None:
        if f"{name} band" not in arrays:
            return None
        tables = [arrays[f"{name} {a}"] for a in range(len(ATTRIBUTES) + 2)]
        return Factors(tuple(tables), arrays[f"{name} band"])

    def part(number: int, name: str) -> Part:
        return Part(*(arrays[f"replay {number} {name} {field.name}"] for field in fields(Part)))

    age = factors("age")
    if age is None:
        raise ValueError("these are no lessons")
    replays: list[Replay] = []
    while f"replay {len(replays)} wins" in arrays:
        number = len(replays)
        wins, revenue, middle = (arrays[f"replay {number} {name}"] for name in ("wins", "revenue", "middle"))
        replays.append(Replay(part(number, "open"), part(number, "new"), wins, revenue, middle))
    lessons = Lessons(
        int(arrays["as_of"]),
        arrays["edges"],
        age,
        factors("close"),
        arrays["ratio"],
        float(arrays["spread"]),
        _unpack_tempo(arrays),
    )
    return Learnt(lessons, {name: arrays[f"keys {name}"] for name in ATTRIBUTES}, replays, arrays["people"])


def pack_exposure(name: str, table: Exposure) -> Arrays:
    """Arrays of one table of a month."""
    return {f"{name} events": table.events, f"{name} risk": table.risk, f"{name} scaled": table.scaled}


def pack_past(past: Past) -> bytes:
    """All months of one part, stacked."""
    out: dict[str, npt.NDArray[Any]] = {"as_of": np.array(past.as_of), "months": past.months}
    for name, tables in (("age", past.age), ("close", past.close)):
        if tables is not None:
            for field in ("events", "risk", "scaled"):
                out[f"{name} {field}"] = np.stack([getattr(table, field) for table in tables])
    return packed(out)


def unpack_past(value: bytes) -> Past:
    """What `pack_past` packed."""
    arrays = unpacked(value)
    return _past(int(arrays["as_of"]), arrays["months"], arrays)


def _past(as_of: int, months: npt.NDArray[np.int64], arrays: Arrays) -> Past:
    def tables(name: str) -> list[Exposure]:
        columns = (arrays[f"{name} {field}"] for field in ("events", "risk", "scaled"))
        return [Exposure(as_of, *row) for row in zip(*columns, strict=True)]

    return Past(as_of, months, tables("age"), tables("close") if "close events" in arrays else None)


def pack_months(past: Past) -> dict[date, bytes]:
    """One value per calendar month."""
    out = {}
    for place, month in enumerate(past.months.tolist()):
        close = {} if past.close is None else pack_exposure("close", past.close[place])
        arrays = {**pack_exposure("age", past.age[place]), **close}
        out[date(1970 + month // 12, month % 12 + 1, 1)] = packed(arrays)
    return out


def unpack_months(as_of: int, rows: Iterable[tuple[date, bytes | memoryview]]) -> Past:
    """The past of the months given, in order."""
    months, found = [], []
    for month, value in rows:
        months.append((month.year - 1970) * 12 + month.month - 1)
        found.append(unpacked(value))
    stacked = {name: np.stack([arrays[name] for arrays in found]) for name in found[0]}
    return _past(as_of, np.array(months, np.int64), stacked)
