"""
Is a target SMART? Five checks, each with the evidence it rests on, reckoned from what is stored and never typed by hand.

Specific: somebody carries it. Measurable: the metric's definition, its unit and a base to measure growth from. Achievable:
the chance to reach it (`queries.target_chances`), what its people can carry, and its growth over the year before. Relevant: a
strategy is linked, or it is part of a target above. Time-bound: the fiscal year's days, and no quarter left empty.

A draft is judged as it stands; of a version that was handed up, the findings of that moment stand: those of plan time. What
could not be judged then is judged as things stand.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core.periods import add_months
from planning.models import BaseSource, Check, PlanVersion, SmartFinding, SmartSettings, Target, Verdict
from teams.models import Management, Membership, User

from .actuals import NOTHING, REVENUE_OF_WINS, Cell, Won, actuals, by_person, by_unit, metric_actuals, sum_of
from .capacity import Capacity, capacity_of
from .metrics import amount_text, metric_of
from .other_targets import annual_of, measured
from .outline import row_key
from .scopes import Trees, achieved_of, scope_words, trees
from .smart_words import evidence
from .target_chances import TargetChance, target_chances
from .target_links import strategy_names
from .targets import target_grid

__all__ = ["Check", "Finding", "SmartTarget", "Verdict", "judged", "smart_targets"]
LINKED = ("unit", "person", "metric", "product", "region")


@dataclass(frozen=True)
class Finding:
    """What one check found, and the figures that it rests on."""

    check: Check
    verdict: Verdict
    facts: Mapping[str, Any]

    @property
    def evidence(self) -> str:
        """The sentence that says why, in the reader's language."""
        return evidence(self.check, self.facts)


_UNKNOWN = Verdict.UNKNOWN
# What stands for findings that were never kept: everything is yet to be judged.
_NOTHING: tuple[tuple[Finding, ...], None] = (tuple(Finding(check, _UNKNOWN, {}) for check in Check), None)


class HasFindings:
    """Something that was judged by the five checks."""

    findings: tuple[Finding, ...]

    @property
    def is_open(self) -> bool:
        return any(finding.verdict is not Verdict.PASSED for finding in self.findings)

    @property
    def failed(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict is Verdict.FAILED]


@dataclass(frozen=True)
class SmartTarget(HasFindings):
    """
    One target with its five findings, in the order S, M, A, R, T; `depth` as in the grid.

    :param computed_at: when they were found; None = now
    """

    name: str
    depth: int
    target: Target
    findings: tuple[Finding, ...]
    computed_at: datetime | None = None


@dataclass(frozen=True)
class _Ground:
    """What the checks of a whole version rest on: read once, by keys of units and people."""

    version: PlanVersion
    limits: SmartSettings
    managers: Mapping[int, str]
    units: Mapping[int, tuple[int, str]]  # of people
    places: Trees
    with_target: frozenset[int]
    own: frozenset[str]  # rows that have a plain target
    before_by_unit: Mapping[int, Won]
    before_by_person: Mapping[int, Won]
    before: Mapping[str, Sequence[Cell]]  # by metric
    chances: Mapping[int, TargetChance]
    capacity: Capacity
    strategies: Mapping[int, str]


def smart_targets(*, version: PlanVersion, user: User, as_of: date) -> list[SmartTarget]:
    """
    Return every target of a version that a person sees, in the order of the grid, those of other metrics with their row.

    The number of queries depends on the number of metrics alone.
    """
    grid = target_grid(version=version, user=user, as_of=as_of)
    rows: dict[str, list[Target]] = defaultdict(list)
    seen = Target.objects.visible_to(user).filter(version=version).select_related(*LINKED)
    for target in seen.order_by("metric__position", "pk"):
        target.version = version  # the one that is read already, with its plan
        rows[row_key(unit=target.unit_id, person=target.person_id)].append(target)
    depths = {row.key: (row.name, row.depth) for row in grid.rows}
    ordered = [(depths[key], target) for key in depths for target in sorted(rows.pop(key, []), key=_plain_first)]
    ordered += [((str(target.unit or target.person), 0), target) for left in rows.values() for target in left]
    found = _found([target for _place, target in ordered], version, as_of)
    return [SmartTarget(_name(name, target), depth, target, *found[target.pk]) for (name, depth), target in ordered]


def smart_target(target: Target, *, as_of: date) -> SmartTarget:
    """Return one target with its findings: as it stands in a draft, else as they were kept."""
    found = _found([target], target.version, as_of)
    return SmartTarget(_name(str(target.unit or target.person), target), 0, target, *found[target.pk])


def judged(
    targets: Sequence[Target], *, version: PlanVersion, as_of: date
) -> Iterator[tuple[int, tuple[Finding, ...]]]:
    """Judge targets of a version as things stand; each comes back by its key with its five findings."""
    if not targets:
        return
    ground = _ground(targets, version, as_of)
    for target in targets:
        yield target.pk, tuple(_findings(target, ground))


def _found(
    targets: Sequence[Target], version: PlanVersion, as_of: date
) -> dict[int, tuple[tuple[Finding, ...], datetime | None]]:
    """Return the findings of each target and when they were kept: of a draft as it stands, None = now."""
    kept = {} if version.is_draft else _kept(targets)
    unknown = [target for target in targets if _UNKNOWN in {one.verdict for one in kept.get(target.pk, _NOTHING)[0]}]
    now = dict(judged(unknown, version=version, as_of=as_of))
    found: dict[int, tuple[tuple[Finding, ...], datetime | None]] = {}
    for target in targets:
        then, at = kept.get(target.pk, _NOTHING)
        pairs = zip(then, now.get(target.pk, then), strict=False)
        merged = tuple(new if old.verdict is _UNKNOWN else old for old, new in pairs)
        found[target.pk] = (merged, at) if at else (now[target.pk], None)
    return found


def _kept(targets: Sequence[Target]) -> dict[int, tuple[tuple[Finding, ...], datetime]]:
    """Return the findings that were kept when the targets' version was handed up, where all five were."""
    order = list(Check)
    rows: dict[int, dict[Check, SmartFinding]] = defaultdict(dict)
    for row in SmartFinding.objects.filter(target__in=[target.pk for target in targets]):
        rows[row.target_id][Check(row.kind)] = row
    return {
        key: (
            tuple(Finding(check, Verdict(found[check].verdict), found[check].facts) for check in order),
            max(row.computed_at for row in found.values()),
        )
        for key, found in rows.items()
        if len(found) == len(order)
    }


def asks_for(target: Target) -> str:
    """Return what a target asks for in its year, with its unit."""
    return amount_text(annual_of(target), target.metric or REVENUE_OF_WINS, target.version.plan.currency)


def _plain_first(target: Target) -> bool:
    return not target.is_plain


def _name(name: str, target: Target) -> str:
    if target.is_plain:
        return name
    narrowed = target.product_id or target.region_id or target.tier
    return " · ".join(
        [name, *([str(target.metric)] if target.metric else []), *([scope_words(target)] if narrowed else [])]
    )


def _ground(targets: Sequence[Target], version: PlanVersion, as_of: date) -> _Ground:
    plan, year = version.plan, version.plan.fiscal_year
    first, after = add_months(year.first_date, -12), year.first_date
    won = actuals(first=first, after=after, time_zone=plan.time_zone)
    places = trees()
    held = Membership.objects.on(as_of).filter(user__is_active=True).select_related("unit")
    answering = Management.objects.on(as_of).filter(user__is_active=True)
    plain = list(version.targets.plain().values_list("unit", "person"))
    metrics = {target.metric_code: metric_of(target.metric) for target in targets if not target.is_plain}
    return _Ground(
        version=version,
        limits=SmartSettings.objects.the_one(),
        managers=dict(answering.values_list("unit", "user__name")),
        units={row.user_id: (row.unit_id, row.unit.name) for row in held},
        places=places,
        with_target=frozenset(unit for unit, _person in plain if unit),
        own=frozenset(row_key(unit=unit, person=person) for unit, person in plain),
        before_by_unit={unit: sum_of(months) for unit, months in by_unit(won, places.units).items()},
        before_by_person={person: sum_of(months) for person, months in by_person(won).items()},
        before={
            code: metric_actuals(metric=metric, first=first, after=after, time_zone=plan.time_zone)
            for code, metric in metrics.items()
        },
        strategies=strategy_names(version),
        chances=target_chances(targets, version=version, as_of=as_of),
        capacity=capacity_of(plan, as_of=as_of, version=version),
    )


def _findings(target: Target, ground: _Ground) -> Iterator[Finding]:
    base = _base(target, ground)
    yield _specific(target, ground)
    yield _measurable(target, ground, base)
    yield _achievable(target, ground, base)
    yield _relevant(target, ground)
    yield _time_bound(target, ground)


def _base(target: Target, ground: _Ground) -> float | None:
    """What the target was said to grow from; else what the year before achieved, in the metric's unit; None where nothing."""
    if target.base_amount:
        return float(target.base_amount)
    if not target.is_plain:
        found = achieved_of(target, ground.before[target.metric_code], ground.places)
        value = measured(found, metric_of(target.metric))
        return float(value) if value else None
    won = ground.before_by_unit.get(target.unit_id, NOTHING) if target.unit_id else NOTHING
    if target.person_id:
        won = ground.before_by_person.get(target.person_id, NOTHING)
    return float(won.revenue) or None


def _metric(target: Target) -> list[str]:
    return [target.metric.name, target.metric.name_zh] if target.metric else ["", ""]


def _specific(target: Target, ground: _Ground) -> Finding:
    """Metric and part of the sales are in use, and somebody carries it."""
    parts = [part for part in (target.metric, target.product, target.region) if part is not None]
    facts: dict[str, Any] = {
        "metric": _metric(target),
        "scope": [[part.name, part.name_zh] for part in (target.product, target.region) if part is not None],
        "tier": target.tier,
        "gone": next(([part.name, part.name_zh] for part in parts if not part.is_active), None),
    }
    if target.unit_id:
        facts |= {"of": "unit", "name": ground.managers.get(target.unit_id)}
        carried = facts["name"]
    else:
        place = ground.units.get(target.person_id or 0)
        facts |= {"of": "person", "unit": place[1] if place else None}
        carried = facts["unit"]
    is_specific = carried and not facts["gone"]
    return Finding(Check.SPECIFIC, Verdict.PASSED if is_specific else Verdict.FAILED, facts)


def _measurable(target: Target, ground: _Ground, base: float | None) -> Finding:
    facts = {
        "metric": _metric(target),
        "unit": target.metric.unit if target.metric else "money",
        "currency": ground.version.plan.currency,
        "base": base,
        "source": target.base_source if target.base_amount else BaseSource.LAST_YEAR.value,
    }
    return Finding(Check.MEASURABLE, Verdict.PASSED if base else Verdict.UNKNOWN, facts)


def _achievable(target: Target, ground: _Ground, base: float | None) -> Finding:
    asked, limits = float(annual_of(target)), ground.limits
    found = ground.chances[target.pk]
    likely = found.value
    # Of units alone: what one person can carry may rest on what their peers won, which is for those above them.
    capacity = ground.capacity.total(unit=target.unit_id) if target.is_plain and target.unit_id else None
    facts = {
        "chance": likely,
        "why": found.why,
        "seen": found.seen,
        "known_within": list(found.within),
        "growth": asked / base - 1 if base else None,
        "asked": asked,
        "capacity": float(capacity) if capacity is not None else None,
        "currency": ground.version.plan.currency,
        "stretch_below": limits.stretch_below,
        "soft_above": limits.soft_above,
    }
    if capacity is not None and capacity < target.own_total:
        return Finding(Check.ACHIEVABLE, Verdict.STRETCH, facts)
    if likely is None:
        return Finding(Check.ACHIEVABLE, Verdict.UNKNOWN if capacity is None else Verdict.PASSED, facts)
    is_stretch, is_soft = likely < limits.stretch_below, likely > limits.soft_above
    return Finding(
        Check.ACHIEVABLE, Verdict.STRETCH if is_stretch else Verdict.SOFT if is_soft else Verdict.PASSED, facts
    )


def _relevant(target: Target, ground: _Ground) -> Finding:
    if not target.is_plain and row_key(unit=target.unit_id, person=target.person_id) in ground.own:
        return Finding(Check.RELEVANT, Verdict.PASSED, {"above": "own"})
    above = (
        ground.places.units.get(target.unit_id)
        if target.unit_id
        else ground.units.get(target.person_id or 0, (None,))[0]
    )
    if (named := ground.strategies.get(target.pk)) is not None:
        return Finding(Check.RELEVANT, Verdict.PASSED, {"above": "strategy", "name": named})
    if target.unit_id and above is None:
        return Finding(Check.RELEVANT, Verdict.PASSED, {"above": "none"})
    if above in ground.with_target:
        return Finding(Check.RELEVANT, Verdict.PASSED, {"above": "covered"})
    return Finding(Check.RELEVANT, Verdict.FAILED, {"above": "missing"})


def _time_bound(target: Target, ground: _Ground) -> Finding:
    year = ground.version.plan.fiscal_year
    last = year.after_date - timedelta(days=1)
    empty = [number for number, amount in enumerate((target.q1, target.q2, target.q3, target.q4), 1) if not amount]
    facts = {"empty": empty if target.total else [], "first": year.first_date.isoformat(), "last": last.isoformat()}
    return Finding(Check.TIME_BOUND, Verdict.FAILED if facts["empty"] else Verdict.PASSED, facts)
