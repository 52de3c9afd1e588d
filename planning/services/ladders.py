"""Taking over a ladder: the months of a target become the steps that were shown."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.access import require
from planning import policies, queries
from planning.ladders import Keep, Rates
from planning.models import PlanVersion, Target
from teams.models import OrgUnit, User

from .refusals import NothingToGrowFrom
from .targets import _write


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
    Set a target's months to the ladder that keeps one of the typed rates.

    :param base: a typed total to grow from; None = what was won in the twelve months before
    :raises NothingToGrowFrom: without a base, or without the rate that is to be kept
    :raises PlanIsActive, VersionConflict, AmountIsInvalid, NotAllowed: as `set_target`
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    ground = queries.base_of(version=version, as_of=as_of, unit=unit, person=person, typed=base)
    sheet = queries.ladder_sheet(version=version, rates=rates, base=ground)
    chosen = sheet.keeping(keep)
    if chosen is None:
        raise NothingToGrowFrom(_("There is nothing to grow from, or no such rate was entered."))
    return _write(
        version=version,
        unit=unit,
        person=person,
        months=chosen.months,
        split=Target.Split.LADDER,
        actor=actor,
        lock_version=lock_version,
        event="planning.target.climbed",
        keep=keep,
        growth={"year": rates.year, "quarter": rates.quarter, "month": rates.month},
        base=str(ground.total),
        source=ground.source,
    )
