"""Calls: what people say, kept beside what is computed."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem
from customers.models import Deal
from planning import policies
from planning.models import DealCall, DealForecast, ForecastCall, NodeForecast, Plan
from planning.queries.calls import CALLED_PERIODS, period_days
from planning.queries.forecasts import shown_run
from teams.models import OrgUnit, User

from .refusals import CallIsInvalid, DealIsClosed, PeriodIsOver


@transaction.atomic(durable=True)
def submit_call(
    *,
    plan: Plan,
    actor: User,
    at: datetime,
    period: str,
    commit: Decimal,
    best_case: Decimal | None = None,
    reason: str = "",
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> ForecastCall:
    """
    Keep what somebody says a period of a unit or person will bring. Earlier calls stay as they were.

    :param reason: needed where the call is about somebody below, not one's own
    :raises NotAllowed: about anybody who is neither oneself nor below
    :raises CallIsInvalid: for a period that no plan has, a best case below the commit, a missing reason
    :raises PeriodIsOver: once the period has ended in the plan's time zone
    """
    require(policies.can_call(actor, unit=unit, person=person))
    is_own = policies.is_own_call(actor, unit=unit, person=person)
    _check(period=period, commit=commit, best_case=best_case, reason=reason, is_own=is_own)
    if at.astimezone(ZoneInfo(plan.time_zone)).date() >= period_days(plan, period)[1]:
        raise PeriodIsOver(_("This period is over: what it brought is known."))
    run = shown_run(plan)
    row = NodeForecast.objects.filter(run=run, unit=unit, person=person, period=period).first() if run else None
    call = ForecastCall.objects.create(
        plan=plan,
        unit=unit,
        person=person,
        period=period,
        caller=actor,
        stand=ForecastCall.Stand.OWN if is_own else ForecastCall.Stand.ABOVE,
        commit=commit,
        best_case=best_case,
        reason=reason.strip(),
        computed=row.expected if row else None,
        called_at=at,
    )
    audit.record(
        "planning.call.submitted", actor=actor, subject=call, unit=unit, person=person, period=period, commit=commit
    )
    return call


def _check(*, period: str, commit: Decimal, best_case: Decimal | None, reason: str, is_own: bool) -> None:
    problems = []
    if period not in CALLED_PERIODS:
        problems.append(Problem("period", _("Name a month M01 to M12, a quarter Q1 to Q4, or FY."), "unknown"))
    if commit < 0:
        problems.append(Problem("commit", _("A call is not less than nothing."), "negative"))
    if best_case is not None and best_case < commit:
        problems.append(Problem("best_case", _("The best case is at least the commit."), "below_commit"))
    if not is_own and not reason.strip():
        problems.append(
            Problem("reason", _("Say why you judge differently: it is kept beside their own call."), "required")
        )
    if problems:
        raise CallIsInvalid(_("Check the call."), problems=problems)


@transaction.atomic(durable=True)
def call_deal(*, deal: Deal, actor: User, at: datetime, category: str, reason: str = "") -> DealCall:
    """
    Keep somebody's judgement of an open deal, beside its computed chance.

    :raises CallIsInvalid: where whoever leads judges somebody else's deal without a reason
    :raises DealIsClosed: once the deal is won or lost
    """
    require(policies.can_call(actor, person=deal.owner))
    if not deal.stage.is_open:
        raise DealIsClosed(_("This deal is closed: how it came out is known."))
    if deal.owner_id != actor.pk and not reason.strip():
        message = _("Say why you judge differently: it is kept beside their own call.")
        raise CallIsInvalid(message, problems=[Problem("reason", message, "required")])
    known = DealForecast.objects.filter(deal=deal).order_by("-run__business_date", "-pk").first()
    call = DealCall.objects.create(
        deal=deal,
        caller=actor,
        category=category,
        reason=reason.strip(),
        p_win=known.p_win if known else None,
        called_at=at,
    )
    audit.record("planning.deal.called", actor=actor, subject=deal, category=category)
    return call
