"""`python -m bench.forecast`: ask the engine and its peers on every set, print what came of it."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from planning.forecasting.__main__ import answer, read

from . import goals
from .cases import Case, Set, cases
from .funnels import HELD_OUT, REGIMES, config_of, events_of
from .peers import PEERS, Answer
from .scores import chance_scores, sum_scores

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "hotel"
OURS = "yearline"


def engine(case: Case) -> Answer:
    """Ask the engine as `python -m planning.forecasting` does."""
    deals, sums, targets = answer(case.meta, read(case.meta, case.events), case.questions, {})
    return Answer(deals.set_index("opportunity_id"), sums, targets)


METHODS = {OURS: engine, **PEERS}


def sets(names: list[str], real: Path | None) -> list[Set]:
    """The real history where there is one, and the invented ones."""
    found = [Set.read(real)] if real and (real / "events.csv.gz").exists() and (not names or real.name in names) else []
    invented = {**REGIMES, **HELD_OUT}
    return [*found, *(Set(n, config_of(r), events_of(r)) for n, r in invented.items() if not names or n in names)]


def _collect(case: Case, method: str, told: Answer) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Predictions beside the truth: deals, sums, targets."""
    deals = pd.DataFrame()
    if told.deals is not None:
        p = told.deals.reindex(case.labels.index)
        if p["p_win"].isna().any():
            raise ValueError(f"{method} says nothing about some open deals on {case.as_of}")
        columns = {"p_win": "p_win", "p_last": f"p_h{case.n_h}", "p_h1": "p_h1"}
        deals = pd.concat(
            [
                pd.DataFrame({"what": what, "p": p[column], "y": case.labels[what]}).dropna()
                for what, column in columns.items()
            ]
        )
    asked = case.questions.assign(y=case.truth)
    sums, targets = asked.merge(told.sums, on="question_id"), asked.merge(told.targets, on="question_id")
    return tuple(frame.assign(method=method, as_of=case.as_of) for frame in (deals, sums, targets))


def kept(of: Set, methods: list[str], last: int, folder: Path | None) -> dict[str, pd.DataFrame]:
    """What the peers said, from the folder where they have been asked before; the engine is asked anew."""
    peers = [method for method in methods if method != OURS]
    file = folder / f"{of.name}.pkl" if folder else None
    if file and file.exists():
        said = pd.read_pickle(file)  # noqa: S301  (written by this program)
    else:
        said = run(of, peers, last) if peers else {}
        if file and said:
            file.parent.mkdir(parents=True, exist_ok=True)
            pd.to_pickle(said, file)
    ours = run(of, [OURS], last) if OURS in methods else {}
    kinds = dict.fromkeys([*said, *ours])
    return {
        kind: pd.concat([part[kind] for part in (ours, said) if part], axis=1 if kind == "seconds" else 0)
        for kind in kinds
    }


def run(of: Set, methods: list[str], last: int) -> dict[str, pd.DataFrame]:
    """Ask methods at every as-of day: frames of deals, sums and targets, and the seconds each took."""
    parts: tuple[list[pd.DataFrame], ...] = ([], [], [])
    seconds = dict.fromkeys(methods, 0.0)
    for case in cases(of, last):
        for method in methods:
            begun = time.process_time()
            told = METHODS[method](case)
            seconds[method] += time.process_time() - begun
            for part, frame in zip(parts, _collect(case, method, told), strict=True):
                part.append(frame)
    deals, sums, targets = (pd.concat(part) for part in parts)
    return {"deals": deals, "sums": sums, "targets": targets, "seconds": pd.DataFrame([seconds])}


def table(found: dict[str, pd.DataFrame], methods: list[str]) -> pd.DataFrame:
    """One row per method, the scores that matter side by side."""
    rows = {}
    for method in methods:
        row: dict[str, float] = {}
        deals, sums, targets = (found[k][found[k]["method"] == method] for k in ("deals", "sums", "targets"))
        for what, name in (("p_h1", "1 period"), ("p_last", "all periods"), ("p_win", "finally")):
            mine = deals[deals["what"] == what] if len(deals) else deals
            if len(mine):
                s = chance_scores(mine["p"].to_numpy(), mine["y"].to_numpy())
                row[f"deal loss {name}"] = s["logloss"]
                row[f"deal ece {name}"] = s["ece"]
        money = sums[sums["measure"] == "revenue"]
        for scope, some in (("company", money["scope_type"] == "all"), ("scopes", money["scope_type"] != "all")):
            for span, mine in (
                ("periods", some & (money["window"] != "q")),
                ("quarter", some & (money["window"] == "q")),
            ):
                if not mine.any():  # a set without owners, segments and products has no scopes
                    continue
                s = sum_scores(money[mine])
                for score in ("wape", "bias", "wql", "cov80", "cov95"):
                    row[f"{scope} {span} {score}"] = s[score]
        if len(targets):
            y = (targets["y"] >= targets["target"]).to_numpy(float)
            s = chance_scores(targets["p_attain"].to_numpy(), y)
            row["attain brier"], row["attain ece"] = s["brier"], s["ece"]
        row["seconds"] = float(found["seconds"][method].iloc[0])
        rows[method] = row
    return pd.DataFrame(rows)


def outside(folder: Path, python: str, chosen: list[Set], last: int) -> None:
    """Run a backtest that speaks the same files, with the engine as its external predictor, on the same sets."""
    data = ROOT / "var" / "bench-forecast"
    for of in chosen:
        of.write(data / of.name)
        command = [python, str(folder / "backtest.py"), "--data", of.name, "--name", OURS]
        command += ["--external", f"{shlex.quote(sys.executable)} -m planning.forecasting {{in}} {{out}}"]
        command += ["--origins", str(last)] if last else []
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"FORECAST_DATA": str(data)})


def main() -> None:
    """Print one table per set, then the ratios of loss to the peers over all sets."""
    parser = argparse.ArgumentParser(prog="python -m bench.forecast", description=__doc__)
    parser.add_argument(
        "sets", nargs="*", help=f"default: the real one, if there, and {', '.join({**REGIMES, **HELD_OUT})}"
    )
    parser.add_argument("--real", type=Path, default=REAL, help="folder of a real history: events.csv.gz, config.json")
    parser.add_argument("--methods", default=",".join(METHODS), help="default: all that are installed")
    parser.add_argument("--origins", type=int, default=0, help="only the last N as-of days of each set")
    parser.add_argument(
        "--with", dest="harness", type=Path, default=os.environ.get("FORECAST_BENCH"),
        help="folder with a backtest.py that speaks the same files (default: FORECAST_BENCH), to be run as well",
    )  # fmt: skip
    parser.add_argument("--with-python", default=os.environ.get("FORECAST_BENCH_PYTHON", sys.executable))
    parser.add_argument(
        "--keep", type=Path, help="folder where the peers' answers are kept, and taken from the next time"
    )
    asked = parser.parse_args()
    methods = asked.methods.split(",")
    chosen = sets(asked.sets, asked.real)
    pd.set_option("display.width", 200)
    losses, answers = {}, {}
    for of in chosen:
        answers[of.name] = found = kept(of, methods, asked.origins, asked.keep)
        losses[of.name] = scores = table(found, methods)
        n = found["sums"]["as_of"].nunique()
        print(f"\n## {of.name}: {of.config['note']}\n\n{len(of.events):,} events, {n} as-of days\n", flush=True)
        print(scores.round(3).to_string(na_rep=""), flush=True)
    if OURS in methods and len(methods) > 1:
        print("\n## Loss over the peer's, geometric mean over the sets (below 1: better than the peer)\n")
        print(ratios(losses, [m for m in methods if m != OURS]).round(3).to_string(na_rep=""), flush=True)
        known = [of.name for of in chosen if of.name not in HELD_OUT]
        groups = {"known sets": known, "sets held out": [of.name for of in chosen if of.name in HELD_OUT]}
        print(goals.report(answers, OURS, groups), flush=True)
    if asked.harness:
        outside(Path(asked.harness), asked.with_python, chosen, asked.origins)


LOSSES = [
    "deal loss 1 period", "deal loss all periods", "deal loss finally",
    "company periods wape", "company quarter wape", "company periods wql", "company quarter wql",
    "scopes periods wql", "scopes quarter wql", "attain brier",
]  # fmt: skip


def ratios(losses: dict[str, pd.DataFrame], peers: list[str]) -> pd.DataFrame:
    """Geometric mean over the sets of our loss over each peer's; empty where a peer says nothing."""
    out = {}
    for peer in peers:
        each = [(scores[OURS] / scores[peer]).reindex(LOSSES) for scores in losses.values()]
        out[peer] = np.exp(np.log(pd.concat(each, axis=1)).mean(axis=1))
    return pd.DataFrame(out)


if __name__ == "__main__":
    main()
