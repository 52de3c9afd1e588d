"""Taking over a ladder: the months of a target become the steps that were shown."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.access import require
from planning import policies, queries
from planning.ladders import Keep, Rates
from planning.models import PLAIN, BaseSource, PlanVersion, Target
from teams.models import OrgUnit, User

from .refusals import NothingToGrowFrom
from .targets import _around, _least, _row, _with_closed, _write


@transaction.atomic(durable=True)
def climb_target(
    *,
    version: PlanVersion,
    rates: Rates,
    keep: Keep,
    base: Decimal | None,
    as_of: date,
    actor: User,
    lock_version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Target:
    """
    Set a target's months to the ladder that keeps one of the typed rates; months set by hand stay, the others climb around.

    A ladder that keeps the year is a growth over its base, whose total is locked; the others make a total, whose growth over
    the base is told.

    :param base: a typed total to grow from; None = what was won in the twelve months before
    :raises NothingToGrowFrom: without a base, or without the rate that is to be kept
    :raises OverridesDoNotFit: where the months set by hand exceed the ladder's total
    :raises PlanIsActive, VersionConflict, AmountIsInvalid, NotAllowed: as `set_target`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    ground = queries.base_of(version=version, as_of=as_of, unit=unit, person=person, typed=base)
    sheet = queries.ladder_sheet(version=version, rates=rates, base=ground)
    chosen = sheet.keeping(keep)
    if chosen is None:
        raise NothingToGrowFrom(_("There is nothing to grow from, or no such rate was entered."))
    row = _row(version, unit, person)
    months: Sequence[Decimal] = chosen.months
    if row is not None and row.lock_version == lock_version:
        fixed = _with_closed(row, {month: getattr(row, month) for month in row.overrides})
        months = _around(chosen.total, fixed, chosen.months, _least(version, PLAIN)) if fixed else months
    columns: dict[str, object] = {
        "base_source": ground.source,
        "base_amount": ground.total,
        "base_as_of": as_of if ground.source is BaseSource.LAST_YEAR else None,
        "basis": Target.Leads.ABSOLUTE,
        "growth": None,
    }
    if keep is Keep.YEAR:
        rate = Decimal(repr(rates.year)).quantize(Decimal("0.00000001"))
        columns |= {"basis": Target.Leads.GROWTH, "growth": rate, "total_locked": True}
    return _write(
        version=version,
        unit=unit,
        person=person,
        months=months,
        split=Target.Split.LADDER,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.climbed",
        columns=columns,
        keep=keep,
        growth={"year": rates.year, "quarter": rates.quarter, "month": rates.month},
        base=str(ground.total),
        source=ground.source,
    )
