"""How a unit's people ramp up, how much they are there, and who is still to be hired."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, Problem, VersionConflict
from teams import policies
from teams.models import CapacityRule, OrgUnit, PlannedHire, Presence, User

LONGEST_RAMP = 36


@transaction.atomic(durable=True)
def set_capacity_rule(
    *,
    actor: User,
    unit: OrgUnit,
    version: int,
    ramp: Sequence[float] | None = None,
    attrition: float | None = None,
    survival: float | None = None,
    recruiting_months: int | None = None,
    note: str = "",
) -> CapacityRule:
    """
    Say what a unit reckons with; None = as the unit above says.

    :param version: the one that was read, 0 where the unit had no rule of its own
    :raises VersionConflict: somebody else was faster
    :raises Invalid: for a ramp that is empty, too long, or leaves [0, 1]; for rates outside their range
    """
    OrgUnit.objects.select_for_update().get(pk=unit.pk)  # the first rule of a unit is made once
    require(policies.can_set_capacity(actor, unit))
    problems = []
    if ramp is not None and not (0 < len(ramp) <= LONGEST_RAMP and all(0 <= share <= 1 for share in ramp)):
        problems.append(Problem("ramp", _("Give one to 36 months, each between 0 and 100 %.")))
    if attrition is not None and not 0 <= attrition < 1:
        problems.append(Problem("attrition", _("Give 0 % or more, and less than 100 %.")))
    if survival is not None and not 0 < survival <= 1:
        problems.append(Problem("survival", _("Give more than 0 %, and at most 100 %.")))
    if recruiting_months is not None and not 0 <= recruiting_months <= 24:
        problems.append(Problem("recruiting_months", _("Give 0 to 24 months.")))
    if problems:
        raise Invalid(_("Some of these figures cannot be."), problems=problems)
    rule = CapacityRule.objects.select_for_update().filter(unit=unit).first() or CapacityRule(unit=unit, version=0)
    if rule.version != version:
        raise VersionConflict(current=rule.version)
    wanted = {
        "ramp": None if ramp is None else [round(float(share), 4) for share in ramp],
        "attrition": attrition,
        "survival": survival,
        "recruiting_months": recruiting_months,
        "note": note,
    }
    changes = {
        name: [audit.plain(getattr(rule, name)), audit.plain(value)]
        for name, value in wanted.items()
        if getattr(rule, name) != value
    }
    for name, value in wanted.items():
        setattr(rule, name, value)
    rule.changed_by, rule.version = actor, version + 1
    rule.save()
    audit.record("teams.capacity.set", actor=actor, subject=unit, changes=changes)
    return rule


@transaction.atomic(durable=True)
def set_presence(
    *,
    actor: User,
    person: User,
    first_month: date,
    share: float,
    last_month: date | None = None,
    presence: Presence | None = None,
    version: int = 0,
) -> Presence:
    """
    Say how much of full time a person is there from a month on, or in some months.

    :param presence: the row that is corrected, with the version that was read; None = a new one
    :raises VersionConflict: somebody else was faster
    :raises Invalid: for months that end before they begin, or a share outside [0, 1]
    """
    row = Presence.objects.select_for_update().get(pk=presence.pk) if presence else Presence(person=person, version=0)
    require(policies.can_set_presence(actor, row.person))
    if row.version != version:
        raise VersionConflict(current=row.version)
    first, last = first_month.replace(day=1), last_month.replace(day=1) if last_month else None
    if last is not None and last < first:
        raise Invalid(
            _("The last month lies before the first."),
            problems=[Problem("last_month", _("Choose the first month or a later one."))],
        )
    if not 0 <= share <= 1:
        raise Invalid(_("Some of these figures cannot be."), problems=[Problem("share", _("Give 0 to 100 %."))])
    before = [row.first_month, row.last_month, row.share] if row.pk else None
    row.first_month, row.last_month, row.share, row.version = first, last, share, version + 1
    row.save()
    audit.record(
        "teams.presence.set",
        actor=actor,
        subject=row.person,
        before=before,
        first_month=first,
        last_month=last,
        share=share,
    )
    return row


@transaction.atomic(durable=True)
def plan_hires(
    *,
    actor: User,
    unit: OrgUnit,
    start_month: date,
    count: int,
    name: str = "",
    survival: float | None = None,
    hire: PlannedHire | None = None,
    version: int = 0,
) -> PlannedHire:
    """
    Plan that so many people start in a unit in a month.

    :param hire: the plan that is changed, with the version that was read; None = a new one
    :param count: 0 = filled, or given up; the line stays on record
    :raises VersionConflict: somebody else was faster
    :raises Invalid: for a number or a share that cannot be
    """
    row = PlannedHire.objects.select_for_update().get(pk=hire.pk) if hire else PlannedHire(unit=unit, version=0)
    require(policies.can_set_capacity(actor, unit) and policies.can_set_capacity(actor, row.unit))
    if row.version != version:
        raise VersionConflict(current=row.version)
    problems = []
    if not 0 <= count <= 500:
        problems.append(Problem("count", _("Give 0 to 500 people.")))
    if survival is not None and not 0 < survival <= 1:
        problems.append(Problem("survival", _("Give more than 0 %, and at most 100 %.")))
    if problems:
        raise Invalid(_("Some of these figures cannot be."), problems=problems)
    wanted = {
        "unit": unit,
        "start_month": start_month.replace(day=1),
        "count": count,
        "name": name,
        "survival": survival,
    }
    changes = {
        field: [audit.plain(getattr(row, field)) if row.pk else None, audit.plain(value)]
        for field, value in wanted.items()
        if not row.pk or getattr(row, field) != value
    }
    for field, value in wanted.items():
        setattr(row, field, value)
    row.version = version + 1
    row.save()
    audit.record("teams.hires.planned", actor=actor, subject=row, changes=changes)
    return row
