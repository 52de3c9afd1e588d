"""Scenarios: kept beside the baseline of a version, at most three, and turned into a draft of the plan."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import DomainError, Invalid, Problem, VersionConflict
from core.money import CENT
from core.periods import month_start
from planning import policies
from planning.models import MONTHS, SCENARIOS, PlanVersion, Scenario, Target
from planning.queries import effective_months, fiscal_months
from planning.queries.forecasts import MONTH_PERIODS, shown_run
from planning.queries.scenarios import PeriodPlay, Wish, night_rows, plays
from planning.queries.targets import row_key
from teams.models import OrgUnit, User

from .replans import _begin_draft


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
    scenario: Scenario | None = None,
    lock_version: int = 0,
) -> Scenario:
    """
    Keep levers under a name, as a new scenario of a version or in place of one.

    :param scenario: the one that is changed, with the version of it that was read; None = a new one
    :raises ThreeScenarios: where three stand beside the baseline already
    :raises VersionConflict: somebody else was faster
    :raises Invalid: for levers out of range, or hires without a unit and a month
    :raises NotAllowed: for whoever does not lead, or did not write it and does not plan
    """
    require(policies.can_keep_scenario(actor, scenario))
    require(hires_unit is None or OrgUnit.objects.visible_to(actor).filter(pk=hires_unit.pk).exists())
    _check(win_rate=win_rate, price=price, leads=leads, ramp=ramp, hires=hires, where=(hires_unit, hires_month))
    PlanVersion.objects.select_for_update().get(pk=version.pk)  # the places beside a version are given one at a time
    row = Scenario.objects.select_for_update().get(pk=scenario.pk) if scenario else None
    if row is None:
        taken = set(Scenario.objects.filter(version=version).values_list("slot", flat=True))
        free = [slot for slot in range(1, SCENARIOS + 1) if slot not in taken]
        if not free:
            raise ThreeScenarios(_("Three scenarios stand beside the baseline already. Remove one first."))
        row = Scenario(version=version, slot=free[0], author=actor, lock_version=0)
    if row.lock_version != lock_version:
        raise VersionConflict(current=row.lock_version)
    row.name, row.win_rate, row.price, row.leads, row.ramp = name.strip(), win_rate, price, leads, ramp
    row.hires, row.hires_unit = hires, hires_unit if hires else None
    row.hires_month = month_start(hires_month) if hires and hires_month else None
    row.lock_version = lock_version + 1
    row.save()
    levers = {"win_rate": win_rate, "price": price, "leads": leads, "ramp": ramp, "hires": hires}
    audit.record("planning.scenario.kept", actor=actor, subject=row, name=row.name, version=version, levers=levers)
    return row


@transaction.atomic(durable=True)
def drop_scenario(*, scenario: Scenario, actor: User) -> PlanVersion:
    """Remove a scenario; what it was stays in the audit trail."""
    row = Scenario.objects.select_for_update().select_related("version").get(pk=scenario.pk)
    require(policies.can_keep_scenario(actor, row))
    audit.record("planning.scenario.dropped", actor=actor, subject=row, name=row.name, version=row.version)
    row.delete()
    return row.version


@transaction.atomic(durable=True)
def adopt_scenario(*, scenario: Scenario, actor: User, as_of: date) -> PlanVersion:
    """
    Begin a draft of the plan with the targets that a scenario supports.

    Each target's months after the night's own are scaled by what the scenario expects of its node in that month ÷ what the
    night expects, to the cent; months that are over or running, and nodes of which the night expects nothing, keep theirs.

    The draft takes effect from the running month; what the months before lack is let go: the scenario says what is to come.

    :raises NoNightYet: before the first forecast
    :raises DraftExists, NoActiveVersion, MonthIsClosed: as `revise_plan`
    """
    require(policies.can_plan(actor))
    plan = scenario.version.plan
    run = shown_run(plan)
    if run is None:
        raise NoNightYet(_("The first night has not run yet: there is no forecast that a scenario could move."))
    first = next(iter(effective_months(plan, as_of)), plan.fiscal_year.first_date)
    draft = _begin_draft(
        plan=plan,
        actor=actor,
        as_of=as_of,
        effective_date=first,
        shortfall=PlanVersion.Shortfall.DROP,
        note=_("From the scenario “%(name)s”") % {"name": scenario.name},
    )
    (play,) = plays(plan=plan, run=run, rows=night_rows(run, actor), wishes=[Wish.of(scenario)])
    ahead = [month > month_start(run.business_date) for month in fiscal_months(plan.fiscal_year)]
    rows = list(Target.objects.plain().filter(version=draft))
    scaled = 0
    for row in rows:
        periods = play.by_key.get(row_key(unit=row.unit_id, person=row.person_id), {})
        scaled += _scale(row, [periods.get(period) for period in MONTH_PERIODS], ahead)
    Target.objects.bulk_update(rows, list(MONTHS), batch_size=500)
    audit.record(
        "planning.scenario.adopted",
        actor=actor,
        subject=draft,
        scenario=scenario.name,
        night=run,
        scaled_targets=scaled,
    )
    return draft


def _scale(row: Target, periods: Sequence[PeriodPlay | None], ahead: Sequence[bool]) -> bool:
    """Scale the months ahead of one target; say whether any changed."""
    changed = False
    for name, period, is_ahead in zip(MONTHS, periods, ahead, strict=True):
        if not is_ahead or period is None or not period.row.expected:
            continue
        factor = Decimal(repr(period.moved.expected)) / period.row.expected
        amount = (getattr(row, name) * factor).quantize(CENT)
        changed |= amount != getattr(row, name)
        setattr(row, name, amount)
    return changed


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
