"""What a target can hold: money to the smallest unit of the currency, whole deals, a rate of at most 100 per cent."""

from decimal import Decimal

from django.utils.translation import gettext as _

from core.money import CENT, smallest_unit
from planning.models import Metric, Scope

LARGEST = Decimal("999999999999.99")  # what a month's column holds


def least_of(scope: Scope, currency: str) -> Decimal:
    """Return the smallest amount that a target of a scope can hold: a cent, one deal, a hundredth of a per cent."""
    if scope.metric is None or scope.metric.unit == Metric.Unit.MONEY:
        return max(CENT, smallest_unit(currency))
    return CENT if scope.metric.kind in {Metric.Kind.UNITS, Metric.Kind.RATE} else Decimal(1)


def fault_of(amount: Decimal, scope: Scope, least: Decimal) -> str:
    """Return why a target of a scope cannot hold an amount, as a sentence; empty where it can."""
    if not amount.is_finite() or amount < 0:
        return _("A target is zero or more.")
    if amount > LARGEST:
        return _("This is more than a target can hold.")
    if not scope.adds_up and amount > 100:
        return _("A rate is at most 100 %.")
    if amount % least and scope.metric is not None and scope.metric.unit != Metric.Unit.MONEY:
        return _("Enter a whole number.") if least == 1 else _("Enter at most two decimals.")
    if amount % least:
        return _("This currency has no amount smaller than %(least)s.") % {"least": least}
    return ""


def year_of(months: tuple[Decimal, ...], scope: Scope) -> Decimal:
    """Return what a year of these months asks for: their sum, of a rate their mean. Shapes: months (12,)"""
    whole = sum(months, Decimal(0))
    return whole if scope.adds_up else (whole / len(months)).quantize(CENT)
