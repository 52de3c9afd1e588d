"""What a metric counts, said in one sentence made from its columns, so that it cannot say anything else than the figures."""

from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.templatetags.formats import money, money_full, number, percent
from planning.models import REVENUE, Metric

from .actuals import REVENUE_OF_WINS

Kind = Metric.Kind


def metric_of(target_metric: Metric | None) -> Metric:
    """Return the metric of a target: the one it names, else revenue."""
    if target_metric is not None:
        return target_metric
    return Metric.objects.filter(code=REVENUE).first() or REVENUE_OF_WINS


def definition_of(metric: Metric, currency: str) -> str:
    """Return what counts as achieved: the event, its day, net or gross, what is taken off, who gets the credit."""
    between = "" if (get_language() or "").startswith("zh") else " "
    parts = (_counts(metric, currency), _day(metric), _taken_off(metric), *_credit(metric))
    return between.join(part for part in parts if part)


def amount_text(value: Decimal | None, metric: Metric, currency: str) -> str:
    """Return a value of a metric with its unit, in the reader's language; a dash where nothing is known."""
    if value is None:
        return "–"
    if metric.unit == Metric.Unit.MONEY:
        return money(value, currency)
    digits = 0 if value == value.to_integral_value() else 1
    return percent(value / 100, digits) if metric.unit == Metric.Unit.PERCENT else number(value, digits)


def amount_in_full(value: Decimal | None, metric: Metric, currency: str) -> str:
    """Return a value of a metric with its unit and all its digits; a dash where nothing is known."""
    if value is not None and metric.unit == Metric.Unit.MONEY:
        return money_full(value, currency)
    return amount_text(value, metric, currency)


def _counts(metric: Metric, currency: str) -> str:
    facts = {
        "tax": Metric.Tax(metric.tax).label,
        "currency": currency,
        "stage": metric.stage.label if metric.stage else "",
        "from_stage": metric.from_stage.label if metric.from_stage else "",
    }
    match metric.kind:
        case Kind.REVENUE:
            said = _("The amounts of won deals, %(tax)s, in %(currency)s; a missing amount is named and is not zero.")
        case Kind.MARGIN:
            said = _(
                "The amounts of won deals less their costs, %(tax)s, in %(currency)s; "
                "a deal that lacks one of the two is named and is not zero."
            )
        case Kind.UNITS:
            said = _("The units of won deals; a deal without a number of units is named and is not zero.")
        case Kind.WINS:
            said = _("The number of won deals.")
        case Kind.CUSTOMERS:
            said = _("The customers from whom a first deal was won; a first deal without a customer is named.")
        case Kind.ENTRIES:
            said = _("The deals that entered the stage “%(stage)s”, each once.")
        case _:
            said = _(
                "Of the deals that entered the stage “%(from_stage)s”, the share that reached “%(stage)s” since; "
                "young deals may still get there."
            )
    return said % facts


def _day(metric: Metric) -> str:
    if metric.day == Metric.Day.CREATED:
        return _("Counted on the day the deal was created.")
    if metric.kind == Kind.RATE:
        return _("Counted on the day the deal entered the first of the two.")
    if metric.kind == Kind.ENTRIES:
        return _("Counted on the day the deal entered it.")
    return _("Counted on the day the deal was won.")


def _taken_off(metric: Metric) -> str:
    if metric.kind in {Kind.ENTRIES, Kind.RATE}:
        return _("A deal that went back since is taken off.") if metric.takes_off_reopened else ""
    if metric.takes_off_reopened:
        return _("A deal that was reopened or returned since is taken off.")
    return _("A deal that was reopened or returned since still counts.")


def _credit(metric: Metric) -> tuple[str, str]:
    owner = _(
        "It counts for whoever owned the deal then, and for the unit this person was in that day with all above it."
    )
    if metric.kind in {Kind.REVENUE, Kind.MARGIN}:
        shares = _("Where people share the credit, each has their share of the money; overlay credit is in no sum.")
    else:
        shares = _("Where people share the credit, the deal counts once: for its owner, else for the largest share.")
    return owner, shares
