"""What a target grows from, and by how much: a growth sets the total, and a total sets the growth."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.access import require
from core.errors import Problem
from planning import policies, queries
from planning.models import PLAIN, BaseSource, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

from .months import _seen
from .refusals import AmountIsInvalid, NothingToGrowFrom
from .targets import _least, _spread, _write

LARGEST_GROWTH = Decimal(10)  # eleven times the base


@transaction.atomic(durable=True)
def grow_target(
    *,
    version: PlanVersion,
    source: str,
    growth: Decimal | None,
    as_of: date,
    actor: User,
    lock_version: int,
    typed: Decimal | None = None,
    split: str = Target.Split.SEASON,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Target:
    """
    Say what a target grows from; with a growth, the total follows from it, without one the growth follows from the total.

    A total that a growth made is locked: months may change, their sum does not. It is spread by a rule around the months set
    by hand. A rate grows in proportion (a fifth above 20 % is 24 %), and every month asks for it. Where the base changes later,
    call it again: the growth stays and the total follows.

    :param source: of `BaseSource`: what was won in the year before, a typed amount, or none (the growth is then n/a)
    :param growth: a fraction above -1 and at most 10; None = keep the total
    :param typed: the base, where it is typed
    :raises NothingToGrowFrom: where nothing was won, no base was typed, or a growth is asked of no base
    :raises NoTargetYet: without a growth, for a row without a total
    :raises OverridesDoNotFit, PlanIsActive, VersionConflict, AmountIsInvalid, NotAllowed: as `split_target`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    if growth is not None and not -1 < growth <= LARGEST_GROWTH:
        message = _("A rate is above -100 and at most 1000 per cent.")
        raise AmountIsInvalid(message, problems=[Problem("growth", message)])
    base = _base(version, source, typed, as_of=as_of, unit=unit, person=person, scope=scope)
    columns: dict[str, object] = {
        "base_source": source,
        "base_amount": base,
        "base_as_of": as_of if source == BaseSource.LAST_YEAR else None,
    }
    if growth is None:
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
            event="planning.target.base_set",
            columns={**columns, "basis": Target.Leads.ABSOLUTE, "growth": None},
            base=base,
            source=source,
        )
    if base is None:
        raise NothingToGrowFrom(_("There is nothing to grow from: choose what was won last year, or enter a base."))
    least = _least(version, scope)
    rate = growth.quantize(Decimal("0.00000001"))
    total = (base * (1 + rate) / least).quantize(Decimal(1), ROUND_HALF_EVEN) * least
    return _spread(
        version=version,
        unit=unit,
        person=person,
        scope=scope,
        total=total,
        split=split,
        actor=actor,
        lock_version=lock_version,
        columns={**columns, "basis": Target.Leads.GROWTH, "growth": rate, "total_locked": scope.adds_up},
        event="planning.target.grown",
        growth=rate,
        base=base,
        source=source,
    ).target


def _base(
    version: PlanVersion,
    source: str,
    typed: Decimal | None,
    *,
    as_of: date,
    unit: OrgUnit | None,
    person: User | None,
    scope: Scope,
) -> Decimal | None:
    match BaseSource(source):
        case BaseSource.NONE:
            return None
        case BaseSource.TYPED:
            if typed is None or typed <= 0:
                message = _("Enter the base that the growth is counted from, above zero.")
                raise NothingToGrowFrom(message, problems=[Problem("base", message)])
            return typed
        case BaseSource.LAST_YEAR:
            base = queries.year_before(version=version, as_of=as_of, unit=unit, person=person, scope=scope)
            if not base:
                message = _("Nothing was won here in the twelve months before, so there is nothing to grow from.")
                raise NothingToGrowFrom(message)
            return base
