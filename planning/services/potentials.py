"""What the markets of units and people could bring, as somebody judged it or another system delivered it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core import audit
from core.access import require
from core.errors import VersionConflict
from core.transactions import within_transaction
from planning import policies
from planning.models import Plan, Potential
from planning.queries.outline import row_key
from planning.queries.potentials import JudgedPotential
from teams.models import OrgUnit, User


@transaction.atomic(durable=True)
def set_potentials(
    *, plan: Plan, rows: Sequence[JudgedPotential], origin: str, actor: User, at: datetime
) -> list[JudgedPotential]:
    """
    Set potentials as they were judged; what is asked for without an amount is forgotten. Returns the rows that changed.

    :raises VersionConflict: where one is no longer what was looked at; its `extra` names them
    :raises NotAllowed: for oneself, or anybody out of reach
    """
    reach = policies.target_reach(actor)
    for row in rows:
        require(reach.covers(unit=row.unit.pk if row.unit else None, person=row.person.pk if row.person else None))
    Plan.objects.select_for_update().get(pk=plan.pk)  # one at a time: a row that is not there yet cannot be held
    now = {row_key(unit=row.unit_id, person=row.person_id): row.amount for row in plan.potentials.all()}
    changed = [row for row in rows if row.amount != now.get(row.key)]
    if others := [str(row.unit or row.person) for row in changed if row.seen != now.get(row.key)]:
        raise VersionConflict(current=0, changed=others)
    for row in changed:
        if row.amount is None:
            plan.potentials.filter(unit=row.unit, person=row.person).delete()
    kept = [(row.unit, row.person, row.amount) for row in changed if row.amount is not None]
    _keep_potentials(plan, kept, origin=origin, actor=actor, at=at)
    if changed:
        told = {row.key: [now.get(row.key), row.amount] for row in changed}
        audit.record("planning.potential.set", actor=actor, subject=plan, changes=told, origin=origin)
    return changed


@transaction.atomic(durable=True)
def import_potentials(
    *, plan: Plan, rows: Sequence[tuple[OrgUnit | None, User | None, Decimal]], actor: User, at: datetime
) -> list[Potential]:
    """
    Keep what another system says the market of units and people could bring; what was known of them is replaced.

    :raises NotAllowed: for oneself, or anybody out of reach
    """
    reach = policies.target_reach(actor)
    for unit, person, _amount in rows:
        require(reach.covers(unit=unit.pk if unit else None, person=person.pk if person else None))
    kept = _keep_potentials(plan, rows, origin=Potential.Origin.IMPORTED, actor=actor, at=at)
    audit.record("planning.potential.imported", actor=actor, subject=plan, rows=len(kept))
    return kept


@within_transaction
def _keep_potentials(
    plan: Plan,
    rows: Sequence[tuple[OrgUnit | None, User | None, Decimal]],
    *,
    origin: str,
    actor: User,
    at: datetime,
) -> list[Potential]:
    return [
        Potential.objects.update_or_create(
            plan=plan,
            unit=unit,
            person=person,
            defaults={"amount": amount, "origin": origin, "set_by": actor, "set_at": at},
        )[0]
        for unit, person, amount in rows
    ]
