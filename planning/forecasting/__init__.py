"""
Forecasts of sales from the recorded stage history. Arrays in, arrays out: no Django, no clock, no tables, no
settings.

    history     Funnel, Ledger: what is known; stays; `from_events` reads an outside events frame
    conversion  entered, advanced, lost, still open; rates with intervals, time in stage, young cohorts censored
    exposure    events and days at risk as tables that add up
    drift       hazards that change from month to month; rhythm: from day to day; returns: lost deals that come back
    tempo       these together
    kriging     relative errors over time, and what they let expect
    hazards     how likely a deal leaves its stage on a day, and for where; empirical-Bayes factors
    likeness    which open deals share one calculation
    winning     P(won by the end of each period) and P(finally won) for open deals, in closed form
    arrivals    deals that do not exist yet: creation rate, season, maturation
    worth       what a deal brings when it is won
    expected    the means of one forecast: leaves by windows, open and not yet created
    replays     past days forecast again, as what was known then allows
    errors      what forecasts of this kind have been off by
    draws       joint simulation: shared shocks, leaves, deals
    groundwork  what a night need not do again: lessons of a month, the closed past as tables
    steps       steps and days at risk by stage, group, age and four weeks; what history expects
    alerts      is a conversion below its own history: nightly screen, always-valid evidence, false-discovery control
    mix         why it fell: mix or rate (Kitagawa), one person or all, slower
    levers      what it costs, what mending it adds to revenue and to the chance of attaining
    outlook     the whole: means, quantiles, P(attain), deals, evidence

Method. Discrete day hazards per stage × clock × destination (the clock is the days to the expected closing date where
there is one, else the days in stage), recent evidence first, shrunk; owner, product, channel, region, size and lead
time act as Gamma-Poisson factors (Clayton & Kaldor 1987). Winning follows from the renewal equation of the stays. New
deals: creation rate × season × the maturation of cohorts at equal follow-up. Errors come from replayed forecasts;
where there are none a stated prior error stands in, and Confidence says so. All nodes share one set of draws, so a
parent is the sum of its leaves in every draw and no reconciliation is needed.

Files: `python -m planning.forecasting IN_DIR OUT_DIR` answers the question files of the backtest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .conversion import Conversion, conversion_rates
from .errors import Replay
from .expected import Model
from .history import Funnel, Ledger, from_events
from .levels import FACTORS
from .outlook import (
    QUANTILES,
    REVENUE,
    WINS,
    Confidence,
    DealOdds,
    Outlook,
    Targets,
    default_spans,
    make_outlook,
)
from .replays import Memo


def forecast(
    ledger: Ledger,
    funnel: Funnel,
    *,
    as_of: int,
    calendar: npt.NDArray[np.int64],
    leaves: npt.NDArray[np.int64],
    nodes: npt.NDArray[np.bool_] | sparse.csr_matrix,
    targets: Targets,
    seed: int,
    spans: npt.NDArray[np.int64] | None = None,
    replay: bool = True,
    model: Model | None = None,
    replays: Sequence[Replay] | None = None,
    memo: Memo | None = None,
) -> Outlook:
    """
    Forecast wins and revenue from what was known at midnight before the day as_of.

    Shapes: calendar (K + 1,) days: period k is [calendar[k], calendar[k + 1]); it may begin before as_of, what was
    won there is booked. leaves (n_deals,): leaf code of each deal, 0 … L - 1 (a leaf is whoever carries the deal; a
    deal of nobody needs a leaf of its own). nodes (M, L): which leaves each node sums. spans (S, 2): periods [first,
    stop) to give quantiles for; by default each period, each three from the first, and all. replay: learn corrections
    and errors from past forecasts (the greater part of the time). model, replays: learnt before, see `groundwork`; the
    ledger may then be a condensed one. memo: a dict that several forecasts from one ledger
    hand on, so that none replays a day again (replays then learn their own hazards each; deals' owners and other
    attributes are taken from the ledger as it stands).
    Units: days since 1970-01-01 in the plan's time zone; money as recorded, means unrounded. Deterministic for one
    seed.
    :raises ValueError: where shapes, codes or the order of the ledger do not hold
    """
    return make_outlook(
        ledger,
        funnel,
        as_of=as_of,
        calendar=calendar,
        leaves=leaves,
        nodes=nodes,
        targets=targets,
        seed=seed,
        spans=spans,
        replay=replay,
        model=model,
        replays=replays,
        memo=memo,
    )


__all__ = [
    "FACTORS",
    "QUANTILES",
    "REVENUE",
    "WINS",
    "Confidence",
    "Conversion",
    "DealOdds",
    "Funnel",
    "Ledger",
    "Memo",
    "Model",
    "Outlook",
    "Replay",
    "Targets",
    "conversion_rates",
    "default_spans",
    "forecast",
    "from_events",
]
