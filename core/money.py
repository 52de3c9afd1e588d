"""
Exact money: splitting without losing a cent, and rounding columns so that their parts still add up.

Arithmetic only: no Django, no tables. Amounts are `Decimal`; a unit is the smallest step, e.g. Decimal("0.01").
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from math import isfinite, lcm

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
