"""By what a target is spread over the units and people below: a weight for every spot of the tree, with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.periods import add_months, month_start
from core.templatetags.formats import day
from customers.models import Deal
from planning.models import PlanVersion, Potential
from teams.models import Capability, Membership

from .actuals import actuals, by_person, by_unit, sum_of, unit_parents
from .below import Tree
from .capacity import Case, capacities_of
from .outline import row_key


class Method(models.TextChoices):
    EVEN = "even", gettext_lazy("Evenly")
    LAST_YEAR = "last_year", gettext_lazy("Last year's actuals")
    TRAILING = "trailing", gettext_lazy("Trailing twelve months")
    CAPACITY = "capacity", gettext_lazy("Capacity")
    POTENTIAL = "potential", gettext_lazy("Potential")
    BUCKETS = "buckets", gettext_lazy("Buckets")
    MANUAL = "manual", gettext_lazy("Weights by hand")


TYPED = frozenset({Method.BUCKETS, Method.MANUAL})  # given for the spots directly below, for nobody further down


@dataclass(frozen=True)
class Weight:
    """
    :param origin: where it comes from, in a word or two, where the method knows more than one source; else empty
    """

    amount: Decimal
    origin: str = ""


@dataclass(frozen=True)
class Weights:
    """
    The weights of a method by key of the spot, what they rest on, and why there are none where there cannot be any.

    :param unknown: who of a spot, or directly below a unit, has no weight: their names by key. They are never taken for zero
    """

    by_key: Mapping[str, Weight]
    sentence: str
    refusal: str = ""
    unknown: Mapping[str, str] = field(default_factory=dict)


def weights_by(method: Method, *, version: PlanVersion, tree: Tree, as_of: date, fill: bool = False) -> Weights:
    """
    Return the weights of every spot of the tree by one method; of buckets and by hand there is nothing to read.

    :param fill: by capacity, whoever has no full quota is given the mean of those beside
    """
    year = version.plan.fiscal_year
    match method:
        case Method.EVEN:
            return Weights({key: Weight(Decimal(1)) for key in tree.spots}, _("The same for everybody directly below."))
        case Method.LAST_YEAR:
            first = add_months(year.first_date, -12)
            return _won(version, tree, first, year.first_date)
        case Method.TRAILING:
            after = month_start(as_of)
            return _won(version, tree, add_months(after, -12), after)
        case Method.CAPACITY:
            return _capacity(version, tree, as_of, fill=fill)
        case Method.POTENTIAL:
            return _potential(version, tree, as_of)
        case Method.BUCKETS:
            return Weights({}, _("Each bucket gets its share, evenly among those in it."))
        case Method.MANUAL:
            return Weights({}, _("In proportion to the weights typed."))


def last_year(version: PlanVersion, tree: Tree) -> dict[str, Decimal]:
    """Return what each spot won in the twelve months before the plan's year; nothing won is zero."""
    first = version.plan.fiscal_year.first_date
    won = _won(version, tree, add_months(first, -12), first)
    return {key: weight.amount for key, weight in won.by_key.items()}


def _won(version: PlanVersion, tree: Tree, first: date, after: date) -> Weights:
    """What was won on the days [first, after): of a person by the owner, of a unit by its subtree on the day."""
    rows = actuals(first=first, after=after, time_zone=version.plan.time_zone)
    people, units = by_person(rows), by_unit(rows, unit_parents())
    found = {}
    for key, spot in tree.spots.items():
        months = units.get(spot.unit.pk, {}) if spot.unit else people.get(spot.person.pk, {}) if spot.person else {}
        found[key] = Weight(max(sum_of(months).revenue, Decimal(0)))
    facts = {"first": day(first, "year"), "after": day(after, "year")}
    return Weights(found, _("In proportion to what was won from %(first)s until before %(after)s.") % facts)


def _capacity(version: PlanVersion, tree: Tree, as_of: date, *, fill: bool) -> Weights:
    """The year's capacity, with planned hires; who has no full quota is named, and so are hires without one."""
    (capacity,) = capacities_of(version.plan, as_of=as_of, version=version, cases=(Case(fill=fill),))
    found: dict[str, Weight] = {}
    unknown: dict[str, str] = {}
    for key, spot in tree.spots.items():
        unit, person = spot.unit.pk if spot.unit else None, spot.person.pk if spot.person else None
        there = capacity.people.get(person or 0)
        if unit in capacity.unset_hires:
            unknown[key] = _("planned hires of %(unit)s") % {"unit": spot.name}
        sells = spot.person is not None and Capability.REP in spot.person.capabilities
        if spot.person and (there.months is None if there else not sells):
            unknown[key] = spot.name
        origin = str(there.quota.origin.label) if there and there.months is not None else ""
        found[key] = Weight(capacity.total(unit=unit, person=person) or Decimal(0), origin)
    if not any(weight.amount for weight in found.values()):
        return Weights({}, "", _("Nobody's capacity is set yet, so that nothing can be spread by it."))
    sentence = _("In proportion to the year's capacity: full quota, ramp, presence and planned hires.")
    return Weights(found, sentence, unknown=unknown)


def _potential(version: PlanVersion, tree: Tree, as_of: date) -> Weights:
    """
    What somebody judged or imported; else, of a person, the open pipeline of today; of a unit, the sum of what is below.
    """
    known = {
        row_key(unit=row.unit_id, person=row.person_id): Weight(row.amount, str(row.get_origin_display()))
        for row in Potential.objects.filter(plan=version.plan_id)
    }
    open_now = dict(Deal.objects.open().order_by().values_list("owner").annotate(Sum("amount")))
    unit_of = dict(Membership.objects.on(as_of).values_list("user", "unit"))
    pipeline = _("open pipeline")
    below: dict[str, Decimal] = {}
    for owner, amount in open_now.items():  # people who do not sell and have no target are in their unit's sum alone
        if owner in unit_of and row_key(person=owner) not in tree.spots:
            key = row_key(unit=unit_of[owner])
            below[key] = below.get(key, Decimal(0)) + (amount or Decimal(0))
    found: dict[str, Weight] = {}
    for spot in reversed(tree.in_order()):
        mine = below.get(spot.key, Decimal(0))
        if spot.person:
            mine += open_now.get(spot.person.pk) or Decimal(0)
        weight = known.get(spot.key) or Weight(mine, pipeline)
        found[spot.key] = weight
        if spot.parent:
            below[spot.parent] = below.get(spot.parent, Decimal(0)) + weight.amount
    return Weights(found, _("In proportion to the potential; where nobody set one, to the open pipeline of today."))
