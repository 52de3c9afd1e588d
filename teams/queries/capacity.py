"""What the units reckon with: ramp, attrition, survival and recruiting time, each from where it comes."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from teams.models import CapacityRule, OrgUnit, PlannedHire, Presence, User

# Figures to begin with: a sample curve and worked examples of the trade, to be replaced by one's own.
RAMP = (0.25, 0.50, 0.75, 1.0)
ATTRITION = 0.14
SURVIVAL = 0.85
RECRUITING_MONTHS = 3
DEFAULT_ORIGIN = _("default of the product")
FIELDS = ("ramp", "attrition", "survival", "recruiting_months")


@dataclass(frozen=True)
class Rule:
    """
    What holds for a unit.

    :param origins: by field, the key of the unit that says so; None = the product's default
    """

    ramp: tuple[float, ...]
    attrition: float
    survival: float
    recruiting_months: int
    origins: Mapping[str, int | None]

    @property
    def ramp_months(self) -> int:
        """Months from the first day until the full quota is carried."""
        return next((place for place, share in enumerate(self.ramp) if share >= 1), len(self.ramp))


DEFAULT = Rule(RAMP, ATTRITION, SURVIVAL, RECRUITING_MONTHS, dict.fromkeys(FIELDS))


class Rules:
    """The rules of all units, read in two queries; a unit without one follows the unit above, field by field."""

    def __init__(self) -> None:
        self._own = {row.unit_id: row for row in CapacityRule.objects.all()}
        self._parents: dict[int, int | None] = dict(OrgUnit.objects.values_list("pk", "parent_id"))
        self._found: dict[int | None, Rule] = {None: DEFAULT}

    def of(self, unit: int | None) -> Rule:
        """Return what holds for a unit; in no unit, the product's defaults."""
        if unit not in self._found:
            above = self.of(self._parents.get(unit)) if unit is not None else DEFAULT
            own = self._own.get(unit) if unit is not None else None
            values = {name: getattr(above, name) for name in FIELDS}
            origins = dict(above.origins)
            for name in FIELDS:
                value = getattr(own, name, None)
                if value is not None:
                    values[name] = tuple(value) if name == "ramp" else value
                    origins[name] = unit
            self._found[unit] = Rule(**values, origins=origins)
        return self._found[unit]


@dataclass(frozen=True)
class RuleLine:
    """A unit with what holds for it; `own` is its rule where it has one, `names` the units that its figures come from."""

    unit: OrgUnit
    rule: Rule
    own: CapacityRule | None
    names: Mapping[str, str]


@dataclass(frozen=True)
class CapacityPage:
    """What one person sees of ramp, presence and hires."""

    lines: list[RuleLine]
    presences: list[Presence]
    hires: list[PlannedHire]


def capacity_page(user: User) -> CapacityPage:
    """Return the rules of the units in reach, and the presences and hires below them. A fixed number of queries."""
    rules = Rules()
    own = {row.unit_id: row for row in CapacityRule.objects.visible_to(user).select_related("changed_by")}
    names: dict[int, str] = dict(OrgUnit.objects.known_to(user).values_list("pk", "name"))
    lines = []
    for unit in OrgUnit.objects.visible_to(user).with_tree_fields():
        rule = rules.of(unit.pk)
        told = {
            field: str(DEFAULT_ORIGIN) if origin is None else names.get(origin, "") if origin != unit.pk else ""
            for field, origin in rule.origins.items()
        }
        lines.append(RuleLine(unit, rule, own.get(unit.pk), told))
    return CapacityPage(
        lines=lines,
        presences=list(
            Presence.objects.visible_to(user).select_related("person").order_by("person__name", "first_month")
        ),
        hires=list(PlannedHire.objects.visible_to(user).select_related("unit")),
    )
