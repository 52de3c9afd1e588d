"""
The engine against a real history: rolling origins on the hotel data, the engine alone, its own scores.

python bench/forecast.py [--data FOLDER] [--origins N]

FOLDER (default ../shared/data/hotel) holds events.csv.gz and config.json. At each as-of date the engine sees what was
known before it and says what the next periods bring; printed are, per level and measure, the absolute error over the
total (wape), the bias, and how often the 80 % and the 95 % interval held what came. The comparison with other methods
is made by the backtest next to the data.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from planning.forecasting import Targets, forecast, from_events
from planning.forecasting.history import days

SEED = 7


def origins_of(config: dict[str, object]) -> pd.DatetimeIndex:
    """As-of dates."""
    first, last, step = config["origins"]
    return pd.date_range(first, last, freq="MS")[::step]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument(
        "--data", type=Path, default=Path(__file__).resolve().parent.parent.parent / "shared/data/hotel"
    )
    parser.add_argument("--origins", type=int, default=0, help="only the last N as-of dates")
    chosen = parser.parse_args()
    if not (chosen.data / "events.csv.gz").exists():
        raise SystemExit(f"no history in {chosen.data}: name its folder with --data")
    config = json.loads((chosen.data / "config.json").read_text())
    kinds = dict.fromkeys(("opportunity_id", "owner", "segment", "product"), str)
    events = pd.read_csv(chosen.data / "events.csv.gz", dtype=kinds)
    since = int(days(pd.Series([config["start"]]))[0])
    named = from_events(events, stages=config["stages"], history_from=since)
    ledger, funnel = named.ledger, named.funnel
    ended = np.r_[ledger.deal[1:] != ledger.deal[:-1], True] & funnel.won[ledger.state]
    won_day, won_amount, won_owner = ledger.day[ended], ledger.amount[ended], ledger.owner[ledger.deal[ended]]
    n_owners = len(named.levels["owner"])
    largest = np.argsort(-np.bincount(won_owner, minlength=n_owners))[:8]
    nodes = np.vstack([np.ones((1, n_owners)), np.eye(n_owners)[largest]]).astype(bool)
    rows, seconds = [], 0.0
    for start in origins_of(config)[-chosen.origins :]:
        edges = [start + pd.DateOffset(months=k) for k in range(config["n_h"] + 1)]
        calendar = days(pd.Series(edges))
        begun = time.process_time()
        outlook = forecast(
            ledger,
            funnel,
            as_of=int(calendar[0]),
            calendar=calendar,
            leaves=np.maximum(ledger.owner, 0),
            nodes=nodes,
            targets=Targets.none(),
            seed=SEED,
        )
        seconds += time.process_time() - begun
        for measure, mean, quantiles, weight in (
            ("revenue", outlook.node_revenue, outlook.node_revenue_quantiles, won_amount),
            ("wins", outlook.node_wins, outlook.node_wins_quantiles, np.ones(len(won_day))),
        ):
            for s, (first, stop) in enumerate(outlook.spans):
                inside = (won_day >= calendar[first]) & (won_day < calendar[stop])
                came = nodes @ np.bincount(won_owner[inside], weight[inside], n_owners)
                for m in range(len(nodes)):
                    level = "company" if m == 0 else "owners"
                    span = "quarter" if stop - first > 1 else "month"
                    rows.append((measure, level, span, came[m], mean[:, m, s].sum(), *quantiles[m, s, [0, 1, 5, 6]]))
    table = pd.DataFrame(
        rows, columns=["measure", "level", "span", "came", "mean", "low95", "low80", "high80", "high95"]
    )
    table["error"] = (table["mean"] - table["came"]).abs()
    table["in80"] = (table["came"] >= table["low80"]) & (table["came"] <= table["high80"])
    table["in95"] = (table["came"] >= table["low95"]) & (table["came"] <= table["high95"])
    total = table.groupby(["measure", "level", "span"]).agg(
        n=("came", "size"),
        came=("came", "sum"),
        mean=("mean", "sum"),
        error=("error", "sum"),
        cover80=("in80", "mean"),
        cover95=("in95", "mean"),
    )
    total["wape"], total["bias"] = total["error"] / total["came"], total["mean"] / total["came"] - 1
    print(total[["n", "wape", "bias", "cover80", "cover95"]].round(3).to_string())
    print(f"\n{len(events):,} events, {len(table) // (len(nodes) * 8)} as-of dates, {seconds:.1f} s of processor time")


if __name__ == "__main__":
    main()
