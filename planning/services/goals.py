"""Funnel goals: deriving them from what was measured, deciding otherwise with a reason, and what a deal takes in hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isfinite

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from customers.models import Pipeline, Stage
from planning import policies
from planning.models import SETTLED, EffortSettings, FunnelGoals, PlanVersion, StageEffort, StageGoal, Target
from planning.queries import goal_sums, unit_parents
from planning.queries.goal_measures import Key, NodeMeasures, node_measures
from planning.queries.history import day_number
from planning.queries.milestones import Milestones, milestones
from teams.models import Membership, OrgUnit, User

from .refusals import GoalIsInvalid, GoalsAreSettled, NothingToDerive

MEASURED_DAYS = 730  # two years: every season twice
OWN_SHARE = 20  # wins from which on the shares of several pipelines are one's own


@dataclass(frozen=True)
class Derived:
    """How many targets have goals now, and how many of them lack a measurement."""

    targets: int
    unmeasured: int


@transaction.atomic(durable=True)
def derive_goals(
    *,
    version: PlanVersion,
    actor: User,
    today: date,
    now: datetime,
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Derived:
    """
    Derive the funnel goals of one unit or person, or of every target that the actor may set, from the last two years.

    What was decided before stays, and the goals are derived around it.

    :param today: what happened before it is measured
    :raises GoalsAreSettled: for a version that is closed or was replaced
    :raises NothingToDerive: where no target is there, or no pipeline has a stage
    :raises NotAllowed: for one's own target, or one out of reach
    """
    require(policies.can_see_version(actor, version))
    _hold_open(version)
    targets = _targets(version, actor, unit, person)
    if not targets:
        raise NothingToDerive(_("There is no revenue target to derive goals from."))
    since = today - timedelta(days=MEASURED_DAYS)
    found = milestones(since=since, as_of=today, time_zone=version.plan.time_zone)
    if not found:
        raise NothingToDerive(_("No pipeline in use has an open stage and a won one."))
    measured = _measured(found, targets, since)
    unmeasured = 0
    for target in targets:
        key = _key(target)
        shares = _shares({pipeline: rows[key] for pipeline, rows in measured.items()})
        kept = []
        for pipeline, share in shares.items():
            decided = goal_sums.decided_before(target, pipeline)
            FunnelGoals.objects.filter(target=target, pipeline=pipeline).delete()
            funnel = goal_sums.funnel_of(
                target,
                pipeline,
                found[pipeline],
                measured[pipeline][key],
                share=share,
                since=since,
                as_of=today,
                actor=actor,
                now=now,
            )
            rows = goal_sums.stage_goals(funnel, found[pipeline], measured[pipeline][key], decided)
            funnel.save()
            StageGoal.objects.bulk_create(rows)
            kept.append(pipeline)
            unmeasured += rows[0].count[0] is None
        FunnelGoals.objects.filter(target=target).exclude(pipeline__in=kept).delete()
    audit.record(
        "planning.goals.derived",
        actor=actor,
        subject=version,
        unit=unit,
        person=person,
        targets=len(targets),
        as_of=today,
    )
    return Derived(len(targets), unmeasured)


def _targets(version: PlanVersion, actor: User, unit: OrgUnit | None, person: User | None) -> list[Target]:
    rows = (
        Target.objects.plain().filter(version=version).select_related("version__plan__fiscal_year", "version__based_on")
    )
    if unit is not None or person is not None:
        require(policies.can_set_target(actor, version, unit=unit, person=person))
        return list(rows.filter(unit=unit, person=person))
    reach = policies.target_reach(actor)
    return [target for target in rows.order_by("pk") if reach.covers(unit=target.unit_id, person=target.person_id)]


def _key(target: Target) -> Key:
    return ("unit", target.unit_id) if target.unit_id else ("person", target.person_id or 0)


def _measured(
    found: Mapping[Pipeline, Milestones], targets: Sequence[Target], since: date
) -> dict[Pipeline, dict[Key, NodeMeasures]]:
    parents = unit_parents()
    unit_of = dict(Membership.objects.current().values_list("user_id", "unit_id"))
    wanted = {_key(target) for target in targets}
    return {
        pipeline: node_measures(rows, parents=parents, unit_of=unit_of, wanted=wanted, first=day_number(since))
        for pipeline, rows in found.items()
    }


def _shares(measures: Mapping[Pipeline, NodeMeasures]) -> dict[Pipeline, float]:
    """Which part of a revenue each pipeline brings: as it was won; all by the first one where nothing tells."""
    won = {pipeline: rows.revenue for pipeline, rows in measures.items() if rows.revenue > 0}
    total = sum(won.values())
    if sum(rows.wins for rows in measures.values()) < OWN_SHARE or not total:
        return {next(iter(measures)): 1.0}
    return {pipeline: revenue / total for pipeline, revenue in won.items()}


@within_transaction
def _hold_open(version: PlanVersion) -> None:
    """:raises GoalsAreSettled: for a version that is closed or was replaced"""
    if PlanVersion.objects.select_for_update().get(pk=version.pk).status in SETTLED:
        raise GoalsAreSettled()


@transaction.atomic(durable=True)
def edit_goal(
    *,
    goal: StageGoal,
    actor: User,
    now: datetime,
    version: int,
    months: Sequence[float | None],
    rate: float | None,
    days: float | None,
    reason: str,
) -> StageGoal:
    """
    Decide about one stage: counts of months, the rate, the time; None takes what was derived. All goals follow at once.

    Shapes: months (12,), in fiscal order. Units: rate in (0, 1], days.

    :raises GoalsAreSettled: for a version that is closed or was replaced
    :raises VersionConflict: where somebody decided since
    :raises GoalIsInvalid: for a value that no goal can have, or a decision without its reason
    :raises NotAllowed: for one's own target, or one out of reach
    """
    target = goal.funnel.target
    require(policies.can_set_target(actor, target.version, unit=target.unit, person=target.person))
    _hold_open(target.version)
    funnel = FunnelGoals.objects.select_for_update().get(pk=goal.funnel_id)
    funnel.target = target
    rows = list(StageGoal.objects.select_for_update().filter(funnel=funnel))
    row = next((found for found in rows if found.pk == goal.pk), None)
    if row is None or row.version != version:
        raise VersionConflict(current=row.version if row else 0)
    decides = any(value is not None for value in (*months, rate, days))
    _check(row, months, rate, days, reason if decides else "-")
    was = {"months": row.typed_months, "rate": row.typed_rate, "days": row.typed_days}
    row.typed_months = list(months) if any(month is not None for month in months) else []
    row.typed_rate, row.typed_days = rate, days
    row.reason, row.edited_by, row.edited_at = (reason.strip(), actor, now) if decides else ("", None, None)
    row.version += 1
    goal_sums.fill(funnel, rows)
    funnel.save()
    for changed in rows:
        changed.save()
    audit.record(
        "planning.goal.edited",
        actor=actor,
        subject=row,
        stage=row.stage_id,
        was=was,
        months=list(months),
        rate=rate,
        days=days,
        reason=reason,
    )
    return row


def _check(row: StageGoal, months: Sequence[float | None], rate: float | None, days: float | None, reason: str) -> None:
    if len(months) != 12:
        raise ValueError(f"A year has twelve months, not {len(months)}.")
    problems = []
    if any(month is not None and not (isfinite(month) and 0 <= month <= 1e9) for month in months):
        problems.append(Problem("months", _("A count is zero or more.")))
    if rate is not None and not 0 < rate <= 1:
        problems.append(Problem("rate", _("A rate is more than 0% and at most 100%.")))
    if days is not None and not 0 <= days <= 1000:
        problems.append(Problem("days", _("A time is from 0 to 1,000 days.")))
    if row.next_stage_id is None and (rate is not None or days is not None):
        problems.append(Problem("rate", _("Nothing comes after a win: it has neither rate nor time.")))
    if not reason.strip():
        problems.append(Problem("reason", _("Say why, so that everybody can follow the decision.")))
    if problems:
        raise GoalIsInvalid(problems[0].message, problems=problems)


@transaction.atomic(durable=True)
def set_effort(
    *,
    actor: User,
    now: datetime,
    version: int,
    day_hours: Decimal,
    selling_share: Decimal,
    stages: Mapping[int, Decimal | None],
) -> EffortSettings:
    """
    Set how many hours a deal takes at each stage, and how many a person has for selling.

    :param stages: hours by key of the stage; None = the default of its kind
    :raises VersionConflict: where somebody changed them since they were read
    """
    require(policies.can_plan(actor))
    EffortSettings.objects.bulk_create([EffortSettings()], ignore_conflicts=True)  # the row to lock, made once
    row = EffortSettings.objects.select_for_update().get()
    if row.version != version:
        raise VersionConflict(current=row.version)
    row.day_hours, row.selling_share = day_hours, selling_share
    row.changed_by, row.changed_at, row.version = actor, now, version + 1
    row.save()
    for stage in Stage.objects.filter(pk__in=stages):
        hours = stages[stage.pk]
        if hours is None:
            StageEffort.objects.filter(stage=stage).delete()
        else:
            StageEffort.objects.update_or_create(stage=stage, defaults={"hours": hours})
    audit.record(
        "planning.effort.changed",
        actor=actor,
        subject=row,
        day_hours=day_hours,
        selling_share=selling_share,
        stages={str(key): hours for key, hours in stages.items()},
    )
    return row
