"""Setting a target: twelve months by hand, or a total spread by a rule. One writer, one check of the version, one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.money import split_amount, split_around
from core.templatetags.formats import month_name, number
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import MONTHS, PLAIN, SCOPE, PlanVersion, Scope, Target
from planning.queries import Basis
from planning.queries.target_amounts import fault_of, least_of
from teams.models import OrgUnit, User

from .refusals import AmountIsInvalid, MonthIsClosed, OverridesDoNotFit, TotalIsLocked
from .versions import _hold_draft, _refuse_held


@dataclass(frozen=True)
class Spread:
    """A target whose months were made by a rule, and what the rule rested on."""

    target: Target
    basis: Basis
    sentence: str


@transaction.atomic(durable=True)
def set_target(
    *,
    version: PlanVersion,
    months: Sequence[Decimal],
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Target:
    """
    Set the twelve months of a unit's or a person's target, by hand. A month set by hand before keeps its reason where its
    amount stays.

    Shapes: months (12,), in fiscal order, zero or more.  Units: the plan's currency, a count, or per cent, as the metric says.

    :param scope: what is asked for, and of which part of the sales; unless given, revenue of everything
    :param lock_version: the version of the row that the person looked at; 0 = there was none
    :raises PlanIsActive, PlanIsSubmitted, PlanIsApproved: unless the version is a draft
    :raises PartIsHeld: where the row belongs to a part that is handed up
    :raises VersionConflict: where somebody changed the row since; its `extra` carries `theirs` and `mine`
    :raises AmountIsInvalid: for an amount that a target cannot hold
    :raises TotalIsLocked: where the total is locked and the months do not add up to it
    :raises MonthIsClosed: for a month that was over when the plan was made anew
    :raises NotAllowed: for one's own target, or one out of reach
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    row = _row(version, unit, person, scope)
    if row is not None and row.lock_version == lock_version:
        _refuse_other_total(row, months)
    return _write(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        months=months,
        split=Target.Split.MANUAL,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.set",
    )


@transaction.atomic(durable=True)
def split_target(
    *,
    version: PlanVersion,
    total: Decimal,
    split: str,
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Spread:
    """
    Spread a total over the twelve months, exact to the smallest unit of the currency; of a rate, every month asks for it that
    was not set by hand.

    Months set by hand keep their amounts and reasons: the rest of the total is spread around them.
    :param split: one of `Target.Split`; by hand = in the shape that the row has now, evenly where it has none
    :raises OverridesDoNotFit: where the months set by hand exceed the total
    :raises PlanIsActive, VersionConflict, AmountIsInvalid, NotAllowed: as `set_target`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    return _spread(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        total=total,
        split=split,
        actor=actor,
        lock_version=lock_version,
    )


@transaction.atomic(durable=True)
def remove_target(*, target: Target, actor: User, lock_version: int) -> None:
    """
    Take a target of another metric, or of a part of the sales, out of a draft. A plain one is set to another amount instead.

    :raises PlanIsActive, VersionConflict, NotAllowed: as `set_target`
    """
    version = target.version
    require(policies.can_set_target(actor, version, unit=target.unit, person=target.person) and not target.is_plain)
    _hold_draft(version)
    current = Target.objects.select_for_update().filter(pk=target.pk).first()
    if current is None or current.lock_version != lock_version:
        raise VersionConflict(current=current.lock_version if current else 0)
    asked = {name: getattr(current, name) for name in SCOPE if getattr(current, name)}
    months = [getattr(current, month) for month in MONTHS]
    audit.record("planning.target.removed", actor=actor, subject=current, months=months, **asked)
    current.delete()


@within_transaction
def _spread(
    *,
    version: PlanVersion,
    unit: OrgUnit | None,
    person: User | None,
    total: Decimal,
    split: str,
    actor: User,
    lock_version: int,
    scope: Scope = PLAIN,
    columns: Mapping[str, object] | None = None,
    event: str = "planning.target.split",
    **facts: object,
) -> Spread:
    least = _least(version, scope)
    _check({"total": total}, least, scope)
    split = split if scope.adds_up else Target.Split.EVEN
    shape = queries.shape_of(Target.Split(split), version=version, unit=unit, person=person, scope=scope)
    months: Sequence[Decimal] = (
        split_amount(total, shape.weights, unit=least) if scope.adds_up else [total] * len(MONTHS)
    )
    months = _around_closed(months, _closed(version, unit, person, scope), scope, least)
    row = _row(version, unit, person, scope)
    if row is not None and row.overrides and row.lock_version == lock_version:
        kept = {month: getattr(row, month) for month in row.overrides}
        if scope.adds_up:
            months = _around(total, _with_closed(row, kept), shape.weights, least)
        else:
            months = [kept.get(month, amount) for month, amount in zip(MONTHS, months, strict=True)]
    target = _write(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        months=months,
        split=split,
        actor=actor,
        lock_version=lock_version,
        event=event,
        columns=columns,
        rests_on=shape.basis,
        **facts,
    )
    return Spread(target, shape.basis, shape.sentence)


@within_transaction
def _write(
    *,
    version: PlanVersion,
    unit: OrgUnit | None,
    person: User | None,
    months: Sequence[Decimal],
    split: str,
    actor: User,
    lock_version: int,
    event: str,
    scope: Scope = PLAIN,
    columns: Mapping[str, object] | None = None,
    **facts: object,
) -> Target:
    """
    Write twelve months and what says how they were made.

    :param columns: of `Shaped`, what the caller decided; the rest follows: a month keeps its override where its amount stays,
        and a total that is not what a growth made is an amount
    """
    if (unit is None) == (person is None):
        raise ValueError("A target is of a unit or of a person.")
    if len(months) != len(MONTHS):
        raise ValueError(f"A year has twelve months, not {len(months)}.")
    amounts = dict(zip(MONTHS, months, strict=True))
    _check(amounts, _least(version, scope), scope)
    _hold_draft(version)
    _refuse_held(version, actor, unit=unit, person=person)
    _refuse_closed(version, amounts, _closed(version, unit, person, scope))
    rows = Target.objects.filter(version=version, unit=unit, person=person, **scope.columns)
    before = rows.first()
    if before is None:
        own: dict[str, object] = {**scope.columns, **amounts, **(columns or {})}
        row = Target(version=version, unit=unit, person=person, split=split, **own)
        target = _first(row) if lock_version == 0 else None
    else:
        matched = Target.objects.filter(pk=before.pk, lock_version=lock_version)
        own = {**amounts, **_follows(before, amounts), **(columns or {})}
        changed = matched.update(**own, split=split, lock_version=F("lock_version") + 1, updated_at=Now())
        target = before if changed else None
    if target is None:
        theirs = rows.first()
        raise VersionConflict(
            current=theirs.lock_version if theirs else 0,
            theirs=[str(getattr(theirs, month)) for month in MONTHS] if theirs else None,
            mine=[str(amount) for amount in months],
        )
    was = [getattr(before, month) for month in MONTHS] if before else None
    target.refresh_from_db()
    asked = {name: getattr(target, name) for name in SCOPE if getattr(target, name)}
    audit.record(event, actor=actor, subject=target, split=split, was=was, months=list(months), **asked, **facts)
    return target


def _row(version: PlanVersion, unit: OrgUnit | None, person: User | None, scope: Scope = PLAIN) -> Target | None:
    row = Target.objects.filter(version=version, unit=unit, person=person, **scope.columns).first()
    if row is not None:
        row.version = version  # which its plan and year were read with
    return row


def _follows(before: Target, amounts: Mapping[str, Decimal]) -> dict[str, object]:
    """What follows from new months: overrides stay where amounts do, and a growth only while the total is what it made."""
    stay = {month: told for month, told in before.overrides.items() if getattr(before, month) == amounts[month]}
    follows: dict[str, object] = {} if stay == before.overrides else {"overrides": stay}
    if before.basis == Target.Leads.GROWTH and sum(amounts.values()) != before.total:
        follows |= {"basis": Target.Leads.ABSOLUTE, "growth": None}
    return follows


def _with_closed(row: Target, fixed: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the months that nothing may move: those set by hand, and those that were over when the plan was made anew."""
    closed = {month: getattr(row, month) for month in MONTHS[: row.version.closed_months]}
    return {**closed, **fixed}


def _around(
    total: Decimal, fixed: Mapping[str, Decimal], weights: Sequence[Decimal], least: Decimal
) -> tuple[Decimal, ...]:
    """Spread what fixed months leave of a total over the others. :raises OverridesDoNotFit: where that cannot be"""
    given = sum(fixed.values(), Decimal(0))
    if given > total:
        text = _("The months set by hand already come to %(given)s, more than the annual target of %(total)s.")
    elif len(fixed) == len(MONTHS) and given != total:
        text = _("All twelve months are set by hand and come to %(given)s, not to the annual target of %(total)s.")
    else:
        return split_around(total, [fixed.get(month) for month in MONTHS], weights, unit=least)
    message = text % {"given": number(given, 2), "total": number(total, 2)}
    raise OverridesDoNotFit(message, problems=[Problem("total", message, "overrides_do_not_fit")])


def _refuse_other_total(row: Target, months: Sequence[Decimal]) -> None:
    given = sum(months, Decimal(0))
    if row.total_locked and given != row.total:
        facts = {"given": number(given, 2), "total": number(row.total, 2)}
        raise TotalIsLocked(
            _("The annual target is locked at %(total)s, and these months come to %(given)s. Unlock it first.") % facts
        )


@within_transaction
def _first(row: Target) -> Target | None:
    """Write the first target of a row; None where another was quicker."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None
    return row


def _closed(version: PlanVersion, unit: OrgUnit | None, person: User | None, scope: Scope) -> list[Decimal]:
    """Return what the months ask for that were over when the plan was made anew; zero in a row that was none then."""
    if not version.closed_months:
        return []
    row = Target.objects.filter(version=version, unit=unit, person=person, **scope.columns).first()
    return [getattr(row, month) if row else Decimal(0) for month in MONTHS[: version.closed_months]]


def _around_closed(
    months: Sequence[Decimal], closed: Sequence[Decimal], scope: Scope, least: Decimal
) -> Sequence[Decimal]:
    """
    Return months of the same total that keep what is over: the rest of it goes to the months to come, in their shape.

    :raises AmountIsInvalid: where less is asked for in all than what is over asked for
    """
    if not scope.adds_up:
        return [*closed, *months[len(closed) :]]
    total, over = sum(months, Decimal(0)), sum(closed, Decimal(0))
    if total < over:
        message = _("The months that are over ask for %(amount)s already.") % {"amount": over}
        raise AmountIsInvalid(message, problems=[Problem("total", message)])
    weights = months[len(closed) :]
    return [*closed, *split_amount(total - over, weights if any(weights) else [1] * len(weights), unit=least)]


def _refuse_closed(version: PlanVersion, amounts: dict[str, Decimal], closed: Sequence[Decimal]) -> None:
    months = queries.fiscal_months(version.plan.fiscal_year)
    problems = [
        Problem(field, _("%(month)s was over before this version took effect; its target stays.") % {"month": name})
        for field, kept, month in zip(MONTHS, closed, months, strict=False)
        if amounts[field] != kept
        for name in [month_name(month, "year")]
    ]
    if problems:
        raise MonthIsClosed(problems[0].message, problems=problems)


def _least(version: PlanVersion, scope: Scope) -> Decimal:
    return least_of(scope, version.plan.currency)


def _check(amounts: dict[str, Decimal], least: Decimal, scope: Scope) -> None:
    found = ((field, fault_of(amount, scope, least)) for field, amount in amounts.items())
    problems = [Problem(field, reason) for field, reason in found if reason]
    if problems:
        raise AmountIsInvalid(problems[0].message, problems=problems)
