"""The command line answers the files of the backtest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planning.forecasting import from_events
from planning.forecasting.__main__ import main
from planning.forecasting.history import days

pytestmark = pytest.mark.requirement("R1.8")

ROOT = Path(__file__).resolve().parents[3]


def events_frame(deals: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    start = pd.Timestamp("2023-01-01")
    rows: list[dict[str, object]] = []
    for d in range(deals):
        day = int(rng.integers(0, 500))
        known = {
            "opportunity_id": f"D{d}",
            "amount": 100.0 + d,
            "owner": f"rep {d % 3}",
            "segment": "north",
            "product": f"line {d % 2}",
            "expected_close": None,
        }
        rows.append(known | {"stage": "quoted", "entered_at": start + pd.Timedelta(day, "D")})
        end = day + int(rng.geometric(0.05))
        if end < 500:
            rows.append(known | {"stage": "won" if d % 2 else "lost", "entered_at": start + pd.Timedelta(end, "D")})
    return pd.DataFrame(rows)


def write_question_files(folder: Path, events: pd.DataFrame) -> None:
    as_of = pd.Timestamp("2024-05-15")
    ends = [str(as_of + pd.DateOffset(months=k)) for k in range(4)]
    meta = {
        "as_of": str(as_of),
        "stages": ["quoted"],
        "won": "won",
        "lost": "lost",
        "freq": "M",
        "windows": {f"h{k + 1}": [ends[k], ends[k + 1]] for k in range(3)},
        "periods_per_year": 12,
        "history_complete_from": "2023-01-01",
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    events.to_csv(folder / "events.csv", index=False)
    asked = [
        (kind, scope_type, scope, window, measure)
        for scope_type, scope in (("all", "all"), ("owner", "rep 1"), ("product", "line 1"), ("segment", "north"))
        for window in ("h1", "q")
        for measure in ("count", "revenue")
        for kind in ("sum", "attain")
    ]
    questions = pd.DataFrame(asked, columns=["kind", "scope_type", "scope", "window", "measure"])
    questions.insert(0, "question_id", range(len(questions)))
    questions["start"], questions["end"] = ends[0], ends[3]
    questions["target"] = np.where(questions["kind"] == "attain", 10.0, np.nan)
    questions.to_csv(folder / "questions.csv", index=False)


def test_every_question_of_the_files_is_answered(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    events = events_frame(300)
    write_question_files(source, events)

    subprocess.run(
        [sys.executable, "-W", "error", "-m", "planning.forecasting", str(source), str(out)], cwd=ROOT, check=True
    )

    questions = pd.read_csv(source / "questions.csv")
    sums, attained = pd.read_csv(out / "sums.csv"), pd.read_csv(out / "attain.csv")
    deals = pd.read_csv(out / "deals.csv")
    assert set(sums["question_id"]) == set(questions.loc[questions["kind"] == "sum", "question_id"])
    assert set(attained["question_id"]) == set(questions.loc[questions["kind"] == "attain", "question_id"])
    assert attained["p_attain"].between(0, 1).all()
    ended = events.groupby("opportunity_id")["stage"].agg(list).map(lambda s: len(s) > 1)
    assert set(deals["opportunity_id"]) == set(ended.index[~ended])
    quarter = sums.set_index("question_id")
    by_key = questions.set_index(["kind", "scope_type", "scope", "window", "measure"])["question_id"]
    whole = quarter.loc[by_key["sum", "all", "all", "q", "count"], "mean"]
    part = quarter.loc[by_key["sum", "segment", "north", "q", "count"], "mean"]
    assert part == pytest.approx(whole, rel=0.05)


def test_dates_with_and_without_a_time_are_read_by_the_clock_they_are_written_in() -> None:
    some = pd.Series(["2024-05-01", "2024-05-01T23:59:59", None, "2024-05-02 00:00:00.000001", "0001-01-01"])

    assert days(some).tolist() == [19844, 19844, -1, 19845, -719162]
    assert days(pd.Series(["2024-05-01T23:30:00+08:00"])).tolist() == [19844]
    assert days(pd.Series([None, None])).tolist() == [-1, -1]


def told(*rows: tuple[str, str, str, float | None, str | None]) -> pd.DataFrame:
    """An events table of (deal, stage, day, amount, expected close); nothing else is known."""
    frame = pd.DataFrame(rows, columns=["opportunity_id", "stage", "entered_at", "amount", "expected_close"])
    return frame.assign(amount=frame["amount"].astype(float), owner=None, segment=None, product=None)


THIN = {
    "nothing": told(),
    "one open deal": told(("1", "quoted", "2024-05-01", None, None)),
    "one won deal": told(("1", "quoted", "2024-04-01", 10.0, None), ("1", "won", "2024-05-01", 10.0, None)),
    "won without a stage before": told(*((str(d), "won", f"2024-04-{d:02d}", 10.0, None) for d in range(1, 29))),
    "closing dates from another age": told(
        ("1", "quoted", "2024-04-01", None, "0001-01-01"),
        ("2", "quoted", "2024-04-02", 1e9, "9999-12-31"),
        ("3", "quoted", "2024-04-03", 0.0, "2024-06-01"),
        ("4", "lost", "2024-04-03", -5.0, None),
    ),
    "a month": told(*((str(d), "quoted", f"2024-05-{1 + d % 14:02d}", 10.0, None) for d in range(40))),
}


@pytest.mark.parametrize("events", THIN.values(), ids=THIN.keys())
def test_however_little_is_known_the_answers_are_sound(tmp_path: Path, events: pd.DataFrame) -> None:
    write_question_files(tmp_path, events)

    main(tmp_path, tmp_path)

    sums, attained, deals = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("sums", "attain", "deals"))
    numbers = sums.drop(columns="question_id").to_numpy(float)
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers[:, 1:], axis=1) >= 0).all()
    assert attained["p_attain"].between(0, 1).all()
    open_ = events.groupby("opportunity_id")["stage"].last().eq("quoted").sum()
    assert len(deals) == open_
    if open_:
        assert deals["p_win"].between(0.001, 0.9).all()
        assert (deals["p_h3"] <= deals["p_win"] + 1e-9).all()


def test_the_order_of_rows_in_the_file_does_not_matter() -> None:
    events = events_frame(50)

    one = from_events(events, stages=["quoted"])
    other = from_events(events.sample(frac=1, random_state=2), stages=["quoted"])

    assert one.deals == other.deals
    np.testing.assert_array_equal(one.ledger.day, other.ledger.day)
    np.testing.assert_array_equal(one.ledger.state, other.ledger.state)
    np.testing.assert_array_equal(one.ledger.owner, other.ledger.owner)
