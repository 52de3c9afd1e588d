"""
The goals of the forecast, what was reached, and how much of it chance could have brought.

Ratios: loss over the peer's on the same questions, geometric mean over sets; the interval is a paired bootstrap over
as-of days in blocks of three (a quarter's questions overlap), within each set. Calibration: the floor is the error that
perfect chances would have shown, from draws of the same deals (one draw for a deal, on whichever days it was asked about;
one for the targets of a span). Coverage: the interval is the same bootstrap.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np
import pandas as pd

from .scores import LEVELS, QUANTILES, chance_scores

BLOCK: Final = 3
DRAWS: Final = 1000
FLOOR_DRAWS: Final = 100
RATIOS: Final = {
    "deal loss all periods": {"bayes": 0.50, "gbm": 0.96},
    "deal loss 1 period": {"bayes": 0.48, "gbm": 0.93},
    "deal loss finally": {"bayes": 0.72},
    "company periods wape": {"bayes": 0.22, "ets": 0.40, "gbm": 0.85},
    "company quarter wape": {"bayes": 0.17, "ets": 0.38, "gbm": 0.90},
    "company periods wql": {"bayes": 0.17, "ets": 0.43, "gbm": 0.78},
    "scopes quarter wql": {"bayes": 0.15, "ets": 0.40, "gbm": 0.80},
    "attain brier": {"bayes": 0.44, "ets": 0.58, "gbm": 0.78},
}
DEALS: Final = {"deal loss 1 period": "p_h1", "deal loss all periods": "p_last", "deal loss finally": "p_win"}
DEAL_ECE, ATTAIN_ECE = 0.015, 0.03
COVERAGE: Final = {"cov80": (1, 5, 0.76, 0.84), "cov95": (0, 6, 0.92, 0.98)}

Found = dict[str, pd.DataFrame]


@dc.dataclass(frozen=True)
class _Sums:
    """Revenue questions of one method: which of them, and each one's error and pinball loss."""

    frame: pd.DataFrame

    @classmethod
    def of(cls, found: Found, method: str) -> _Sums:
        sums = found["sums"]
        mine = sums[(sums["method"] == method) & (sums["measure"] == "revenue")]
        miss = mine["y"].to_numpy(float)[:, None] - mine[QUANTILES].to_numpy(float)
        pinball = 2 * np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean(1)
        return cls(mine.assign(wape=(mine["mean"] - mine["y"]).abs(), wql=pinball))

    def some(self, scope: str, span: str) -> pd.DataFrame:
        of_all, quarter = self.frame["scope_type"] == "all", self.frame["window"] == "q"
        return self.frame[(of_all == (scope == "company")) & (quarter == (span == "quarter"))]


def _by_day(found: Found, method: str) -> dict[str, pd.Series]:
    """Loss of each metric summed by as-of day."""
    out: dict[str, pd.Series] = {}
    deals = found["deals"]
    deals = deals[deals["method"] == method] if len(deals) else deals
    for metric, what in DEALS.items():
        some = deals[deals["what"] == what] if len(deals) else deals
        if len(some) and some["y"].nunique() > 1:  # where losses are not recorded only wins are known in the end
            p, y = some["p"].clip(1e-4, 1 - 1e-4), some["y"]
            out[metric] = (-(y * np.log(p) + (1 - y) * np.log(1 - p))).groupby(some["as_of"]).sum()
    sums = _Sums.of(found, method)
    for metric in RATIOS:
        scope, span, score = (*metric.split(), "")[:3]
        if score in ("wape", "wql") and len(some := sums.some(scope, span)):
            out[metric] = some.groupby("as_of")[score].sum()
    targets = found["targets"][found["targets"]["method"] == method]
    if len(targets):
        miss = targets["p_attain"] - (targets["y"] >= targets["target"])
        out["attain brier"] = (miss**2).groupby(targets["as_of"]).sum()
    return out


def _resampled(n_days: int, rng: np.random.Generator) -> np.ndarray:
    """(DRAWS, n_days) days drawn in blocks."""
    starts = rng.integers(0, n_days, (DRAWS, -(-n_days // BLOCK)))
    return ((starts[:, :, None] + np.arange(BLOCK)) % n_days).reshape(DRAWS, -1)[:, :n_days]


def ratios_to_goals(found: dict[str, Found], ours: str) -> pd.DataFrame:
    """One row per metric and peer: goal, what was reached, its interval, and what to think of it."""
    rng = np.random.default_rng(1)
    losses = {
        name: {m: _by_day(f, m) for m in (ours, *{p for goals in RATIOS.values() for p in goals})}
        for name, f in found.items()
    }
    rows = []
    for metric, goals in RATIOS.items():
        for peer, goal in goals.items():
            logs, drawn = [], []
            for by in losses.values():
                if metric not in by[ours] or metric not in by[peer]:
                    continue
                mine, other = by[ours][metric].to_numpy(), by[peer][metric].to_numpy()
                some = _resampled(len(mine), rng)
                logs.append(np.log(mine.sum() / other.sum()))
                drawn.append(np.log(mine[some].sum(1) / other[some].sum(1)))
            if not logs:
                continue
            reached = float(np.exp(np.mean(logs)))
            low, high = np.exp(np.quantile(np.mean(drawn, axis=0), [0.025, 0.975]))
            verdict = "reached" if reached <= goal else f"missed by {reached / goal - 1:.0%}"
            rows.append(
                {
                    "metric": metric,
                    "peer": peer,
                    "goal": goal,
                    "reached": reached,
                    "from": low,
                    "to": high,
                    "sets": len(logs),
                    "": verdict + (", within chance" if low <= goal < reached else ""),
                }
            )
    return pd.DataFrame(rows)


def _floor(p: np.ndarray, who: np.ndarray, rng: np.random.Generator) -> float:
    """Mean calibration error of perfect chances p (n,); rows of equal `who` (n,) share a draw."""
    return float(
        np.mean(
            [chance_scores(p, (rng.random(who.max() + 1)[who] < p).astype(float))["ece"] for _ in range(FLOOR_DRAWS)]
        )
    )


def calibration(found: dict[str, Found], ours: str) -> pd.DataFrame:
    """One row per set: calibration error of the final outcome and of targets, each beside its floor."""
    rows = {}
    for name, f in found.items():
        rng = np.random.default_rng(2)
        row: dict[str, object] = {}
        deals = f["deals"][(f["deals"]["method"] == ours) & (f["deals"]["what"] == "p_win")]
        if deals["y"].nunique() > 1:
            p = deals["p"].to_numpy(float)
            row["deals finally"] = chance_scores(p, deals["y"].to_numpy(float))["ece"]
            row["of perfect ones"] = _floor(p, pd.factorize(deals.index)[0], rng)
        targets = f["targets"][f["targets"]["method"] == ours]
        if len(targets):
            p = targets["p_attain"].to_numpy(float)
            row["targets"] = chance_scores(p, (targets["y"] >= targets["target"]).to_numpy(float))["ece"]
            span = targets.groupby(["as_of", "scope_type", "scope", "window", "measure"], sort=False).ngroup()
            row["of perfect ones "] = _floor(p, span.to_numpy(), rng)
        rows[name] = row
    return pd.DataFrame(rows).T.astype(float)


def coverage(found: dict[str, Found], ours: str) -> pd.DataFrame:
    """One row per set: share of truths inside the intervals, from – to by chance; * where the goal is not in there."""
    rows = {}
    for name, f in found.items():
        sums, rng, row = _Sums.of(f, ours), np.random.default_rng(3), {}
        for level, (a, z, least, most) in COVERAGE.items():
            for scope in ("company", "scopes"):
                for span in ("periods", "quarter"):
                    some = sums.some(scope, span)
                    if not len(some):
                        continue
                    q, y = some[QUANTILES].to_numpy(float), some["y"].to_numpy(float)
                    held = pd.DataFrame({"in": (y >= q[:, a]) & (y <= q[:, z]), "n": 1}).groupby(
                        some["as_of"].to_numpy()
                    )
                    hit, n = held["in"].sum().to_numpy(float), held["n"].sum().to_numpy(float)
                    days = _resampled(len(n), rng)
                    low, high = np.quantile(hit[days].sum(1) / n[days].sum(1), [0.025, 0.975])
                    value = hit.sum() / n.sum()
                    mark = "" if least <= value <= most else "~" if low <= most and high >= least else "*"
                    row[f"{scope} {span} {level[3:]} %"] = f"{value:.2f}{mark}"
        rows[name] = row
    return pd.DataFrame(rows).T


def report(found: dict[str, Found], ours: str, groups: dict[str, list[str]]) -> str:
    """The goals' tables as text. groups: title → sets."""
    lines = []
    for title, names in groups.items():
        mine = {name: found[name] for name in names if name in found}
        table = ratios_to_goals(mine, ours) if mine else pd.DataFrame()
        if len(table):
            lines += [f"\n## Goals: loss over the peer's, {title} ({', '.join(mine)})\n"]
            lines += [table.round(3).to_string(index=False)]
    lines += [
        f"\n## Goals: calibration error, deals <= {DEAL_ECE}, targets <= {ATTAIN_ECE}, and what chance alone shows\n"
    ]
    lines += [calibration(found, ours).round(3).to_string(na_rep="")]
    lines += ["\n## Goals: coverage, 80 % intervals .76 to .84, 95 % intervals .92 to .98"]
    lines += [
        "outside, but the goal lies within chance: ~; beyond chance: *\n",
        coverage(found, ours).to_string(na_rep=""),
    ]
    return "\n".join(lines)
