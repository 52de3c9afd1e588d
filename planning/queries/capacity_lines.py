"""The capacity page: a unit's or person's capacity by month against the target, and what over-assigning buys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.money import CENT
from core.periods import add_months
from planning import policies
from planning.forecasting.capacity import chance_at_street, months_before, people_for
from planning.forecasting.reading import chance_of, with_known
from planning.models import FullQuota, NodeForecast, Plan, PlanVersion, Target
from teams.models import Membership, OrgUnit, User

from .actuals import unit_parents
from .capacity import Capacity, PersonCapacity, UnitCapacity, capacity_of
from .capacity_ground import NOT_SET, Quota
from .forecasts import QUANTILES, YEAR, Node, shown_run
from .outline import row_key
from .targets import months_of

STREETS = (1.0, 1.1, 1.2)  # quotas handed out, of the target


@dataclass(frozen=True)
class MonthLine:
    """
    One month. Gap = capacity − target.

    :param people_needed: fully ramped people who would close a gap to come; None with no gap, or no full quota
    :param decide_by: the month in which hiring them must be decided: month of need − ramp − recruiting
    """

    month: date
    target: Decimal | None
    people: Decimal
    hires: Decimal
    capacity: Decimal | None
    people_needed: int | None
    decide_by: date | None
    is_late: bool

    @property
    def gap(self) -> Decimal | None:
        return self.capacity - self.target if self.capacity is not None and self.target is not None else None


@dataclass(frozen=True)
class MemberLine:
    """A unit or person directly below: the year's capacity against its target."""

    node: Node
    capacity: Decimal | None
    target: Decimal | None
    quota: Quota
    there: PersonCapacity | None
    below: UnitCapacity | None
    version: int
    may_set: bool

    @property
    def gap(self) -> Decimal | None:
        return self.capacity - self.target if self.capacity is not None and self.target is not None else None


@dataclass(frozen=True)
class Street:
    """The chance of the unit's target where people's quotas add up to a share of it."""

    share: float
    quotas: Decimal
    chance: float
    is_now: bool


@dataclass(frozen=True)
class StreetSheet:
    """
    What over-assigning buys.

    :param assigned: the sum of people's targets today; `now` is its share of the target
    """

    target: Decimal
    assigned: Decimal
    night: date
    levels: tuple[Street, ...]

    @property
    def now(self) -> float:
        return float(self.assigned / self.target)


@dataclass(frozen=True)
class CapacitySheet:
    """A node's capacity by month, of those directly below, and what over-assigning buys (None without a forecast)."""

    node: Node
    version: PlanVersion
    capacity: Capacity
    months: tuple[MonthLine, ...]
    members: tuple[MemberLine, ...]
    street: StreetSheet | None
    unit: UnitCapacity | None
    person: PersonCapacity | None

    @property
    def streets(self) -> tuple[Street, ...]:
        return self.street.levels if self.street else ()

    @property
    def total(self) -> Decimal | None:
        known = [line.capacity for line in self.months if line.capacity is not None]
        return sum(known, Decimal("0.00")) if known else None

    @property
    def target(self) -> Decimal | None:
        known = [line.target for line in self.months if line.target is not None]
        return sum(known, Decimal("0.00")) if known else None

    @property
    def gap(self) -> Decimal | None:
        return self.total - self.target if self.total is not None and self.target is not None else None


def capacity_sheet(*, version: PlanVersion, user: User, node: Node, as_of: date) -> CapacitySheet:
    """Return a node's capacity as one person sees it. The number of queries does not depend on the number of people."""
    capacity = capacity_of(version.plan, as_of=as_of, version=version)
    targets = {
        row_key(unit=row.unit_id, person=row.person_id): row
        for row in Target.objects.visible_to(user).plain().filter(version=version)
    }
    unit, person = node.unit.pk if node.unit else None, node.person.pk if node.person else None
    own = targets.get(row_key(unit=unit, person=person))
    versions = {
        row_key(unit=row.unit_id, person=row.person_id): row.version
        for row in FullQuota.objects.visible_to(user).filter(plan=version.plan)
    }
    reach = policies.target_reach(user)

    def line(below: Node) -> MemberLine:
        unit, person = below.unit.pk if below.unit else None, below.person.pk if below.person else None
        key = row_key(unit=unit, person=person)
        there = capacity.people.get(person) if person else None
        target = targets.get(key)
        return MemberLine(
            node=below,
            capacity=capacity.total(unit=unit, person=person),
            target=target.total if target else None,
            quota=there.quota if there else capacity.quotas[unit] if unit else NOT_SET,
            there=there,
            below=capacity.units.get(unit) if unit else None,
            version=versions.get(key, 0),
            may_set=reach.covers(unit=unit, person=person),
        )

    members: list[MemberLine] = []
    if node.unit is not None:
        counted = User.objects.filter(pk__in=[one.person for one in capacity.people.values() if one.unit == unit])
        people = sorted([*counted, *_uncounted(version, capacity, targets, node.unit, as_of)], key=_by_name)
        members = [line(Node(person=one)) for one in people]
        members += [
            line(Node(unit=child))
            for child in OrgUnit.objects.visible_to(user).filter(parent=node.unit).order_by("position", "name", "pk")
        ]
    return CapacitySheet(
        node=node,
        version=version,
        capacity=capacity,
        months=tuple(_month_lines(capacity, own, unit, person, as_of)),
        members=tuple(members),
        street=street_sheet(version=version, unit=node.unit, targets=targets, as_of=as_of) if node.unit else None,
        unit=capacity.units.get(unit) if unit else None,
        person=capacity.people.get(person) if person else None,
    )


def _uncounted(
    version: PlanVersion, capacity: Capacity, targets: Mapping[str, Target], unit: OrgUnit, as_of: date
) -> list[User]:
    """People of a unit with a target who do not sell and have no full quota of their own: nothing counts for them yet."""
    year = version.plan.fiscal_year
    asked = {row.person_id for row in targets.values() if row.person_id} - capacity.people.keys()
    day = min(max(as_of, year.first_date), year.after_date - timedelta(days=1))
    held = Membership.objects.on(day).filter(unit=unit, user__in=asked).select_related("user")
    return [place.user for place in held]


def _by_name(person: User) -> tuple[str, int]:
    return person.name, person.pk


def _month_lines(
    capacity: Capacity, target: Target | None, unit: int | None, person: int | None, as_of: date
) -> Iterable[MonthLine]:
    there = capacity.units.get(unit) if unit else None
    months = capacity.of(unit=unit, person=person)
    alone = capacity.people.get(person) if person else None
    place = unit or (alone.unit if alone else None)
    rule = capacity.rules.of(place)
    lead = months_before(ramp_months=rule.ramp_months, recruiting_months=rule.recruiting_months)
    quota = capacity.quotas.get(place or 0, NOT_SET).amount
    asked = months_of(target) if target else (None,) * 12
    for at, (month, wanted) in enumerate(zip(capacity.months, asked, strict=True)):
        found = months[at] if months is not None else None
        gap = found - wanted if found is not None and wanted is not None else None
        needed = None
        is_over = month < as_of.replace(day=1)
        if unit and not is_over and gap is not None and gap < 0 and quota and capacity.shares[at]:
            needed = people_for(float(-gap), float(quota) * capacity.shares[at])
        decide_by = add_months(month, -lead) if needed else None
        yield MonthLine(
            month=month,
            target=wanted,
            people=there.people[at] if there else found or Decimal("0.00"),
            hires=there.hires[at] if there else Decimal("0.00"),
            capacity=found,
            people_needed=needed,
            decide_by=decide_by,
            is_late=decide_by is not None and decide_by < as_of.replace(day=1),
        )


def street_sheet(
    *, version: PlanVersion, unit: OrgUnit, targets: Mapping[str, Target], as_of: date
) -> StreetSheet | None:
    """
    Return what over-assigning buys a unit, from the published night's landing of its year.

    None without a target of the unit, without targets of its people, or before the first night.

    :param targets: of the version, as far as the reader sees them: of the unit and of everybody below
    """
    own, run = targets.get(row_key(unit=unit.pk)), shown_run(version.plan)
    row = Node(unit=unit).rows(run).filter(period=YEAR).first() if run else None
    if own is None or run is None or row is None or own.total <= 0:
        return None
    parents = unit_parents()
    year = version.plan.fiscal_year
    places = Membership.objects.on(min(max(as_of, year.first_date), year.after_date)).filter(
        user__in=[target.person_id for target in targets.values() if target.person_id]
    )
    assigned = sum(
        (
            targets[row_key(person=person)].total
            for person, place in places.values_list("user", "unit")
            if _is_below(place, unit.pk, parents)
        ),
        Decimal("0.00"),
    )
    if assigned <= 0:
        return None
    now = round(float(assigned / own.total), 4)
    return StreetSheet(
        target=own.total,
        assigned=assigned,
        night=run.business_date,
        levels=tuple(
            Street(share, _part(own.total, share), _chance(row, own.total, assigned, share), is_now=share == now)
            for share in sorted({*STREETS, now})
        ),
    )


def company_street(*, plan: Plan, user: User, as_of: date) -> StreetSheet | None:
    """Return what over-assigning buys the company, by the version in force; None before there is one, or a forecast."""
    version = plan.versions.active().first()
    company = OrgUnit.objects.visible_to(user).filter(kind=OrgUnit.Kind.COMPANY).first()
    if version is None or company is None:
        return None
    rows = Target.objects.visible_to(user).plain().filter(version=version)
    targets = {row_key(unit=row.unit_id, person=row.person_id): row for row in rows}
    return street_sheet(version=version, unit=company, targets=targets, as_of=as_of)


def _part(total: Decimal, share: float) -> Decimal:
    return (total * Decimal(repr(share))).quantize(CENT)


def _chance(row: NodeForecast, target: Decimal, assigned: Decimal, share: float) -> float:
    if row.booked >= target:
        return 1.0
    levels = list(QUANTILES.values())
    quantiles = [float(getattr(row, name)) for name in QUANTILES]
    if row.target is not None and row.p_attain is not None:
        levels, quantiles = with_known(levels, quantiles, amount=float(row.target), chance=row.p_attain)
    return chance_at_street(
        share,
        target=float(target),
        booked=float(row.booked),
        assigned=float(assigned),
        chance=lambda amount: chance_of(amount, levels, quantiles),
    )


def _is_below(place: int, unit: int, parents: Mapping[int, int | None]) -> bool:
    at: int | None = place
    while at is not None and at != unit:
        at = parents.get(at)
    return at is not None
