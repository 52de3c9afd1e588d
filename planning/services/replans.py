"""A plan made anew: a draft with the targets of the version that counts, in the middle of the year with what is over kept."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import IN_THE_WORKS, MONTHS, Plan, PlanVersion, Target
from planning.queries import Replanned
from teams.models import User

from .refusals import DraftExists, MonthIsClosed, NoActiveVersion, PlanIsClosed, ShortfallIsUndecided
from .taking_over import _take_over_market
from .versions import _hold_versions

Status = PlanVersion.Status


@transaction.atomic(durable=True)
def revise_plan(
    *,
    plan: Plan,
    actor: User,
    as_of: date,
    effective_date: date | None = None,
    shortfall: str = "",
    note: str = "",
) -> PlanVersion:
    """
    Begin a new draft with the targets of the version that counts, or of the approved one that is about to.

    The months before the effective month keep their targets; what they lack so far is dealt with as `shortfall` says, see
    `queries.replans`.

    :param effective_date: the first day of the month that the draft takes effect from; None = of the whole year
    :param shortfall: one of `PlanVersion.Shortfall`; nothing where no month is over
    :raises NoActiveVersion: where none is approved or counts yet: the draft itself can be changed
    :raises PlanIsClosed: after the close of its year
    :raises DraftExists: where a draft is being worked on, or handed up
    :raises MonthIsClosed: for a month that is over, or not of this year
    :raises ShortfallIsUndecided: where months are over and nobody said what becomes of what they lack
    """
    require(policies.can_plan(actor))
    return _begin_draft(
        plan=plan, actor=actor, as_of=as_of, effective_date=effective_date, shortfall=shortfall, note=note
    )


@within_transaction
def _begin_draft(
    *, plan: Plan, actor: User, as_of: date, effective_date: date | None, shortfall: str, note: str
) -> PlanVersion:
    """Do what `revise_plan` says, within the transaction of another service."""
    versions = list(_hold_versions(plan.pk).values())
    by_status = {found.status: found for found in versions}
    if Status.CLOSED in by_status:
        raise PlanIsClosed(_("This plan is closed with its year; it is revised no more."))
    base = by_status.get(Status.APPROVED) or by_status.get(Status.ACTIVE)
    if base is None:
        raise NoActiveVersion(_("No version of this plan is active yet; change its draft."))
    if any(found.status in IN_THE_WORKS for found in versions):
        raise DraftExists(_("A draft of this plan is being worked on; finish it or change it."))
    effective = _effective(plan, effective_date, as_of)
    closes = effective != plan.fiscal_year.first_date
    if closes and shortfall not in PlanVersion.Shortfall.values:
        message = _("Choose what becomes of what the months that are over lack.")
        raise ShortfallIsUndecided(message, problems=[Problem("shortfall", message)])
    draft = PlanVersion.objects.create(
        plan=plan,
        number=max(found.number for found in versions) + 1,
        note=note,
        based_on=base,
        effective_date=effective if closes else None,
        shortfall=shortfall if closes else "",
        created_by=actor,
    )
    rows = list(base.targets.order_by("pk"))
    found = queries.replanned(base=base, targets=rows, effective_date=effective, shortfall=shortfall, as_of=as_of)
    Target.objects.bulk_create(_copy(row, draft, found[row.pk]) for row in rows)
    _take_over_market(base=base, draft=draft)
    facts = {"effective_date": draft.effective_date, "shortfall": draft.shortfall, "note": note}
    audit.record("planning.plan.revised", actor=actor, subject=draft, number=draft.number, based_on=base, **facts)
    return draft


def _effective(plan: Plan, effective_date: date | None, as_of: date) -> date:
    """Return the month that the draft takes effect from. :raises MonthIsClosed: for one that is over, or of another year"""
    wanted = effective_date or plan.fiscal_year.first_date
    if wanted not in queries.effective_months(plan, as_of):
        message = (
            _("Choose the running month of this plan's year, or a later one: what is over keeps its targets.")
            if as_of < plan.fiscal_year.after_date
            else _("The year is over; there is nothing left to plan in it.")
        )
        raise MonthIsClosed(message, problems=[Problem("effective_date", message)])
    return wanted


def _copy(row: Target, draft: PlanVersion, planned: Replanned) -> Target:
    """Copy a row into another version with all that people decided on it."""
    kept = {name: getattr(row, name) for name in Target.own_fields() if name not in {*MONTHS, "carried"}}
    months = dict(zip(MONTHS, planned.months, strict=True))
    carried = list(planned.carried) if any(planned.carried) else []
    return Target(version=draft, **kept, **months, carried=carried)
