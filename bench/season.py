"""
The learnt season against what people use: how much of a year lands in the wrong month.

python bench/season.py [--data FOLDER]

Invented companies of known season (ten units; the years before a year spread that year), and the hotel bookings where they
are at hand. Printed is, per way of spreading, the share of the year's revenue that stands in another month than the one it
came in (half the sum of absolute differences of the shares), the mean over units and repeats; "floor" is the true season of
the invented companies, which nothing can beat by more than luck.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.periods import Span, month_span, spring_festival, working_days
from planning.forecasting.season import PROFILES, Calendar, Past, learn_season

Floats = npt.NDArray[np.float64]
REPEATS = 12
UNITS = 10
FIRST_YEAR = 2018
NEAR = (-10, 15)  # days around the festival
STRONG = np.array([0.7, 0.6, 0.9, 1.0, 1.05, 1.1, 0.9, 0.85, 1.15, 1.2, 1.25, 1.6])


@dataclass(frozen=True)
class Regime:
    """An invented company: season of its months, how far units differ, what days near the festival bring, wins a year."""

    name: str
    season: Floats
    own: float  # sd of the log of a unit's own season against the company's
    festival: float  # what a working day near the festival brings
    wins: float  # of a unit, a year
    wobble: float = 0.0  # sd of the log by which the season differs from year to year
    growth: float = 0.0


REGIMES = (
    Regime("strong season, many wins", STRONG, 0.10, 1.0, 400),
    Regime("units of their own season", STRONG, 0.35, 1.0, 400),
    Regime("festival that moves", STRONG, 0.10, 0.3, 400),
    Regime("festival, few wins", STRONG, 0.10, 0.3, 40),
    Regime("few wins", STRONG, 0.10, 1.0, 40),
    Regime("hardly any wins", STRONG, 0.10, 1.0, 12),
    Regime("no season", np.ones(12), 0.0, 1.0, 100),
    Regime("season that changes", STRONG, 0.10, 1.0, 200, wobble=0.2),
    Regime("growth of 30 % a year", STRONG, 0.10, 1.0, 200, growth=0.3),
)


def months_of(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, 13)]


def calendar_of(months: list[date]) -> Calendar:
    """Working days in China, and those near the festival."""
    days, near = np.zeros(12), np.zeros(12)
    for place, month in enumerate(months):
        span = month_span(month)
        days[place] = working_days(span, country="CN")
        around = [spring_festival(month.year) + timedelta(days=reach) for reach in NEAR]
        first, last = max(span.first, around[0]), min(span.last, around[1])
        if first <= last:
            near[place] = working_days(Span(first, last), country="CN")
    return Calendar(days, near)


def stacked(calendars: list[Calendar]) -> Calendar:
    return Calendar(
        np.array([c.days for c in calendars]).reshape(-1, 12), np.array([c.near for c in calendars]).reshape(-1, 12)
    )


def past_of(years: list[Floats]) -> Past:
    """years: per year (12, ) object of win amounts → amounts and lumps."""
    amounts = np.array([[win.sum() for win in months] for months in years]).reshape(-1, 12)
    squares = np.array([sum(float((win**2).sum()) for win in months) for months in years])
    total = amounts.sum(1)
    return Past(amounts, np.where(total > 0, squares / np.where(total > 0, total, 1) ** 2, 0.0))


def invented(
    regime: Regime, years: int, dice: np.random.Generator
) -> tuple[list[list[list[Floats]]], list[list[Floats]]]:
    """(units, years) of twelve arrays of wins; and the true shares of every unit and year."""
    calendars = [calendar_of(months_of(FIRST_YEAR + y)) for y in range(years)]
    told, true = [], []
    for _ in range(UNITS):
        own = regime.season * np.exp(dice.normal(0, regime.own, 12))
        unit, shares = [], []
        for y, calendar in enumerate(calendars):
            season = own * np.exp(dice.normal(0, regime.wobble, 12))
            trend = (1 + regime.growth) ** (y + np.arange(12) / 12)
            rate = season * calendar.counting(regime.festival) * trend
            mean = regime.wins * rate / (own * calendar.counting(regime.festival)).sum()
            unit.append([dice.lognormal(0, 0.8, int(n)) for n in dice.poisson(mean)])
            shares.append(rate / rate.sum())
        told.append(unit)
        true.append(shares)
    return told, true


def misplaced(shares: Floats, came: Floats) -> float:
    return float(np.abs(shares - came / came.sum()).sum() / 2)


def ways(own: Past, company: Past, past: Calendar, coming: Calendar) -> dict[str, Floats]:
    """Each way of spreading the coming year."""
    shares = own.shares()
    some = own.lumps > 0
    mean = shares[some].mean(0) if some.any() else np.full(12, 1 / 12)
    return {
        "learnt": learn_season(own, company, past, coming).shares,
        "last year": shares[-1],
        "mean of years": mean,
        "working days": coming.days / coming.days.sum(),
        "even": np.full(12, 1 / 12),
    }


def of_regime(regime: Regime, years: int, seed: int) -> tuple[dict[str, float], Floats]:
    """Mean misplaced share by way, and the mean weights, where so many years lie before."""
    found: dict[str, list[float]] = {}
    weights = []
    dice = np.random.default_rng(seed)
    for _ in range(REPEATS):
        told, true = invented(regime, years + 1, dice)
        calendars = [calendar_of(months_of(FIRST_YEAR + y)) for y in range(years + 1)]
        past, coming = stacked(calendars[:-1]), calendars[-1]
        company = past_of([[np.concatenate([unit[y][m] for unit in told]) for m in range(12)] for y in range(years)])
        for unit, shares in zip(told, true, strict=True):
            came = np.array([win.sum() for win in unit[-1]])
            if came.sum() == 0:
                continue
            own = past_of(unit[:-1])
            for name, way in ways(own, company, past, coming).items():
                found.setdefault(name, []).append(misplaced(way, came))
            found.setdefault("floor", []).append(misplaced(shares[-1], came))
            weights.append(learn_season(own, company, past, coming).weights)
    return {name: float(np.mean(values)) for name, values in found.items()}, np.mean(weights, axis=0)


def hotel(folder: Path) -> Iterator[tuple[str, dict[str, float], int]]:
    """Two hotels of two and a bit years, by market segment: the second year from the first, from three starts."""
    deals = pd.read_csv(folder / "deals.csv.gz")
    won = deals[deals["outcome"] == "won"].assign(day=lambda frame: pd.to_datetime(frame["closed_at"]))
    scores: dict[str, dict[str, list[float]]] = {"hotel: company": {}, "hotel: segments": {}, "hotel: products": {}}
    count = dict.fromkeys(scores, 0)
    for start in ("2016-07-01", "2016-08-01", "2016-09-01"):
        begin = pd.Timestamp(start)
        months = [(begin + pd.DateOffset(months=k)).date() for k in range(-12, 12)]
        calendar = Calendar(np.array([month_span(m).days for m in months], float), np.zeros(24))
        past, coming = Calendar(calendar.days[None, :12], np.zeros((1, 12))), Calendar(calendar.days[12:], np.zeros(12))

        def wins(frame: pd.DataFrame, months: list[date] = months) -> list[Floats]:
            index = frame["day"].dt.to_period("M")
            return [frame.loc[index == pd.Period(m, "M"), "amount"].to_numpy(float) for m in months]

        everything = wins(won)
        company = past_of([everything[:12]])
        for name, groups in (
            ("hotel: company", [won]),
            ("hotel: segments", [g for _, g in won.groupby("segment")]),
            ("hotel: products", [g for _, g in won.groupby("product")]),
        ):
            for group in groups:
                mine = wins(group)
                came = np.array([win.sum() for win in mine[12:]])
                own = past_of([mine[:12]])
                if came.sum() <= 0 or own.lumps[0] == 0:
                    continue
                count[name] += 1
                for way, shares in ways(own, company, past, coming).items():
                    scores[name].setdefault(way, []).append(misplaced(shares, came))
    for name, found in scores.items():
        yield name, {way: float(np.mean(values)) for way, values in found.items()}, count[name]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument(
        "--data", type=Path, default=Path(__file__).resolve().parent.parent.parent / "shared/data/hotel"
    )
    chosen = parser.parse_args()
    names = ("learnt", "last year", "mean of years", "working days", "even", "floor")
    print("Share of a year's revenue in the wrong month (less is better)\n")
    print(f"{'history':<28}{'years':>6}" + "".join(f"{name:>15}" for name in names) + "   mean weights")
    for number, regime in enumerate(REGIMES):
        for years in (1, 2, 3, 5):
            found, weights = of_regime(regime, years, seed=100 * number + years)
            told = ", ".join(
                f"{name} {weight:.0%}" for name, weight in zip(PROFILES, weights, strict=True) if weight > 0.005
            )
            print(f"{regime.name:<28}{years:>6}" + "".join(f"{found[name]:>15.3f}" for name in names) + f"   {told}")
    if (chosen.data / "deals.csv.gz").exists():
        for name, found, cases in hotel(chosen.data):
            cells = (f"{found[way]:>15.3f}" if way in found else f"{'–':>15}" for way in names)
            print(f"{name + f' (n {cases})':<28}{1:>6}" + "".join(cells))
    else:
        print(f"hotel: skipped, there is no history in {chosen.data}")


if __name__ == "__main__":
    main()
