"""
What others do, in our own words, each a function of a case that answers like the engine: deals, sums, targets.

    ladder      fixed chances by stage, as a CRM ships them
    bayes       predictive lead scoring by naive Bayes over stage, segment and product, as Odoo has it
    markov      a stage chain with one step a period
    run-rate    the mean of the last three periods
    last-year   the same period a year ago
    ets         AutoETS on each series (statsforecast), where installed
    gbm         gradient-boosted landmarks (LightGBM), where installed

Those who know deals only are given the history of deals not yet created, so that they are not beaten for what they
do not claim: the mean and scatter of the last six cases.
"""

from __future__ import annotations

import dataclasses as dc
import importlib.util
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from .cases import Case, inside, landed
from .scores import LEVELS, QUANTILES

TREES = {
    "n_estimators": 150,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 40,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.8,
    "reg_lambda": 5.0,
    "verbose": -1,
    "n_jobs": 1,
    "random_state": 0,
}


@dc.dataclass(frozen=True)
class Answer:
    """deals: by opportunity, p_win and p_h1 …; sums and targets by question_id. None where a method has nothing to say."""

    deals: pd.DataFrame | None
    sums: pd.DataFrame
    targets: pd.DataFrame


def _answers(
    case: Case, moments: dict[tuple[str, str, str, str], tuple[float, float]], deals: pd.DataFrame | None
) -> Answer:
    """Quantiles and chances from mean and variance: Gamma for revenue, negative binomial for wins."""
    sums, targets = [], []
    for row in case.questions.itertuples():
        mean, var = moments[row.scope_type, row.scope, row.window, row.measure]
        if mean <= 1e-9:
            law = stats.uniform(0, 1e-9)
        elif row.measure == "count":
            r = mean**2 / max(var - mean, 0.02 * mean)
            law = stats.nbinom(r, r / (r + mean))
        else:
            v = max(var, (0.05 * mean) ** 2)
            law = stats.gamma(mean**2 / v, scale=v / mean)
        if row.kind == "sum":
            sums.append((row.question_id, mean, *law.ppf(LEVELS)))
        else:
            targets.append((row.question_id, float(law.sf(row.target - (0.5 if row.measure == "count" else 0)))))
    return Answer(
        deals,
        pd.DataFrame(sums, columns=["question_id", "mean", *QUANTILES]),
        pd.DataFrame(targets, columns=["question_id", "p_attain"]),
    )


def _scopes(case: Case) -> list[tuple[str, str]]:
    return list(case.questions.groupby(["scope_type", "scope"], sort=False).groups)


def _windows(case: Case) -> dict[str, tuple[int, int]]:
    return {w: case.span(w) for w in [*(f"h{k + 1}" for k in range(case.n_h)), "q"]}


def _not_yet_created(case: Case, kind: str, scope: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean and variance of what deals created after a past day brought in each window after it, over six past days."""
    won = case.won[inside(case.won, kind, scope)]
    found: dict[tuple[str, str], list[float]] = {}
    last = len(case.past) - 1 - case.n_h
    for j in range(last, max(last - 6, -1), -1):
        later = won[won["created"] >= case.past[j]]
        came = landed(later, "all", "all", case.past[j : j + case.n_h + 1])
        for window, (a, z) in _windows(case).items():
            for measure in ("count", "revenue"):
                found.setdefault((window, measure), []).append(came[measure][a:z].sum())
    out = {}
    for window in _windows(case):
        for measure in ("count", "revenue"):
            seen = np.array(found.get((window, measure), [0.0]))
            spread = seen.var(ddof=1) * (1 + 1 / len(seen)) if len(seen) > 2 else seen.mean() ** 2
            out[window, measure] = (float(seen.mean()), float(spread))
    return out


def _from_deals(case: Case, p_win: np.ndarray, by_end: np.ndarray) -> Answer:
    """Answers from chances of single deals: p_win (n,), by_end (n, H), deals taken as independent."""
    by_end = np.clip(np.maximum.accumulate(by_end, axis=1), 0.001, 0.999)
    deals = pd.DataFrame({"p_win": np.clip(p_win, 0.001, 0.999)}, index=case.open.index)
    for k in range(case.n_h):
        deals[f"p_h{k + 1}"] = by_end[:, k]
    typical = case.won.groupby("product")["paid"].mean()
    amount = case.open["amount"].fillna(case.open["product"].map(typical)).fillna(case.won["paid"].mean()).fillna(0.0)
    each = np.diff(by_end, axis=1, prepend=0.0)
    moments = {}
    for kind, scope in _scopes(case):
        mine = inside(case.open, kind, scope).to_numpy()
        a = amount.to_numpy(float)[mine]
        new = _not_yet_created(case, kind, scope)
        for window, (first, stop) in _windows(case).items():
            p = each[mine, first:stop].sum(1)
            for measure, size in (("count", np.ones(len(a))), ("revenue", a)):
                mean, var = new[window, measure]
                moments[kind, scope, window, measure] = (
                    float(p @ size) + mean,
                    float((p * (1 - p)) @ size**2) + var,
                )
    return _answers(case, moments, deals)


def _timing(case: Case, p_win: np.ndarray) -> np.ndarray:
    """
    (n, H) chances by the end of each period: by the expected closing date where most deals have one, else as deals of
    the same stage that were won in the end have come in since past period starts.
    """
    rank = case.open["stage"].map(case.rank).to_numpy()
    if case.open["expected_close"].notna().mean() > 0.5:
        ends = np.array(case.edges[1:], "datetime64[ns]")
        return p_win[:, None] * (pd.to_datetime(case.open["expected_close"]).to_numpy()[:, None] < ends[None, :])
    n, won = len(case.rank), case.won
    entered = np.full((len(won), n), np.datetime64("NaT"), "datetime64[ns]")
    for stage, place in case.rank.items():
        first = case.events[case.events["stage"] == stage].drop_duplicates("opportunity_id")
        entered[:, place] = first.set_index("opportunity_id")["entered_at"].reindex(won.index).to_numpy()
    came, seen = np.zeros((n, case.n_h)), np.zeros(n)
    day = won["won_at"].to_numpy()
    for j in range(len(case.past) - case.n_h):
        edges = np.array(case.past[j : j + case.n_h + 1], "datetime64[ns]")
        stage = np.where(entered < edges[0], np.arange(n), -1).max(1)
        some = (stage >= 0) & (day >= edges[0])
        seen += np.bincount(stage[some], minlength=n)
        for h in range(case.n_h):
            came[:, h] += np.bincount(stage[some & (day < edges[h + 1])], minlength=n)
    return p_win[:, None] * ((came + 0.5) / (seen + 1)[:, None])[rank]


def ladder(case: Case) -> Answer:
    p = np.array(case.of.config["ladder"])[case.open["stage"].map(case.rank).to_numpy()]
    return _from_deals(case, p, _timing(case, p))


def bayes(case: Case) -> Answer:
    """Odds won : lost = prior x stage x segment x product, 0.1 added to every cell; a loss counts for its stage and before."""
    closed = case.deals[~case.deals["is_open"]]
    won = closed["won_at"].notna().to_numpy()
    reached = case.events[case.events["stage"].isin(case.rank)].groupby("opportunity_id")["stage"].last().map(case.rank)
    at = reached.reindex(closed.index).fillna(0).to_numpy()
    stage = case.open["stage"].map(case.rank).to_numpy()
    lost_by = np.array([(~won & (at >= place)).sum() + 0.1 for place in range(len(case.rank))])
    yes, no = np.full(len(stage), won.sum() + 0.1), lost_by[stage].astype(float)
    for column in ("segment", "product"):
        table = pd.DataFrame({"level": closed[column], "won": won}).groupby("level")["won"].agg(["sum", "size"])
        w, lost = table["sum"] + 0.1, table["size"] - table["sum"] + 0.1
        yes *= case.open[column].map(w / w.sum()).fillna(1.0).to_numpy(float)
        no *= case.open[column].map(lost / lost.sum()).fillna(1.0).to_numpy(float)
    p = yes / (yes + no)
    return _from_deals(case, p, _timing(case, p))


def markov(case: Case) -> Answer:
    """Transition shares between the starts of past periods, whatever the age."""
    n, ids = len(case.rank), case.events["opportunity_id"].astype("category").cat.codes.to_numpy()
    code = case.events["stage"].map(case.rank | {"won": n, "lost": n + 1}).to_numpy()
    at = np.searchsorted(case.events["entered_at"].to_numpy(), np.array(case.past, "datetime64[ns]"))
    state, moves = np.full(ids.max() + 1, -1), np.zeros((n + 2, n + 2))
    low = 0
    for high in at:
        before = state.copy()
        state[ids[low:high]] = code[low:high]
        low = high
        there = (before >= 0) & (before < n)
        np.add.at(moves, (before[there], state[there]), 1)
    step = (moves + 1e-9) / (moves + 1e-9).sum(1, keepdims=True)
    step[n:] = np.eye(n + 2)[n:]
    power, by_end = np.eye(n + 2), []
    for _ in range(case.n_h):
        power = power @ step
        by_end.append(power[:n, n])
    final = np.linalg.matrix_power(step, 500)[:n, n]
    stage = case.open["stage"].map(case.rank).to_numpy()
    return _from_deals(case, final[stage], np.column_stack(by_end)[stage])


Series = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]


def _from_series(case: Case, ahead: Series) -> Answer:
    """Answers from each scope's own past: means and standard errors (H,); half of the variance is common to the periods."""
    moments = {}
    for kind, scope in _scopes(case):
        for measure, y in landed(case.won, kind, scope, case.past).items():
            mean, sd = ahead(y, case.n_h, int(case.of.config["season"]))
            for window, (a, z) in _windows(case).items():
                var = 0.5 * float((sd[a:z] ** 2).sum()) + 0.5 * float(sd[a:z].sum()) ** 2
                moments[kind, scope, window, measure] = (max(float(mean[a:z].sum()), 0.0), var)
    return _answers(case, moments, None)


def run_rate(case: Case) -> Answer:
    def ahead(y: np.ndarray, h: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        miss = np.array([y[i] - y[max(0, i - 3) : i].mean() for i in range(1, len(y))])[-24:]
        return np.full(h, y[-3:].mean()), (miss.std() + 1e-9) * np.sqrt(1 + 0.1 * np.arange(h))

    return _from_series(case, ahead)


def last_year(case: Case) -> Answer:
    def ahead(y: np.ndarray, h: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        if len(y) < season + 3:
            return np.full(h, y[-1]), (np.diff(y).std() + 1e-9) * np.sqrt(1 + np.arange(h))
        return y[len(y) - season :][:h], np.full(h, (y[season:] - y[:-season])[-24:].std() + 1e-9)

    return _from_series(case, ahead)


def ets(case: Case) -> Answer:
    from statsforecast.models import AutoETS

    def ahead(y: np.ndarray, h: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        period = season if len(y) > 2 * season and season <= 24 else 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                told = AutoETS(season_length=period, model="ZZZ").forecast(y.astype(float), h=h, level=[80])
            sd = (told["hi-80"] - told["mean"]) / 1.2816 + 1e-9
        except (ValueError, IndexError, NotImplementedError, ArithmeticError):  # too short for it
            sd = np.full(h, np.nan)
        if np.isfinite(sd).all():
            return told["mean"], sd
        return np.full(h, y[-3:].mean()), np.full(h, y.std() + 1e-9)

    return _from_series(case, ahead)


def _landmarks(case: Case, day: pd.Timestamp) -> pd.DataFrame:
    """What was known on a day of each deal that was open then."""
    events = case.events[case.events["entered_at"] < day]
    rows = events.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    rows = rows[rows["stage"].isin(case.rank)]
    born = case.deals["created"].reindex(rows.index)
    one = pd.Timedelta(1, "D")
    frame = pd.DataFrame(
        {
            "stage": rows["stage"].map(case.rank),
            "age": (day - rows["entered_at"]) / one,
            "life": (day - born) / one,
            "amount": np.log1p(rows["amount"].fillna(-0.5).clip(lower=-0.5)),
            "to_close": (pd.to_datetime(rows["expected_close"]) - day) / one,
            "month": day.month,
        }
    )
    for column in ("owner", "segment", "product"):
        frame[column] = pd.Categorical(rows[column], categories=sorted(case.deals[column].dropna().unique()))
    return frame


def gbm(case: Case) -> Answer:
    """Boosted trees on deals open at up to twelve past period starts: the window a deal was won in, and whether it was."""
    import lightgbm

    x, y, known, done = [], [], [], []
    last = len(case.past) - 1 - case.n_h
    for j in range(last, max(last - 12, -1), -1):
        frame = _landmarks(case, case.past[j])
        came = case.deals.loc[frame.index]
        day = came["won_at"].to_numpy()
        when = np.searchsorted(np.array(case.past[j + 1 : j + 1 + case.n_h], "datetime64[ns]"), day, "right")
        x.append(frame)
        y.append(np.where(np.isnat(day), case.n_h, when))
        done.append(came["won_at"].notna().to_numpy())
        known.append((came["won_at"].notna() | came["lost_at"].notna()).to_numpy())
    rows, window = pd.concat(x), np.concatenate(y)
    ended, won = np.concatenate(known), np.concatenate(done)
    timing_trees, outcome_trees = (lightgbm.LGBMClassifier(**TREES, objective=o) for o in ("multiclass", "binary"))
    timing, outcome = timing_trees.fit(rows, window), outcome_trees.fit(rows[ended], won[ended])
    now = _landmarks(case, case.as_of).loc[case.open.index]
    share = np.zeros((len(now), case.n_h + 1))
    share[:, timing.classes_] = timing.predict_proba(now)
    return _from_deals(case, outcome.predict_proba(now)[:, 1], np.cumsum(share[:, :-1], axis=1))


OPTIONAL = {"ets": ("statsforecast", ets), "gbm": ("lightgbm", gbm)}
PEERS: dict[str, Callable[[Case], Answer]] = {
    "ladder": ladder,
    "bayes": bayes,
    "markov": markov,
    "run-rate": run_rate,
    "last-year": last_year,
    **{name: peer for name, (package, peer) in OPTIONAL.items() if importlib.util.find_spec(package)},
}
