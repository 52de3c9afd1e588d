"""
What a deal will bring when it is won: its recorded amount times what such amounts turned into, or the mean of its
product.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np

from .history import UNKNOWN, Bools, Floats, Ints, Stays

HALF_LIFE: Final = 365.0
LIKE: Final = 10.0  # won deals that the company's mean is worth against a product's or a leaf's own


@dc.dataclass(frozen=True, slots=True)
class Worth:
    """
    ratio (S,): realised over recorded amount for deals won from each state. by_product (P + 1,): mean won amount, last
    = unknown product, the mean of all.

    spread, spread_imputed: squared coefficient of variation of the realised amount around the recorded one, and
    around the mean.
    """

    ratio: Floats
    by_product: Floats
    spread: float
    spread_imputed: float


def _means(level: Ints, amount: Floats, weight: Floats, size: int, centre: float) -> Floats:
    known = level >= 0
    total = np.bincount(level[known], (amount * weight)[known], size)
    seen = np.bincount(level[known], weight[known], size)
    return np.asarray((total + LIKE * centre) / (seen + LIKE))


def _evidence(outcome: Ints, paid: Floats, as_of: int) -> tuple[Ints, Floats]:
    """Won deals with a known amount, and what each is worth as evidence by its age."""
    deals = np.flatnonzero((outcome >= 0) & ~np.isnan(paid))
    return deals, np.maximum(np.exp2(-(as_of - outcome[deals]) / HALF_LIFE), 1e-6)


def learn_worth(stays: Stays, *, won: Bools, outcome: Ints, paid: Floats, product: Ints, recorded: Floats) -> Worth:
    """
    Learn amounts from won deals.

    Shapes: per deal: outcome = day won or -1, paid = realised amount (NaN unknown), product codes, recorded = last known
    amount of any deal (used where no won deal has one). stays: ledger order; amounts of zero are amounts.
    """
    n_products = int(product.max(initial=UNKNOWN)) + 1
    deals, weight = _evidence(outcome, paid, stays.as_of)
    source = paid
    if not len(deals):
        deals, source = np.flatnonzero(~np.isnan(recorded)), recorded
        weight = np.ones(len(deals))
    if not len(deals):
        return Worth(np.ones(len(won)), np.zeros(n_products + 1), 0.0, 0.0)
    amount = source[deals]
    centre = float(np.average(amount, weights=weight))
    by_product = np.r_[_means(product[deals], amount, weight, n_products, centre), centre]
    around = by_product[product[deals]]
    imputed = float(np.average((amount - around) ** 2, weights=weight)) / max(centre**2, 1e-12)

    ratio, spread = np.ones(len(won)), 0.0
    rows = np.flatnonzero(
        (outcome[stays.deal] >= 0) & ~np.isnan(stays.amount) & ~np.isnan(paid[stays.deal]) & ~won[stays.state]
    )
    if len(rows):
        before, after = stays.amount[rows], paid[stays.deal[rows]]
        state = stays.state[rows]
        had = np.bincount(state, before, len(won)) + LIKE * centre
        ratio = np.clip((np.bincount(state, after, len(won)) + LIKE * centre) / np.maximum(had, 1e-12), 0.1, 10.0)
        ratio = np.where(had > 1e-12, ratio, 1.0)
        spread = float(np.mean((after - before * ratio[state]) ** 2)) / max(float(np.mean(before**2)), 1e-12)
    return Worth(ratio, by_product, min(spread, 4.0), min(imputed, 9.0))


def worth_by(worth: Worth, leaf: Ints, n_leaves: int, *, won_day: Ints, paid: Floats, as_of: int) -> Floats:
    """(L,) mean won amount of each leaf, leaning on the mean of all. Per deal: leaf, won_day (-1), paid (NaN)."""
    deals, weight = _evidence(won_day, paid, as_of)
    mean = _means(leaf[deals], paid[deals], weight, n_leaves, float(worth.by_product[-1]))
    return np.maximum(mean, 0.0)  # a leaf of credit notes is expected to bring nothing, as an open deal of it is


def value_open(worth: Worth, state: Ints, product: Ints, amount: Floats) -> tuple[Floats, Floats, Bools]:
    """(n,) expected amount if won, its squared coefficient of variation, and whether the amount had to be imputed."""
    imputed = np.isnan(amount)
    value = np.where(
        imputed, worth.by_product[np.clip(product, UNKNOWN, len(worth.by_product) - 2)], amount * worth.ratio[state]
    )
    spread = np.where(imputed, worth.spread_imputed, worth.spread)
    return np.maximum(value, 0.0), spread, imputed


__all__ = ["Worth", "learn_worth", "value_open", "worth_by"]
