"""Scenarios: kept beside the baseline of a version, at most three, and turned into a draft of the plan."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import DomainError, Invalid, Problem, VersionConflict
from core.periods import month_start
from core.transactions import within_transaction
from planning import policies
from planning.models import MONTHS, SCENARIOS, PlanVersion, Scenario, Target
from planning.queries import effective_months
from planning.queries.below import plan_tree
from planning.queries.forecasts import shown_run
from planning.queries.scenario_targets import supported
from planning.queries.scenarios import Wish, night_rows, plays
from teams.models import OrgUnit, User

from .replans import _begin_draft

FACTORS = ("win_rate", "price", "leads", "ramp")
FIELDS = ("name", *FACTORS, "hires", "hires_unit", "hires_month")


class ThreeScenarios(DomainError):
    """There is no room for a fourth beside the baseline."""

    code = "three_scenarios"


class NoNightYet(DomainError):
    """Nothing is published that a scenario could move."""

    code = "no_night_yet"


@transaction.atomic(durable=True)
def keep_scenario(
    *,
    version: PlanVersion,
    actor: User,
    name: str,
    win_rate: float = 1.0,
    price: float = 1.0,
    leads: float = 1.0,
    ramp: float = 1.0,
    hires: int = 0,
    hires_unit: OrgUnit | None = None,
    hires_month: date | None = None,
) -> Scenario:
    """
    Keep levers under a name beside the baseline of a version.

    :raises ThreeScenarios: where three stand there already
    :raises Invalid: for levers out of range, or hires without a unit and a month
    :raises NotAllowed: for whoever does not lead
    """
    require(policies.can_keep_scenario(actor))
    PlanVersion.objects.select_for_update().get(pk=version.pk)  # the places beside a version are given one at a time
    taken = set(Scenario.objects.filter(version=version).values_list("slot", flat=True))
    free = [slot for slot in range(1, SCENARIOS + 1) if slot not in taken]
    if not free:
        raise ThreeScenarios(_("Three scenarios stand beside the baseline already. Remove one first."))
    row = Scenario(version=version, slot=free[0], author=actor)
    levers = _set(
        row,
        actor,
        name=name,
        win_rate=win_rate,
        price=price,
        leads=leads,
        ramp=ramp,
        hires=hires,
        hires_unit=hires_unit,
        hires_month=hires_month,
    )
    audit.record("planning.scenario.kept", actor=actor, subject=row, name=row.name, version=version, levers=levers)
    return row


@transaction.atomic(durable=True)
def change_scenario(*, scenario: Scenario, actor: User, lock_version: int, **changes: Any) -> Scenario:
    """
    Give a kept scenario another name or other levers; what is not among the changes stays.

    :param changes: of the name and the levers of `keep_scenario`
    :raises VersionConflict: somebody else was faster
    :raises Invalid: as `keep_scenario`
    :raises NotAllowed: for whoever did not write it and does not plan
    """
    row = _hold(scenario, actor, lock_version)
    before = {field: getattr(row, field) for field in FIELDS}
    row.lock_version += 1
    levers = _set(row, actor, **{**before, **changes})
    was = {field: before[field] for field in levers}
    audit.record("planning.scenario.changed", actor=actor, subject=row, name=row.name, was=was, levers=levers)
    return row


@transaction.atomic(durable=True)
def drop_scenario(*, scenario: Scenario, actor: User, lock_version: int) -> PlanVersion:
    """Remove a scenario; what it was stays in the audit trail. :raises VersionConflict: somebody else was faster"""
    row = _hold(scenario, actor, lock_version)
    audit.record("planning.scenario.dropped", actor=actor, subject=row, name=row.name, version=row.version)
    row.delete()
    return row.version


@transaction.atomic(durable=True)
def adopt_scenario(
    *, scenario: Scenario, actor: User, as_of: date, lock_version: int, shortfall: str = "", note: str = ""
) -> PlanVersion:
    """
    Begin a draft of the plan with the targets that a scenario supports (`queries.scenario_targets`).

    The draft takes effect from the running month; what the months before it lack is dealt with as `shortfall` says, as in
    every plan that is made anew, and is not scaled.

    :param shortfall: one of `PlanVersion.Shortfall`; nothing where no month is over
    :raises NoNightYet: before the first forecast
    :raises VersionConflict: somebody has changed the scenario since it was looked at
    :raises DraftExists, NoActiveVersion, MonthIsClosed, ShortfallIsUndecided: as `revise_plan`
    """
    require(policies.can_plan(actor))
    row = (
        Scenario.objects.select_for_update(of=("self",))
        .select_related("version__plan__fiscal_year")
        .get(pk=scenario.pk)
    )
    if row.lock_version != lock_version:
        raise VersionConflict(current=row.lock_version)
    plan = row.version.plan
    run = shown_run(plan)
    if run is None:
        raise NoNightYet(_("The first night has not run yet: there is no forecast that a scenario could move."))
    draft = _begin_draft(
        plan=plan,
        actor=actor,
        as_of=as_of,
        effective_date=next(iter(effective_months(plan, as_of)), plan.fiscal_year.first_date),
        shortfall=shortfall,
        note=note or _("From the scenario “%(name)s”") % {"name": row.name},
    )
    (play,) = plays(plan=plan, run=run, rows=night_rows(run, actor), wishes=[Wish.of(row)])
    changed = [
        one
        for one in supported(plan=plan, tree=plan_tree(draft), play=play, night=run.business_date)
        if one.has_changed
    ]
    for one in changed:
        for name, amount in zip(MONTHS, one.months, strict=True):
            setattr(one.target, name, amount)
        one.target.split = Target.Split.MANUAL
    Target.objects.bulk_update([one.target for one in changed], [*MONTHS, "split"], batch_size=500)
    audit.record(
        "planning.scenario.adopted",
        actor=actor,
        subject=draft,
        scenario=row.name,
        night=run,
        shortfall=draft.shortfall,
        scaled_targets=len(changed),
    )
    return draft


@within_transaction
def _hold(scenario: Scenario, actor: User, lock_version: int) -> Scenario:
    """Hold a scenario as it was seen, for somebody who may change it."""
    row = Scenario.objects.select_for_update(of=("self",)).select_related("version", "hires_unit").get(pk=scenario.pk)
    require(policies.can_keep_scenario(actor, row))
    if row.lock_version != lock_version:
        raise VersionConflict(current=row.lock_version)
    return row


@within_transaction
def _set(row: Scenario, actor: User, *, name: str, **levers: Any) -> dict[str, Any]:
    """Write name and levers into a row; say which levers it has now."""
    unit, month, hires = levers["hires_unit"], levers["hires_month"], levers["hires"]
    require(unit is None or OrgUnit.objects.visible_to(actor).filter(pk=unit.pk).exists())
    given = {field: levers[field] for field in FACTORS}
    _check(**given, hires=hires, where=(unit, month))
    row.name = name.strip()
    for field, value in given.items():
        setattr(row, field, value)
    row.hires, row.hires_unit = hires, unit if hires else None
    row.hires_month = month_start(month) if hires and month else None
    row.save()
    return {**given, "hires": hires}


def _check(
    *,
    win_rate: float,
    price: float,
    leads: float,
    ramp: float,
    hires: int,
    where: tuple[OrgUnit | None, date | None],
) -> None:
    problems = []
    for field, value, low, high in (
        ("win_rate", win_rate, 0.5, 1.5),
        ("price", price, 0.5, 1.5),
        ("leads", leads, 0.0, 3.0),
        ("ramp", ramp, 0.25, 4.0),
        ("hires", hires, 0, 500),
    ):
        if not low <= value <= high:
            message = _("Give a value between %(low)s and %(high)s.") % {"low": low, "high": high}
            problems.append(Problem(field, message))
    if hires and None in where:
        problems.append(Problem("hires_unit", _("Say where the people start, and in which month.")))
    if problems:
        raise Invalid(_("These levers cannot be."), problems=problems)
