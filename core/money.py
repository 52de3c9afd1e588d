"""
Exact money: splitting without losing a cent, and rounding columns so that their parts still add up.

Arithmetic only: no Django, no tables. Amounts are `Decimal`; a unit is the smallest step, e.g. Decimal("0.01").
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from math import inf, isfinite, lcm

from babel.numbers import get_currency_precision, is_currency

CENT = Decimal("0.01")
Weight = Decimal | Fraction | float | int
_EXACT = Context(prec=60)


def split_amount(total: Decimal, weights: Sequence[Weight], *, unit: Decimal = CENT) -> tuple[Decimal, ...]:
    """
    Split a total in proportion to weights; the parts add up to it exactly.

    Shapes: weights (n,) → parts (n,), n >= 1.  Units: parts are whole multiples of unit, as total must be.
    Method: largest remainder (Hamilton): every part gets its quota rounded down, the units left over go one each to the
    largest remainders, of equal ones to the earliest. A negative total is split as its mirror image.
    :raises ValueError: for no weights, a weight below zero or not finite, weights that are all zero, or a total that is
        no multiple of unit
    """
    with localcontext(_EXACT):
        units = total / unit
        if units != units.to_integral_value():
            raise ValueError(f"{total} is no multiple of {unit}, so no split of it in that unit is exact.")
        return tuple((part * unit).quantize(unit) for part in split_count(int(units), weights))


def split_around(
    total: Decimal, fixed: Sequence[Decimal | None], weights: Sequence[Weight], *, unit: Decimal = CENT
) -> tuple[Decimal, ...]:
    """
    Split a total among parts of which some are fixed; what they leave goes to the others in proportion to their weights.

    Shapes: fixed (n,), None = free; weights (n,) → parts (n,), n >= 1.  Free parts whose weights are all zero share evenly.
    :raises ValueError: where the fixed parts exceed the total, or leave something with nobody free to take it; and as
        `split_amount`
    """
    rest = total - sum((part for part in fixed if part is not None), Decimal(0))
    free = [weight for part, weight in zip(fixed, weights, strict=True) if part is None]
    if rest < 0:
        raise ValueError(f"The fixed parts exceed the total by {-rest}.")
    if rest and not free:
        raise ValueError(f"Every part is fixed, and {rest} is left over.")
    if free and not any(free):
        free = [1] * len(free)
    others = iter(split_amount(rest, free, unit=unit) if free else ())
    return tuple(next(others) if part is None else part for part in fixed)


def split_count(total: int, weights: Sequence[Weight]) -> tuple[int, ...]:
    """
    Split a whole number in proportion to weights, as `split_amount` does.

    Shapes: weights (n,) → parts (n,), n >= 1.  :raises ValueError: as `split_amount`
    """
    shares = _whole_shares(weights)
    whole = sum(shares)
    size = abs(total)
    parts = [size * share // whole for share in shares]
    remainders = [size * share % whole for share in shares]
    in_order = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))
    for index in in_order[: size - sum(parts)]:
        parts[index] += 1
    return tuple(-part for part in parts) if total < 0 else tuple(parts)


class BoundsDoNotFit(ValueError):
    """
    No split stays within its floors and caps.

    :param which: "crossed": a floor above its own cap; "floors": together more than the total; "caps": together less
    :param parts: the places concerned: where floors and caps cross, or whose floor or cap is in force
    :param bound: what the floors ask for, or what the caps (and floors of those without a weight) leave room for
    """

    def __init__(self, which: str, parts: tuple[int, ...], bound: Decimal) -> None:
        super().__init__(f"{which} of {parts} do not fit: {bound}")
        self.which, self.parts, self.bound = which, parts, bound


def split_within(
    total: Decimal,
    weights: Sequence[Weight],
    *,
    floors: Sequence[Decimal | None],
    caps: Sequence[Decimal | None],
    unit: Decimal = CENT,
) -> tuple[Decimal, ...]:
    """
    Split a total in proportion to weights, none below its floor or above its cap; the parts add up to it exactly.

    Shapes: weights, floors, caps (n,) → parts (n,), n >= 1.  Units: parts are whole multiples of unit, as total must be;
    floors are rounded up to it, caps down. None = no floor (zero) or no cap.
    Method: waterfilling. Part i is λ·weight, raised to its floor or cut to its cap, with the one λ at which the sum is the
    total, found over the sorted points where a part leaves its floor or meets its cap, in exact fractions. Then as in
    `split_amount`: rounded down, the units left over to the largest remainders, of equal ones to the larger weight, then
    the lower floor, the higher cap, and last the earlier: who comes first in the list makes no other difference.
    Without floors and caps it is `split_amount`. Who has no weight gets the floor and no more.
    :raises BoundsDoNotFit: where no split can be found, saying which bounds are in the way
    :raises ValueError: as `split_amount`, and for a total, floor or cap below zero
    """
    with localcontext(_EXACT):
        units = total / unit
        if units != units.to_integral_value():
            raise ValueError(f"{total} is no multiple of {unit}, so no split of it in that unit is exact.")
        low = [0 if floor is None else int((floor / unit).to_integral_value(ROUND_CEILING)) for floor in floors]
        high = [None if cap is None else int((cap / unit).to_integral_value(ROUND_FLOOR)) for cap in caps]
        try:
            parts = _fill(int(units), _whole_shares(weights), low, high)
        except BoundsDoNotFit as refusal:
            raise BoundsDoNotFit(refusal.which, refusal.parts, (refusal.bound * unit).quantize(unit)) from None
        return tuple((part * unit).quantize(unit) for part in parts)


def _fill(total: int, shares: Sequence[int], low: Sequence[int], high: Sequence[int | None]) -> list[int]:
    """Waterfilling in whole units, see `split_within`."""
    places = range(len(shares))
    if total < 0 or min(low) < 0 or any(cap is not None and cap < 0 for cap in high):
        raise ValueError("A split within bounds is of zero or more.")
    if crossed := tuple(i for i in places if (cap := high[i]) is not None and cap < low[i]):
        raise BoundsDoNotFit("crossed", crossed, Decimal(low[crossed[0]]))
    if sum(low) > total:
        raise BoundsDoNotFit("floors", tuple(i for i in places if low[i]), Decimal(sum(low)))
    level = _level(total, shares, low, high)
    exact = [_bounded(level, shares[i], low[i], high[i]) for i in places]
    parts = [int(part) for part in exact]  # bounds are whole, so a part rounded down or up stays within them
    order = sorted(
        places,
        key=lambda i: (parts[i] - exact[i], -shares[i], low[i], -high[i] if high[i] is not None else -inf, i),  # type: ignore[operator]  # mypy does not follow the index
    )
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _level(total: int, shares: Sequence[int], low: Sequence[int], high: Sequence[int | None]) -> Fraction:
    """Return the λ at which the bounded parts sum up to the total. :raises BoundsDoNotFit: where the caps are in the way"""
    points = []  # where a part begins to grow, and where it ends: (λ, change of slope, change of what stands still)
    for share, floor, cap in zip(shares, low, high, strict=True):
        if share and (cap is None or cap > floor):
            points.append((Fraction(floor, share), share, -floor))
            if cap is not None:
                points.append((Fraction(cap, share), -share, cap))
    slope, still = 0, sum(low)
    if still == total:
        return Fraction(0)
    points.sort(key=lambda point: point[0])
    for place, (_, steeper, more) in enumerate(points):
        slope, still = slope + steeper, still + more
        if slope and (place + 1 == len(points) or slope * points[place + 1][0] + still >= total):
            return Fraction(total - still, slope)
    caps = tuple(i for i, cap in enumerate(high) if cap is not None)
    raise BoundsDoNotFit("caps", caps, Decimal(still))


def _bounded(level: Fraction, share: int, floor: int, cap: int | None) -> Fraction:
    part = max(level * share, Fraction(floor))
    return part if cap is None else min(part, Fraction(cap))


def rounded_parts(parts: Sequence[Decimal], *, unit: Decimal = CENT) -> tuple[Decimal, ...]:
    """
    Round parts for a table so that they add up to their rounded total, each less than one unit away from its value.

    Shapes: (n,) → (n,), n >= 0.  Method: each part is rounded down, and the units missing from the total (rounded half to
    even) go to the largest remainders, of equal ones to the earliest.
    """
    with localcontext(_EXACT):
        exact = [part / unit for part in parts]
        floors = [part.to_integral_value(ROUND_FLOOR) for part in exact]
        total = sum(exact, Decimal(0)).to_integral_value(ROUND_HALF_EVEN)
        missing = int(total - sum(floors, Decimal(0)))
        in_order = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
        for index in in_order[:missing]:
            floors[index] += 1
        return tuple((floor * unit).quantize(unit) for floor in floors)


def exponent(currency: str) -> int:
    """Return how many decimals a currency has: CNY 2, JPY 0, KWD 3. :raises ValueError: for no ISO 4217 code"""
    if not is_currency(currency):
        raise ValueError(f"{currency!r} is no currency.")
    return int(get_currency_precision(currency))


def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount that a currency can show: CNY 0.01, JPY 1. :raises ValueError: for no ISO 4217 code"""
    return Decimal(1).scaleb(-exponent(currency))


def _whole_shares(weights: Sequence[Weight]) -> list[int]:
    """Return the weights as whole numbers in exactly the same proportion."""
    if not weights:
        raise ValueError("There is nothing to split among.")
    if not all(isfinite(weight) and weight >= 0 for weight in weights):
        raise ValueError("Weights must be finite and not below zero.")
    ratios = [weight.as_integer_ratio() for weight in weights]
    common = lcm(*(below for _, below in ratios))
    shares = [above * (common // below) for above, below in ratios]
    if not any(shares):
        raise ValueError("Weights that are all zero say nothing about the shares.")
    return shares
