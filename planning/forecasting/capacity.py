"""
What a sales force can carry, month by month, and what assigning more than the target buys.

Capacity of a month = Σ people: full quota of the month × ramp × presence × staying + Σ planned hires: the same with the
share who come and stay in place of staying. A full quota is what somebody brings who is ramped up and there full time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil


def ramp_share(curve: Sequence[float], month: int, *, stretch: float = 1.0) -> float:
    """
    Return the share of the full quota that somebody carries in the nth month since the hire; 1 after the curve.

    Units: curve = shares in [0, 1] of the 1st, 2nd … month; month counts from 1, before that nothing is carried.
    stretch: how much longer the ramp takes than the curve says; between two months the share is a straight line.
    :raises ValueError: for a stretch that is not above zero
    """
    if stretch <= 0:
        raise ValueError("A ramp takes some time.")
    if month < 1:
        return 0.0
    # The curve as points (months worked, share): stretching moves the months apart and keeps the shares.
    at = month / stretch
    below = int(at)
    low = curve[below - 1] if 0 < below <= len(curve) else 0.0 if below == 0 else 1.0
    high = curve[below] if below < len(curve) else 1.0
    if stretch == 1.0 or below > len(curve):
        return float(low)
    return float(low + (at - below) * (high - low))


def staying(attrition: float, months_ahead: int) -> float:
    """
    Return the share of today's people who are expected to be there still, so many months from now.

    Units: attrition = share who leave within a year, in [0, 1).  Method: the same share leaves in every month, so that
    twelve months keep 1 − attrition; what is past is known and keeps everybody.
    """
    return float((1 - attrition) ** (max(months_ahead, 0) / 12))


def months_before(*, ramp_months: int, recruiting_months: int) -> int:
    """Return how many months before the month of need a hire must be decided: the ramp and the recruiting."""
    return ramp_months + recruiting_months


def people_for(gap: float, month_quota: float) -> int:
    """Return how many fully ramped people carry a month's gap. :raises ValueError: unless the quota is above zero"""
    if month_quota <= 0:
        raise ValueError("Without a full quota nobody carries anything.")
    return max(ceil(gap / month_quota - 1e-9), 0)


def chance_at_street(
    street: float, *, target: float, booked: float, assigned: float, chance: Callable[[float], float]
) -> float:
    """
    Return the chance that a target is reached if people's quotas added up to `street` × the target.

    Units: street 1.1 = 110 %; target, booked (won already), assigned (the sum of people's quotas today) in money.
    chance: P(landing >= amount) as the forecast has it, with all its correlation.
    Method: people attain in proportion to their quota. What is won is won; all that is still to come moves by
    street × target ÷ assigned, so the question is how likely today's landing is to reach booked + (target − booked)
    ÷ that factor.
    :raises ValueError: unless street, target and assigned are above zero
    """
    if min(street, target, assigned) <= 0:
        raise ValueError("Street quota, target and what is assigned must be above zero.")
    return chance(booked + (target - booked) * assigned / (street * target))
