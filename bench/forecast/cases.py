"""
What is asked at each as-of day, what truly came, and the files' form of both.

Only events before the day are known. Asked are: every open deal's chances; wins and revenue of the company and of its
largest owners, segments and products, in each coming period and over all of them; and the chance to reach 0.9, 1.0,
1.1 and 1.25 times what the last span of the same length brought.
"""

from __future__ import annotations

import dataclasses as dc
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MULTIPLES = (0.9, 1.0, 1.1, 1.25)
DEAL_COLUMNS = ("p_win", "p_last", "p_h1")


@dc.dataclass(frozen=True)
class Set:
    """One history: `config` as in its `config.json`, `events` in order of time."""

    name: str
    config: dict[str, Any]
    events: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Set:
        kinds = dict.fromkeys(("opportunity_id", "owner", "segment", "product"), str)
        events = pd.read_csv(
            folder / "events.csv.gz",
            dtype=kinds,
            parse_dates=["entered_at", "expected_close"],
            keep_default_na=False,
            na_values=[""],
        )
        events = events.sort_values(["entered_at", "opportunity_id"], kind="stable").reset_index(drop=True)
        return cls(folder.name, json.loads((folder / "config.json").read_text()), events)

    def write(self, folder: Path) -> None:
        """Write the set in the form of the backtest's data folders."""
        folder.mkdir(parents=True, exist_ok=True)
        self.events.to_csv(folder / "events.csv.gz", index=False)
        (folder / "config.json").write_text(json.dumps(self.config, indent=1))

    @property
    def step(self) -> pd.DateOffset:
        return pd.DateOffset(months=1) if self.config["freq"] == "M" else pd.DateOffset(days=7)

    def origins(self, last: int = 0) -> list[pd.Timestamp]:
        """As-of days; last: only so many of them, from the end."""
        first, stop, every = self.config["origins"]
        days, at = [pd.Timestamp(first)], 0
        while days[-1] + self.step <= pd.Timestamp(stop):
            days.append(days[-1] + self.step)
            at += 1
        return days[::every][-last:]

    def edges(self, day: pd.Timestamp) -> list[pd.Timestamp]:
        """Edges of the coming periods."""
        out = [day]
        for _ in range(self.config["n_h"]):
            out.append(out[-1] + self.step)
        return out

    def past(self, day: pd.Timestamp) -> list[pd.Timestamp]:
        """Edges of the periods that lie whole in the history, the last one is the day."""
        out = [day]
        while out[-1] - self.step >= pd.Timestamp(self.config["start"]):
            out.append(out[-1] - self.step)
        return out[::-1]


def deals_of(events: pd.DataFrame) -> pd.DataFrame:
    """
    One row per deal: its first day, its last known state, when it was first won and lost.

    A deal counts as won on the day it is first won, as its amount stood then.
    """
    by = events.groupby("opportunity_id", sort=False)
    deals = by[["stage", "amount", "owner", "segment", "product", "expected_close"]].last()
    deals["created"], deals["since"] = by["entered_at"].first(), by["entered_at"].last()
    for state in ("won", "lost"):
        rows = events[events["stage"] == state].drop_duplicates("opportunity_id").set_index("opportunity_id")
        deals[f"{state}_at"] = rows["entered_at"]
        if state == "won":
            deals["paid"] = rows["amount"].fillna(0.0)
    deals["is_open"] = deals["won_at"].isna() & deals["lost_at"].isna()
    return deals


def inside(deals: pd.DataFrame, kind: str, scope: str) -> pd.Series:
    """Which deals lie in a scope."""
    return pd.Series(data=True, index=deals.index) if kind == "all" else deals[kind] == scope


def landed(won: pd.DataFrame, kind: str, scope: str, edges: list[pd.Timestamp]) -> dict[str, np.ndarray]:
    """Wins and revenue of a scope between each two edges, by measure."""
    mine = won[inside(won, kind, scope)]
    place = np.searchsorted(np.array(edges, "datetime64[ns]"), mine["won_at"].to_numpy("datetime64[ns]"), "right") - 1
    keep = (place >= 0) & (place < len(edges) - 1)
    place, size = place[keep], len(edges) - 1
    return {
        "count": np.bincount(place, minlength=size).astype(float),
        "revenue": np.bincount(place, mine["paid"].to_numpy(float)[keep], size),
    }


@dc.dataclass(frozen=True)
class Case:
    """One as-of day. truth: what each question's sum came to, by question_id."""

    of: Set
    as_of: pd.Timestamp
    events: pd.DataFrame
    questions: pd.DataFrame
    truth: np.ndarray
    labels: pd.DataFrame

    @cached_property
    def deals(self) -> pd.DataFrame:
        """What is known of every deal."""
        return deals_of(self.events)

    @cached_property
    def open(self) -> pd.DataFrame:
        return self.deals[self.deals["is_open"]]

    @cached_property
    def won(self) -> pd.DataFrame:
        return self.deals[self.deals["won_at"].notna()]

    @cached_property
    def edges(self) -> list[pd.Timestamp]:
        return self.of.edges(self.as_of)

    @cached_property
    def past(self) -> list[pd.Timestamp]:
        return self.of.past(self.as_of)

    @property
    def n_h(self) -> int:
        return int(self.of.config["n_h"])

    @property
    def rank(self) -> dict[str, int]:
        return {stage: place for place, stage in enumerate(self.of.config["stages"])}

    @property
    def meta(self) -> dict[str, Any]:
        """The description of the case in the form of `meta.json`."""
        windows = {f"h{k + 1}": [str(self.edges[k]), str(self.edges[k + 1])] for k in range(self.n_h)}
        return {
            "as_of": str(self.as_of),
            "stages": self.of.config["stages"],
            "won": "won",
            "lost": "lost",
            "freq": self.of.config["freq"],
            "windows": windows,
            "periods_per_year": self.of.config["season"],
            "history_complete_from": self.of.config["start"],
        }

    def span(self, window: str) -> tuple[int, int]:
        """Periods [first, stop) of a window."""
        return (0, self.n_h) if window == "q" else (int(window[1:]) - 1, int(window[1:]))


def _scopes(config: dict[str, Any], won: pd.DataFrame) -> list[tuple[str, str]]:
    largest = [(kind, str(name)) for kind, n in config["scopes"].items() for name in won[kind].value_counts().index[:n]]
    return [("all", "all"), *largest]


def _questions(of: Set, day: pd.Timestamp, known: pd.DataFrame, whole: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Questions built from the past only, and their truth."""
    edges, past, n_h = of.edges(day), of.past(day), of.config["n_h"]
    rows, truth = [], []
    for kind, scope in _scopes(of.config, known):
        came, before = landed(whole, kind, scope, edges), landed(known, kind, scope, past)
        for window, (a, z) in {**{f"h{k + 1}": (k, k + 1) for k in range(n_h)}, "q": (0, n_h)}.items():
            for measure in ("count", "revenue"):
                last = before[measure][-(z - a) :].sum() if len(past) > z - a else 0.0
                goals = [last * m for m in MULTIPLES] if last > 0 else []
                for what, target in [("sum", np.nan), *(("attain", g) for g in goals)]:
                    rows.append((len(rows), what, kind, scope, window, edges[a], edges[z], measure, target))
                    truth.append(came[measure][a:z].sum())
    columns = ["question_id", "kind", "scope_type", "scope", "window", "start", "end", "measure", "target"]
    return pd.DataFrame(rows, columns=columns), np.array(truth)


def cases(of: Set, last: int = 0) -> Iterator[Case]:
    """Every as-of day of a set, in order; last: only so many, from the end."""
    whole = deals_of(of.events)
    won = whole[whole["won_at"].notna()]
    for day in of.origins(last):
        events = of.events[of.events["entered_at"] < day].reset_index(drop=True)
        known = deals_of(events)
        questions, truth = _questions(of, day, known[known["won_at"].notna()], won)
        came = whole.loc[known.index[known["is_open"]]]
        edges = of.edges(day)
        labels = pd.DataFrame(
            {
                "p_win": came["won_at"].notna().astype(float).where(came["won_at"].notna() | came["lost_at"].notna()),
                "p_last": ((came["won_at"] >= day) & (came["won_at"] < edges[-1])).astype(float),
                "p_h1": ((came["won_at"] >= day) & (came["won_at"] < edges[1])).astype(float),
            }
        )
        yield Case(of, day, events, questions, truth, labels)
