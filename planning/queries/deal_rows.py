"""The chances of a night as columns: there are as many rows as open deals, too many to become objects one by one."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from planning.forecasting import FACTORS, Outlook

from .history import DealHistory

CERTAIN: Final = 1e-4  # how near to 0 or 1 the chance of an open deal may come
UNKNOWN: Final = -1


@dataclass(frozen=True)
class DealRows:
    """
    One row per open deal, (n,) each, as `DealForecast` holds them: deal, owner, stage (keys), close (days since 1970-01-01),
    recorded, amount (cents), p_win; p_by_month (n, 12). facts: what explains the chance, by name; flags: what is true of it.

    -1: unknown close or amount.
    """

    columns: dict[str, npt.NDArray[Any]]
    p_by_month: npt.NDArray[np.float64]
    facts: dict[str, npt.NDArray[Any]]
    flags: dict[str, npt.NDArray[np.bool_]]

    def __len__(self) -> int:
        return len(self.columns["deal"])


def deal_rows(outlook: Outlook, history: DealHistory) -> DealRows:
    """Return the open deals. A chance is never 0 or 1: an open deal may still be won, and may still be lost."""
    odds = outlook.deals
    p_win = np.clip(odds.p_win, CERTAIN, 1 - CERTAIN)
    return DealRows(
        columns={
            "deal": history.deal_ids[odds.deal].astype(np.int64),
            "owner": history.owner_ids[history.ledger.owner[odds.deal]],
            "stage": history.stage_ids[odds.state],
            "close": history.ledger.close[odds.deal].astype(np.int64),
            "recorded": _cents(history.amounts()[odds.deal]),
            "amount": _cents(np.maximum(odds.amount, 0)),
            "p_win": p_win,
        },
        p_by_month=np.asarray(np.round(np.minimum(odds.p_by_period, p_win[:, None]), 5), np.float64),
        facts={
            "base": np.round(odds.base, 5),
            "fresh": np.round(odds.fresh, 5),
            "days_in_stage": (outlook.as_of - odds.since).astype(np.int64),
            **{name: np.round(odds.factors[:, place], 4) for place, name in enumerate(FACTORS)},
        },
        flags={"by_close": odds.by_close, "imputed": odds.imputed},
    )


def _cents(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.where(np.isnan(amounts), UNKNOWN, np.rint(np.nan_to_num(amounts) * 100)).astype(np.int64)
