"""
The season of a year: how a total spreads over twelve months, learnt from past years.

Four profiles are mixed. own and company: what a working day of each calendar month brought in past years, recent years
first, times the working days of the coming year's months (so a festival that moves from January to February takes its
days along). working days: nothing but those. even: a twelfth each. The days around a moving festival may count less
than others; how much less is learnt too. Each profile's weight comes from how well it, and its mixture with the
others, would have forecast the shares of the past years from the years before them; with little history the weights
stay near a prior that trusts a profile by the number of wins behind it.

Source of the idea: stacked regressions with weights >= 0 that add up to one (Breiman, Machine Learning 24 (1996), 49-64);
the working-day and festival regressors of X-13ARIMA-SEATS.
"""

from __future__ import annotations

import dataclasses as dc
from functools import cache
from typing import Final

import numpy as np

from .history import Floats

OWN, COMPANY, WORKING_DAYS, EVEN = range(4)
PROFILES: Final = ("own", "company", "working_days", "even")
CYCLES: Final = 2  # years of own history below which it says nothing about a season
HALF_LIFE: Final = 3.0  # years
TRUST_OWN: Final = 250.0  # wins of equal size after which own history is trusted for half, before any test
TRUST_COMPANY: Final = 100.0
DAYS_AMONG_REST: Final = 0.75  # prior share of the working days in what own and company leave
PULL: Final = 5.0  # how strongly the weights are held at the prior, in units of the tests' deviance
STEP: Final = 0.05
QUIET: Final = (1.0, 0.75, 0.5, 0.25, 0.0)  # what a working day near the festival may count
QUIET_COST: Final = 0.05  # deviance that a step away from "counts like any other" must save
_LEAST_DAYS: Final = 0.5


@dc.dataclass(frozen=True, slots=True)
class Calendar:
    """
    Working days of twelve months, (..., 12): days = all of them, near = those close to the moving festival. The
    months of all calendars of one call stand in the same order.
    """

    days: Floats
    near: Floats

    def counting(self, quiet: float) -> Floats:
        """Working days with those near the festival counted as `quiet` of a day."""
        return np.maximum(self.days - (1 - quiet) * self.near, _LEAST_DAYS)


@dc.dataclass(frozen=True, slots=True)
class Past:
    """
    Past years, oldest first: amounts (Y, 12) won; lumps (Y,) = sum of squares of the single wins over the square of
    their sum (1 / lumps is the number of equal wins that would scatter as much). A year without wins has lumps 0.
    """

    amounts: Floats
    lumps: Floats

    @property
    def years(self) -> int:
        """Years in which something was won."""
        return int((self.lumps > 0).sum())

    @property
    def wins(self) -> float:
        """How many wins of equal size the past years are worth."""
        return float((1 / self.lumps[self.lumps > 0]).sum())

    def shares(self) -> Floats:
        """(Y, 12) each year's months over its total; a year without wins is even."""
        total = self.amounts.sum(1, keepdims=True)
        return np.where(total > 0, self.amounts / np.where(total > 0, total, 1), 1 / 12)


@dc.dataclass(frozen=True, slots=True)
class Season:
    """
    How a year spreads: shares (12,) that add up to one; weights (4,) of the PROFILES, in steps of a twentieth; quiet
    = what a working day near the festival counts; years = of own history; tests = past years that the weights were
    tried on.
    """

    shares: Floats
    weights: Floats
    quiet: float
    years: int
    tests: int


def learn_season(own: Past, company: Past, past: Calendar, coming: Calendar, *, is_company: bool = False) -> Season:
    """
    Learn the shares of the coming year's months.

    Shapes: own, company and past (Y, 12), Y >= 0; coming (12,). is_company: own is the company, which counts once.
    """
    quiet = _quiet(company, past)
    tests = [y for y in range(1, len(own.lumps)) if own.lumps[y] > 0 and company.lumps[:y].any()]
    weights = _weights(own, company, past, quiet=quiet, tests=tests, is_company=is_company)
    shares = weights @ _profiles(own, company, past, coming, quiet=quiet)
    return Season(shares / shares.sum(), weights, quiet, own.years, len(tests))


def profile(past: Past, calendar: Calendar, coming: Calendar, *, quiet: float) -> Floats:
    """
    (12,) the shares that past years give to the coming one: mean rate of a counting day, by month, × its days.

    A year counts by its age and by its wins. Even by working days where nothing was won.
    """
    days = calendar.counting(quiet)
    coming_days = coming.counting(quiet)
    some = past.lumps > 0
    if not some.any():
        return coming_days / coming_days.sum()
    rate = past.shares() / (days / days.sum(1, keepdims=True))
    age = np.arange(len(past.lumps))[::-1]
    worth = np.where(some, np.exp2(-age / HALF_LIFE) / np.where(some, past.lumps + 0.002, 1), 0.0)
    shares = (worth @ rate / worth.sum()) * coming_days
    return np.asarray(shares / shares.sum())


def _upto(past: Past, year: int) -> Past:
    return Past(past.amounts[:year], past.lumps[:year])


def _profiles(own: Past, company: Past, past: Calendar, coming: Calendar, *, quiet: float) -> Floats:
    """(4, 12) the shares by each of the PROFILES."""
    days = coming.counting(1.0)
    return np.vstack(
        [
            profile(own, past, coming, quiet=quiet),
            profile(company, past, coming, quiet=quiet),
            days / days.sum(),
            np.full(12, 1 / 12),
        ]
    )


def _quiet(company: Past, calendar: Calendar) -> float:
    """What a day near the festival counts: the value that would have forecast the company's past years best."""
    if not calendar.near.any():
        return 1.0
    shares = company.shares()
    deviance = []
    for place, quiet in enumerate(QUIET):
        total = QUIET_COST * place
        for year in range(1, len(company.lumps)):
            if company.lumps[year] > 0 and company.lumps[:year].any():
                before = Calendar(calendar.days[:year], calendar.near[:year])
                told = profile(_upto(company, year), before, _of(calendar, year), quiet=quiet)
                total += float(((told - shares[year]) ** 2).sum()) / _noise(company, year)
        deviance.append(total)
    return QUIET[int(np.argmin(deviance))]


def _of(calendar: Calendar, year: int) -> Calendar:
    return Calendar(calendar.days[year], calendar.near[year])


def _noise(past: Past, year: int) -> float:
    """
    Sum over the months of the variance of a year's shares: its lumps, and what no profile gets right (the season
    itself differs from year to year).
    """
    return float(past.lumps[year]) + 0.002


def _prior(own: Past, company: Past, *, is_company: bool) -> Floats:
    """(4,) weights before any test: a profile is trusted by the number of wins behind it."""
    mine = own.wins / (own.wins + TRUST_OWN) if own.years >= CYCLES and not is_company else 0.0
    theirs = (1 - mine) * company.wins / (company.wins + TRUST_COMPANY)
    rest = 1 - mine - theirs
    return np.array([mine, theirs, rest * DAYS_AMONG_REST, rest * (1 - DAYS_AMONG_REST)])


def _weights(own: Past, company: Past, past: Calendar, *, quiet: float, tests: list[int], is_company: bool) -> Floats:
    """
    (4,) weights >= 0, sum 1, in steps: the least sum of squared errors over the tests, each over its noise, and of the
    distance to the prior.
    """
    prior = _prior(own, company, is_company=is_company)
    grid = _grid()
    if prior[OWN] == 0:
        grid = grid[grid[:, OWN] == 0]
    cost = PULL * ((grid - prior) ** 2).sum(1)
    shares = own.shares()
    for year in tests:
        before = Calendar(past.days[:year], past.near[:year])
        told = _profiles(_upto(own, year), _upto(company, year), before, _of(past, year), quiet=quiet)
        cost += ((grid @ told - shares[year]) ** 2).sum(1) / _noise(own, year)
    return np.asarray(grid[int(np.argmin(cost))])


@cache
def _grid() -> Floats:
    """(G, 4) all weights in steps of STEP that add up to one."""
    n = round(1 / STEP)
    cells = np.array(
        [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n + 1 - a) for c in range(n + 1 - a - b)]
    )
    return cells / n
