"""Conversion and time in stage by unit, person, product line, lead source and region, from one night's history."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt

from planning.forecasting.conversion import Conversion, conversion_rates
from planning.models import StageConversion

from .history import DealHistory, day_number
from .organisation import Organisation

By = StageConversion.By
Window = StageConversion.Window
WINDOW_DAYS = {Window.QUARTER: 90, Window.YEAR: 365, Window.EVER: None}
Codes = npt.NDArray[np.int64]


def conversion_rows(history: DealHistory, places: Organisation, *, as_of: date) -> Iterator[StageConversion]:
    """
    Yield one row per window, grouping, member and stage that somebody entered.

    A deal counts for the person who owns it on the day, and for the units of that person on the day.
    """
    if not history.ledger.n_deals:
        return
    today = day_number(as_of)
    for window, days in WINDOW_DAYS.items():
        since = None if days is None else today - days
        for by, codes, members in _groupings(history, places):
            rates = conversion_rates(
                history.ledger,
                history.funnel,
                as_of=today,
                group=codes,
                n_groups=max(len(members), 1),
                since=since,
            )
            yield from _rows(rates, history, window=window, by=by, members=members)


def _groupings(history: DealHistory, places: Organisation) -> Iterator[tuple[By, Codes, Codes]]:
    """The ways to group deals: what by, code of each deal (-1 left out), key of each code."""
    ledger = history.ledger
    yield By.COMPANY, np.zeros(ledger.n_deals, np.int64), np.zeros(1, np.int64)
    yield By.PERSON, ledger.owner, history.owner_ids
    yield By.PRODUCT, ledger.product, history.product_ids
    yield By.CHANNEL, ledger.channel, history.channel_ids
    yield By.REGION, ledger.region, history.region_ids
    members = np.array(places.unit_ids, np.int64)
    for unit_of_person in places.unit_by_depth():
        code_of_owner = np.array([unit_of_person.get(int(owner), -1) for owner in history.owner_ids], np.int64)
        yield By.UNIT, code_of_owner[ledger.owner], members


def _rows(
    rates: Conversion, history: DealHistory, *, window: Window, by: By, members: Codes
) -> Iterator[StageConversion]:
    for row, (state, group) in enumerate(zip(rates.state.tolist(), rates.group.tolist(), strict=True)):
        yield StageConversion(
            stage_id=int(history.stage_ids[state]),
            window=window,
            by=by,
            member=int(members[group]),
            entered=int(rates.entered[row]),
            advanced=int(rates.advanced[row]),
            back=int(rates.back[row]),
            lost=int(rates.lost[row]),
            still_open=int(rates.open[row]),
            rate=_known(rates.rate[row]),
            low=_known(rates.low[row]),
            high=_known(rates.high[row]),
            win_rate=_known(rates.win_rate[row]),
            win_low=_known(rates.win_low[row]),
            win_high=_known(rates.win_high[row]),
            median_days=_known(rates.median_days[row]),
            p85_days=_known(rates.p85_days[row]),
        )


def _known(value: float) -> float | None:
    """Missing is not zero: NaN becomes None."""
    return None if np.isnan(value) else float(value)
