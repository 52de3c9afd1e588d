"""Conversion and time in stage by unit, person, product line, lead source and region, from what one night knows."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt

from planning.forecasting.conversion import Conversion, followed, rates_of
from planning.forecasting.history import stays_of
from planning.models import StageConversion

from .evidence import Evidence, Grouping
from .history import DealHistory, day_number
from .organisation import Organisation

By = StageConversion.By
Window = StageConversion.Window
WINDOW_DAYS = {Window.QUARTER: 90, Window.YEAR: 365, Window.EVER: None}
Codes = npt.NDArray[np.int64]


def conversion_rows(evidence: Evidence, places: Organisation, *, as_of: date) -> Iterator[StageConversion]:
    """
    Yield one row per window, grouping, member and stage that somebody entered.

    A deal counts for the person who owns it on the day, and for the units of that person on the day.
    """
    history, past = evidence.history, evidence.rates
    if not history.ledger.n_deals:
        return
    today = day_number(as_of)
    seen = followed(stays_of(evidence.ledger.before(today), today), history.funnel)
    if past is not None:
        seen += past.edge
    for by, grouping in _groupings(evidence, places):
        size, codes = max(len(grouping.members), 1), grouping.codes(evidence.levels)
        before = None if past is None else past.grouped(grouping.attribute, grouping.of_level, size)
        for window, days in WINDOW_DAYS.items():
            since = None if days is None else today - days
            rows = seen.entered >= (history.ledger.history_from if since is None else since)
            lives = seen.lives(codes, size, rows)
            if before is not None:
                moves, fates = before.since(since)
                lives = (lives[0] + moves, lives[1] + fates)
            rates = rates_of(*lives, n_states=history.funnel.n_states, n_groups=size)
            yield from _rows(rates, history, window=window, by=by, members=grouping.members)


def _groupings(evidence: Evidence, places: Organisation) -> Iterator[tuple[By, Grouping]]:
    yield By.COMPANY, evidence.by_company()
    for by, attribute in (
        (By.PERSON, "owner"),
        (By.PRODUCT, "product"),
        (By.CHANNEL, "channel"),
        (By.REGION, "region"),
    ):
        yield by, evidence.by_attribute(attribute)
    for grouping in evidence.by_unit(places):
        yield By.UNIT, grouping


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
