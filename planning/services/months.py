"""Single months of a target: set by hand over a split, with a reason that stays; and whether the total stays as they change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import MONTHS, PLAIN, Override, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

from .refusals import AmountIsInvalid, NoTargetYet, TotalIsLocked
from .targets import _around, _check, _least, _row, _with_closed, _write

LONGEST_REASON = 200
RULES = frozenset(Target.Split) - {Target.Split.MANUAL, Target.Split.LADDER}  # the splits that can be made again


@transaction.atomic(durable=True)
def change_months(
    *,
    version: PlanVersion,
    actor: User,
    now: datetime,
    lock_version: int,
    amounts: Mapping[str, Decimal] | None = None,
    shares: Mapping[str, Decimal] | None = None,
    reason: str = "",
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Target:
    """
    Set some months of a target by hand, as amounts or as shares of the year.

    The months named keep what they get, with reason, person and moment, also when the total is spread anew. With all twelve
    there is no split left that they could stand over: the row is by hand. A locked total stays, and so does every total
    while shares are set: what the months set by hand leave of it goes to the others, in their own proportions. Otherwise
    the total follows the months. The months of a rate do not add up: each asks for its own, and none is a share of the year.

    :param amounts, shares: by month (m01 … m12); shares are fractions of the annual target. A month stands in one of them
    :param reason: why; empty keeps the reason that a month has already
    :raises NoTargetYet: for a row without a target
    :raises OverridesDoNotFit: where the months set by hand exceed a total that stays; nothing is changed
    :raises TotalIsLocked: for twelve months that do not add up to a total that stays
    :raises PlanIsActive, VersionConflict, AmountIsInvalid, NotAllowed: as `set_target`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    amounts, shares = dict(amounts or {}), dict(shares or {})
    row = _seen(version, lock_version, unit=unit, person=person, scope=scope, mine=amounts)
    least = _least(version, scope)
    _refuse_unknown(amounts, shares, reason)
    if shares:
        _refuse_rate(scope, "shares")
    amounts |= {
        month: (row.total * share / least).quantize(Decimal(1), ROUND_HALF_EVEN) * least
        for month, share in shares.items()
    }
    _check(amounts, least, scope)
    stays = row.total_locked or bool(shares)
    told = {month: _told(row, month, amount, Override(reason, actor.pk, now)) for month, amount in amounts.items()}
    if len(amounts) == len(MONTHS):
        months = tuple(amounts[month] for month in MONTHS)
        if stays and sum(months) != row.total:
            raise TotalIsLocked(_("These twelve months do not add up to the annual target, which stays as it is."))
        columns, split = {}, str(Target.Split.MANUAL)
    else:
        columns, split = {"overrides": {**row.overrides, **told}}, row.split
        before = dict(zip(MONTHS, queries.months_of(row), strict=True))
        if stays:
            fixed = {month: before[month] for month in row.overrides} | amounts
            months = _around(row.total, _with_closed(row, fixed), tuple(before.values()), least)
        else:
            months = tuple((before | amounts).values())
    return _write(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        months=months,
        split=split,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.months_changed",
        columns=columns,
        by_hand=sorted(amounts),
        reason=reason,
        total_stays=stays,
    )


@transaction.atomic(durable=True)
def clear_overrides(
    *,
    version: PlanVersion,
    months: Collection[str],
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Target:
    """
    Give months set by hand back to the split; the annual target stays.

    Where a rule made the other months, all but the remaining overrides are spread by it again; otherwise the amounts stay as
    they are, and the next split may change them. Of a rate, they ask again for what the other months ask for.
    :raises NoTargetYet, OverridesDoNotFit, PlanIsActive, VersionConflict, NotAllowed: as `change_months`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    row = _seen(version, lock_version, unit=unit, person=person, scope=scope)
    left = {month: told for month, told in row.overrides.items() if month not in months}
    amounts: Sequence[Decimal] = queries.months_of(row)
    if not scope.adds_up:
        amounts = _as_the_others(row, months)
    elif row.split in RULES:
        shape = queries.shape_of(Target.Split(row.split), version=version, unit=unit, person=person, scope=scope)
        fixed = {month: getattr(row, month) for month in left}
        amounts = _around(row.total, _with_closed(row, fixed), shape.weights, _least(version, scope))
    return _write(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        months=amounts,
        split=row.split,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.overrides_cleared",
        columns={"overrides": left},
        cleared={month: told for month, told in row.overrides.items() if month in months},
    )


@transaction.atomic(durable=True)
def lock_total(
    *,
    version: PlanVersion,
    locked: bool,
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Target:
    """
    Keep a target's total while its months change, or let it follow them.

    :raises AmountIsInvalid: for a rate, which has no total
    :raises NoTargetYet, PlanIsActive, VersionConflict, NotAllowed: as `change_months`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    _refuse_rate(scope, "locked")
    row = _seen(version, lock_version, unit=unit, person=person, scope=scope)
    return _write(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        months=queries.months_of(row),
        split=row.split,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.locked" if locked else "planning.target.unlocked",
        columns={"total_locked": locked},
    )


@within_transaction
def _seen(
    version: PlanVersion,
    lock_version: int,
    *,
    unit: OrgUnit | None,
    person: User | None,
    scope: Scope = PLAIN,
    mine: Mapping[str, Decimal] | None = None,
) -> Target:
    """Return the row that the person looked at. :raises NoTargetYet, VersionConflict: where it is not there, or another now"""
    row = _row(version, unit, person, scope)
    if row is None:
        raise NoTargetYet()
    if row.lock_version != lock_version:
        theirs = queries.months_of(row)
        wanted = dict(zip(MONTHS, theirs, strict=True)) | dict(mine or {})
        raise VersionConflict(
            current=row.lock_version, theirs=[str(part) for part in theirs], mine=[str(wanted[m]) for m in MONTHS]
        )
    return row


def _as_the_others(row: Target, cleared: Collection[str]) -> list[Decimal]:
    """Return the months of a rate of which some are given back: these ask for what a month that nobody set asks for."""
    closed = MONTHS[: row.version.closed_months]
    by_rule = next((month for month in MONTHS if month not in row.overrides and month not in closed), None)
    return [
        getattr(row, by_rule if by_rule and month in cleared and month in row.overrides else month) for month in MONTHS
    ]


def _refuse_rate(scope: Scope, field: str) -> None:
    if not scope.adds_up:
        message = _("The months of a rate do not add up, so there is no total to keep and none to be a share of.")
        raise AmountIsInvalid(message, problems=[Problem(field, message)])


def _told(row: Target, month: str, amount: Decimal, new: Override) -> dict[str, object]:
    """Return what is kept about a month set by hand; without a new reason, an unchanged amount keeps all it had."""
    had = row.all_overrides.get(month)
    if had is None or new.reason:
        return new.stored
    return had.stored if getattr(row, month) == amount else replace(new, reason=had.reason).stored


def _refuse_unknown(amounts: Mapping[str, Decimal], shares: Mapping[str, Decimal], reason: str) -> None:
    problems = []
    for month in sorted({*amounts, *shares}):
        if month not in MONTHS:
            problems.append(Problem(month, _("There is no such month.")))
        elif month in amounts and month in shares:
            problems.append(Problem(month, _("Give a month as an amount or as a share, not both.")))
        elif not 0 <= shares.get(month, 0) <= 1:
            problems.append(Problem(month, _("A share of the year is between 0 and 100 %.")))
    if not amounts and not shares:
        problems.append(Problem("amounts", _("Name at least one month.")))
    if len(reason) > LONGEST_REASON:
        problems.append(Problem("reason", _("At most %(most)s characters.") % {"most": LONGEST_REASON}))
    if problems:
        raise AmountIsInvalid(problems[0].message, problems=problems)
