"""Spreading a target over those below it: the proposal that was looked at, written in one transaction, with one audit line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies
from planning.models import MONTHS, PLAIN, PlanVersion, Potential, Target
from planning.queries.cascades import Proposal, Share, Wish
from planning.queries.outline import row_key
from planning.queries.parts import held_parts
from planning.queries.spreading import proposal
from planning.queries.weights import Method
from teams.models import OrgUnit, User

from .potentials import _keep_potentials
from .refusals import AmountIsInvalid, CascadeIsInvalid
from .targets import _around_closed, _check, _least
from .versions import _hold_draft, _refuse_held


@transaction.atomic(durable=True)
def cascade_target(
    *,
    version: PlanVersion,
    unit: OrgUnit,
    wish: Wish,
    seen: Mapping[str, int],
    actor: User,
    as_of: date,
    at: datetime,
) -> Proposal:
    """
    Spread the target of a unit over the units and people below it. Rows that are kept stay as they are.

    :param seen: versions of the rows that the person looked at, by key of the spot; 0 = there was none
    :raises PlanIsActive: unless the version is a draft
    :raises PartIsHeld: where a row belongs to a part that is handed up
    :raises AmountIsInvalid: where a row is to ask for less in all than in the months that are over in a plan made anew
    :raises CascadeIsInvalid: for a wish that cannot be carried out, saying why
    :raises VersionConflict: where somebody changed one of the rows since; its `extra` names them
    :raises NotAllowed: for a unit out of reach; rows that the actor may not set, the own above all, are kept
    """
    require(policies.can_spread(actor, version, unit))
    _hold_draft(version)
    found = proposal(version=version, unit=unit.pk, wish=wish, reach=policies.target_reach(actor), as_of=as_of)
    if found.problems:
        raise CascadeIsInvalid(found.problems[0][1], problems=[Problem(*problem) for problem in found.problems])
    _lock(version, found.shares, seen)
    changed = [share for share in found.shares if share.is_changed]
    held = held_parts(version)
    for share in changed:
        _refuse_held(version, actor, unit=share.spot.unit, person=share.spot.person, held=held)
    _write_rows(version, changed)
    _keep(version, found.direct, wish)
    if wish.method == Method.POTENTIAL:
        typed = {
            share.spot.key: (share, weight) for share in found.direct if (weight := wish.of(share.spot.key).weight)
        }
        _keep_potentials(
            version.plan,
            [(share.spot.unit, share.spot.person, amount) for share, amount in typed.values()],
            origin=Potential.Origin.TYPED,
            actor=actor,
            at=at,
        )
    audit.record(
        "planning.target.cascaded",
        actor=actor,
        subject=found.parent.target or version,
        unit=unit,
        method=wish.method,
        percent=wish.percent,
        deep=wish.deep,
        fill=wish.fill,
        months=wish.shape,
        rows={share.spot.key: [share.spot.total, share.proposed] for share in changed},
        kept={share.spot.key: share.kept for share in found.shares if share.kept},
    )
    return found


@within_transaction
def _lock(version: PlanVersion, shares: Sequence[Share], seen: Mapping[str, int]) -> None:
    """Hold the rows as they were seen, in one order. :raises VersionConflict: for those that are not"""
    units = [share.spot.unit.pk for share in shares if share.spot.unit]
    people = [share.spot.person.pk for share in shares if share.spot.person]
    rows = Target.objects.plain().select_for_update().filter(Q(unit__in=units) | Q(person__in=people), version=version)
    held = {row_key(unit=row.unit_id, person=row.person_id): row.lock_version for row in rows.order_by("pk")}
    others = [share for share in shares if held.get(share.spot.key, 0) != seen.get(share.spot.key, 0)]
    if others:
        raise VersionConflict(
            current=max(held.values(), default=0),
            changed=[share.spot.name for share in others],
            versions={share.spot.key: held.get(share.spot.key, 0) for share in others},
        )


@within_transaction
def _write_rows(version: PlanVersion, shares: Sequence[Share]) -> None:
    """Write the proposal's rows; whoever sees them next sees another version of each."""
    fresh: list[Target] = []
    known: list[Target] = []
    for share in shares:
        row = share.spot.target or Target(version=version, **share.spot.whose, lock_version=0)
        _check({"total": share.proposed or Decimal(0)}, _least(version, PLAIN), PLAIN)
        least = _least(version, PLAIN)
        closed = [getattr(row, month) or Decimal(0) for month in MONTHS[: version.closed_months]]
        for month, amount in zip(MONTHS, _around_closed(share.months or (), closed, PLAIN, least), strict=True):
            setattr(row, month, amount)
        row.split, row.kept_reason = Target.Split.MANUAL, ""
        row.basis, row.growth = Target.Leads.ABSOLUTE, None  # the amount comes from above, and the growth follows it
        row.stretch_over, row.challenge_over = share.stretch_over, share.challenge_over
        row.lock_version += 1
        (known if share.spot.target else fresh).append(row)
    Target.objects.bulk_update(
        known, [*MONTHS, "split", "basis", "growth", "kept_reason", "stretch_over", "challenge_over", "lock_version"]
    )
    try:
        with transaction.atomic():
            Target.objects.bulk_create(fresh)
    except IntegrityError:
        raise VersionConflict(
            current=1, changed=[share.spot.name for share in shares if not share.spot.target]
        ) from None


@within_transaction
def _keep(version: PlanVersion, shares: Sequence[Share], wish: Wish) -> None:
    """Keep the reasons that were given for rows that keep what they have."""
    for share in shares:
        reason = wish.of(share.spot.key).keep
        target = share.spot.target
        if target and reason and share.may_set and reason != target.kept_reason:
            Target.objects.filter(pk=target.pk).update(kept_reason=reason, lock_version=target.lock_version + 1)


@dataclass(frozen=True)
class Levels:
    """The higher levels of a target's year, as totals; None = there is none."""

    stretch: Decimal | None
    challenge: Decimal | None


@transaction.atomic(durable=True)
def set_levels(
    *,
    version: PlanVersion,
    levels: Levels,
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Target:
    """
    Set the stretch and challenge totals of a target's year.

    :raises PlanIsActive, VersionConflict, NotAllowed: as `set_target`
    :raises AmountIsInvalid: without a target, below it, or for a challenge below the stretch
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    _hold_draft(version)
    _refuse_held(version, actor, unit=unit, person=person)
    target = Target.objects.plain().select_for_update().filter(version=version, unit=unit, person=person).first()
    if target is None:
        raise AmountIsInvalid(_("Set the target first: stretch and challenge stand above it."))
    if target.lock_version != lock_version:
        raise VersionConflict(current=target.lock_version)
    was = [target.stretch, target.challenge]
    problems = [
        Problem(name, _("This is below the target of %(total)s.") % {"total": target.total}, "below_target")
        for name, total in (("stretch", levels.stretch), ("challenge", levels.challenge))
        if total is not None and total < target.total
    ]
    if levels.stretch is not None and levels.challenge is not None and levels.challenge < levels.stretch:
        problems.append(Problem("challenge", _("The challenge is at least the stretch."), "below_stretch"))
    if problems:
        raise AmountIsInvalid(problems[0].message, problems=problems)
    _check(
        {name: total for name in ("stretch", "challenge") if (total := getattr(levels, name)) is not None},
        _least(version, PLAIN),
        PLAIN,
    )
    target.stretch_over = None if levels.stretch is None else levels.stretch - target.total
    target.challenge_over = None if levels.challenge is None else levels.challenge - target.total
    target.lock_version += 1
    target.save(update_fields=["stretch_over", "challenge_over", "lock_version", "updated_at"])
    audit.record(
        "planning.target.levels_set",
        actor=actor,
        subject=target,
        was=was,
        stretch=levels.stretch,
        challenge=levels.challenge,
    )
    return target
