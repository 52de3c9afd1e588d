"""
Is a target SMART? Five checks, each with the evidence it rests on, reckoned from what is stored and never typed by hand.

Specific: somebody carries it. Measurable: the definition of "won", a currency and a base to measure growth from. Achievable:
the published forecast's chance to reach it, else its growth over the year before. Relevant: it is part of a target above.
Time-bound: the fiscal year's days, and no quarter left empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.periods import add_months
from core.templatetags.formats import chance, day, money, percent, with_sign
from planning import ladders
from planning.forecasting.reading import chance_of
from planning.models import NodeForecast, PlanVersion, Target
from teams.models import Management, Membership, User

from .actuals import NOTHING, Won, actuals, by_person, by_unit, sum_of, unit_parents
from .forecasts import YEAR
from .targets import row_key, target_grid

STRETCH, SOFT = 0.30, 0.85  # chances below and above which a target is called stretch or soft
QUANTILES = {"p025": 0.025, "p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90, "p975": 0.975}


class Check(models.TextChoices):
    SPECIFIC = "specific", gettext_lazy("Specific")
    MEASURABLE = "measurable", gettext_lazy("Measurable")
    ACHIEVABLE = "achievable", gettext_lazy("Achievable")
    RELEVANT = "relevant", gettext_lazy("Relevant")
    TIME_BOUND = "time_bound", gettext_lazy("Time-bound")


class Verdict(models.TextChoices):
    PASSED = "passed", gettext_lazy("passed")
    STRETCH = "stretch", gettext_lazy("stretch")
    SOFT = "soft", gettext_lazy("soft")
    FAILED = "failed", gettext_lazy("failed")
    UNKNOWN = "unknown", gettext_lazy("not judged")


@dataclass(frozen=True)
class Finding:
    """What one check found, and the sentence that says why."""

    check: Check
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class SmartTarget:
    """One target with its five findings, in the order S, M, A, R, T; `depth` as in the grid."""

    name: str
    depth: int
    target: Target
    findings: tuple[Finding, ...]

    @property
    def is_open(self) -> bool:
        return any(finding.verdict is not Verdict.PASSED for finding in self.findings)

    @property
    def failed(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict is Verdict.FAILED]


@dataclass(frozen=True)
class _Ground:
    """What the checks of a whole version rest on: read once, by keys of units and people."""

    managers: Mapping[int, str]
    places: Mapping[int, tuple[int, str]]
    parents: Mapping[int, int | None]
    with_target: frozenset[int]
    before_by_unit: Mapping[int, Won]
    before_by_person: Mapping[int, Won]
    forecasts: Mapping[str, NodeForecast]


def smart_targets(*, version: PlanVersion, user: User, as_of: date) -> list[SmartTarget]:
    """Return every target of a version that a person sees, in the order of the grid. The number of queries is fixed."""
    grid = target_grid(version=version, user=user, as_of=as_of)
    ground = _ground(version, as_of)
    return [
        SmartTarget(row.name, row.depth, row.target, tuple(_findings(row.target, version, ground)))
        for row in grid.rows
        if row.target is not None
    ]


def _ground(version: PlanVersion, as_of: date) -> _Ground:
    plan, year = version.plan, version.plan.fiscal_year
    won = actuals(first=add_months(year.first_date, -12), after=year.first_date, time_zone=plan.time_zone)
    parents = unit_parents()
    held = Membership.objects.on(as_of).filter(user__is_active=True).select_related("unit")
    answering = Management.objects.on(as_of).filter(user__is_active=True)
    return _Ground(
        managers=dict(answering.values_list("unit", "user__name")),
        places={row.user_id: (row.unit_id, row.unit.name) for row in held},
        parents=parents,
        with_target=frozenset(version.targets.plain().filter(unit__isnull=False).values_list("unit", flat=True)),
        before_by_unit={unit: sum_of(months) for unit, months in by_unit(won, parents).items()},
        before_by_person={person: sum_of(months) for person, months in by_person(won).items()},
        forecasts={
            row_key(unit=row.unit_id, person=row.person_id): row
            for row in NodeForecast.objects.current(plan).filter(period=YEAR)
        },
    )


def _findings(target: Target, version: PlanVersion, ground: _Ground) -> Iterable[Finding]:
    before = (
        ground.before_by_unit.get(target.unit_id, NOTHING)
        if target.unit_id
        else ground.before_by_person.get(target.person_id or 0, NOTHING)
    )
    yield _specific(target, ground)
    yield _measurable(version, before)
    yield _achievable(
        target, version, before, ground.forecasts.get(row_key(unit=target.unit_id, person=target.person_id))
    )
    yield _relevant(target, ground)
    yield _time_bound(target, version)


def _specific(target: Target, ground: _Ground) -> Finding:
    if target.unit_id:
        manager = ground.managers.get(target.unit_id)
        said = _("Revenue; %(name)s answers for it.") % {"name": manager} if manager else _("Nobody manages this unit.")
        return Finding(Check.SPECIFIC, Verdict.PASSED if manager else Verdict.FAILED, said)
    place = ground.places.get(target.person_id or 0)
    said = (
        _("Revenue; carried in %(unit)s.") % {"unit": place[1]} if place else _("This person is in no unit, or gone.")
    )
    return Finding(Check.SPECIFIC, Verdict.PASSED if place else Verdict.FAILED, said)


def _measurable(version: PlanVersion, before: Won) -> Finding:
    facts = {"currency": version.plan.currency, "base": money(before.revenue, version.plan.currency)}
    if before.revenue:
        said = _("Revenue of won deals in %(currency)s; base: %(base)s won in the year before.") % facts
        return Finding(Check.MEASURABLE, Verdict.PASSED, said)
    said = _("Revenue of won deals in %(currency)s, but nothing was won in the year before: no base.") % facts
    return Finding(Check.MEASURABLE, Verdict.UNKNOWN, said)


def _achievable(target: Target, version: PlanVersion, before: Won, forecast: NodeForecast | None) -> Finding:
    grown = ladders.growth(target.total, before.revenue)
    asks = (
        _("Asks for %(growth)s on the year before.") % {"growth": with_sign(percent(grown, 1))}
        if grown is not None
        else ""
    )
    if forecast is None:
        return Finding(Check.ACHIEVABLE, Verdict.UNKNOWN, f"{_('No forecast yet.')} {asks}".strip())
    quantiles = [float(getattr(forecast, name)) for name in QUANTILES]
    likely = chance_of(float(target.own_total), list(QUANTILES.values()), quantiles)
    said = _("The forecast reaches it with a chance of %(chance)s.") % {"chance": _chance_text(likely)}
    verdict = Verdict.STRETCH if likely < STRETCH else Verdict.SOFT if likely > SOFT else Verdict.PASSED
    return Finding(Check.ACHIEVABLE, verdict, f"{said} {asks}".strip())


def _chance_text(likely: float) -> str:
    """Beyond the outermost quantiles no more is known than their levels."""
    lowest, highest = min(QUANTILES.values()), max(QUANTILES.values())
    if likely < lowest + 1e-9:
        return f"< {percent(lowest, 1)}"
    return f"> {percent(highest, 1)}" if likely > highest - 1e-9 else chance(likely)


def _relevant(target: Target, ground: _Ground) -> Finding:
    above = (
        ground.parents.get(target.unit_id) if target.unit_id else ground.places.get(target.person_id or 0, (None,))[0]
    )
    if target.unit_id and above is None:
        return Finding(Check.RELEVANT, Verdict.PASSED, _("The target of the whole company."))
    if above in ground.with_target:
        return Finding(Check.RELEVANT, Verdict.PASSED, _("Part of the target of the unit above."))
    return Finding(Check.RELEVANT, Verdict.FAILED, _("The unit above has no target that this would be part of."))


def _time_bound(target: Target, version: PlanVersion) -> Finding:
    year = version.plan.fiscal_year
    last = year.after_date - timedelta(days=1)
    empty = [number for number, amount in enumerate((target.q1, target.q2, target.q3, target.q4), 1) if not amount]
    if empty and target.total:
        named = ", ".join(f"Q{number}" for number in empty)
        return Finding(Check.TIME_BOUND, Verdict.FAILED, _("Nothing is due in %(quarters)s.") % {"quarters": named})
    return Finding(
        Check.TIME_BOUND,
        Verdict.PASSED,
        _("Due month by month until %(day)s.") % {"day": day(last, "year")},
    )
