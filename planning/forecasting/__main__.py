"""
Answer the backtest's question files: `python -m planning.forecasting IN_DIR OUT_DIR`.

IN_DIR holds meta.json, events.csv and questions.csv; written are deals.csv, sums.csv and attain.csv. Each kind of
scope (owner, segment, product) is one forecast with its own leaves; they share the company's total.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from . import REVENUE, WINS, Memo, Targets, forecast, from_events
from .history import Ints, Named, days

SEED: Final = 20_190_101
ATTRIBUTE_OF: Final = {"all": "owner", "owner": "owner", "product": "product", "segment": "channel"}
COLUMNS: Final = ["mean", "q025", "q10", "q25", "q50", "q75", "q90", "q975"]


def _calendar(meta: dict[str, Any]) -> Ints:
    """(H + 1,) edges of the windows."""
    edges = [meta["windows"]["h1"][0], *(end for _, end in meta["windows"].values())]
    return days(pd.Series(pd.to_datetime(edges)))


def _span(window: str, n_windows: int) -> tuple[int, int]:
    return (0, n_windows) if window == "q" else (int(window[1:]) - 1, int(window[1:]))


def _answer(
    named: Named, questions: pd.DataFrame, attribute: str, calendar: Ints, memo: Memo
) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    """One forecast with the attribute's levels as leaves, and its answers to the questions put to it."""
    words = named.levels[attribute]
    code = getattr(named.ledger, attribute)
    leaves = np.where(code >= 0, code, len(words))
    scopes = list(dict.fromkeys(questions["scope"]))
    nodes = np.array([[scope in ("all", word) for word in (*words, None)] for scope in scopes], np.bool_)
    where = {scope: i for i, scope in enumerate(scopes)}
    n_windows = len(calendar) - 1
    spans = np.array([_span(w, n_windows) for w in [*(f"h{k + 1}" for k in range(n_windows)), "q"]], np.int64)
    asked = questions[questions["kind"] == "attain"]
    ranges = np.array([_span(w, n_windows) for w in asked["window"]], np.int64).reshape(-1, 2)
    measure = np.where(asked["measure"] == "revenue", REVENUE, WINS)
    outlook = forecast(
        named.ledger,
        named.funnel,
        as_of=int(calendar[0]),
        calendar=calendar,
        leaves=leaves,
        nodes=nodes,
        targets=Targets(
            node=asked["scope"].map(where).to_numpy().astype(np.int64),
            first=ranges[:, 0],
            stop=ranges[:, 1],
            amount=asked["target"].to_numpy(np.float64),
            measure=measure,
            already=np.zeros(len(asked)),
        ),
        seed=SEED,
        spans=spans,
        memo=memo,
    )
    rows = []
    sums = questions[questions["kind"] == "sum"]
    for name, scope, window, what in zip(
        sums["question_id"], sums["scope"], sums["window"], sums["measure"], strict=True
    ):
        s = n_windows if window == "q" else int(window[1:]) - 1
        means, quantiles = (
            (outlook.node_revenue, outlook.node_revenue_quantiles)
            if what == "revenue"
            else (outlook.node_wins, outlook.node_wins_quantiles)
        )
        rows.append((name, means[:, where[scope], s].sum(), *quantiles[where[scope], s]))
    attained = pd.DataFrame({"question_id": asked["question_id"].to_numpy(), "p_attain": outlook.p_attain})
    return outlook, pd.DataFrame(rows, columns=["question_id", *COLUMNS]), attained


def read(meta: dict[str, Any], events: pd.DataFrame) -> Named:
    """The ledger of an events table, as the description of the case says."""
    since = int(days(pd.Series([meta["history_complete_from"]]))[0])
    return from_events(events, stages=meta["stages"], won=meta["won"], lost=meta["lost"], history_from=since)


def answer(
    meta: dict[str, Any], named: Named, questions: pd.DataFrame, memo: Memo
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The three answer tables (deals, sums, targets) to the questions of one as-of day."""
    calendar = _calendar(meta)
    sums, attained = [], []
    chances = pd.DataFrame()
    for attribute in dict.fromkeys(ATTRIBUTE_OF.values()):
        mine = questions[questions["scope_type"].map(ATTRIBUTE_OF) == attribute]
        if len(mine) == 0 and attribute != "owner":
            continue
        outlook, answered, chance = _answer(named, mine, attribute, calendar, memo)
        sums.append(answered)
        attained.append(chance)
        if attribute == "owner":
            odds = outlook.deals
            by_period = {f"p_h{k + 1}": odds.p_by_period[:, k] for k in range(len(calendar) - 1)}
            deals = [named.deals[d] for d in odds.deal]
            chances = pd.DataFrame({"opportunity_id": deals, "p_win": odds.p_win, **by_period})
    return chances, pd.concat(sums), pd.concat(attained)


def main(source: Path, out: Path) -> None:
    """Read the question files of one as-of day and write the answers."""
    meta = json.loads((source / "meta.json").read_text())
    kinds = dict.fromkeys(("opportunity_id", "owner", "segment", "product"), str)
    events = pd.read_csv(source / "events.csv", dtype=kinds, keep_default_na=False, na_values=[""])
    questions = pd.read_csv(source / "questions.csv", dtype={"scope": str}, keep_default_na=False, na_values=[""])
    for name, table in zip(("deals", "sums", "attain"), answer(meta, read(meta, events), questions, {}), strict=True):
        table.to_csv(out / f"{name}.csv", index=False)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m planning.forecasting IN_DIR OUT_DIR")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
