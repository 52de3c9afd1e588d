"""Who gets the credit for a deal, when more than its owner does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, Problem
from customers import policies
from customers.models import WHOLE, Deal, DealCredit
from customers.services.ledger import _claim, business_date, current_deal
from teams.models import Company, User

MOST = 8  # people in one agreement


@dataclass(frozen=True)
class Part:
    """
    One person's part.

    :param points: hundredths of a per cent
    :param is_overlay: credit on top of the 100 %, shown beside and never added to a total
    """

    person: User
    points: int
    is_overlay: bool = False


@transaction.atomic(durable=True)
def share_credit(
    *,
    deal: Deal,
    version: int,
    actor: User,
    now: datetime,
    parts: Sequence[Part],
    valid_from: date | None = None,
    reason: str = "",
) -> Deal:
    """
    Agree who gets which part of a deal. Nothing agreed before is changed: the newest agreement that holds on a day counts.

    Shares that are no overlay add up to 100 %. No parts at all give the whole deal back to its owner.

    :param valid_from: the first business day for which it holds; None = since the deal began
    :raises VersionConflict: somebody changed the deal since it was read
    :raises Invalid: unless the shares add up, for a person named twice or out of reach, for a day that lies ahead
    :raises NotAllowed: for whoever does not lead the deal's owner
    """
    current = current_deal(deal=deal, version=version)
    require(policies.can_share_credit(actor, current))
    first = valid_from or current.created_date
    wanted = list(parts) or [Part(current.owner, WHOLE)]
    _check(wanted, current, actor, first=first, today=business_date(now, Company.objects.the_one().time_zone))
    _claim(current)
    last = current.credits.aggregate(last=Max("seq"))["last"] or 0
    DealCredit.objects.bulk_create(
        DealCredit(
            deal=current,
            seq=last + 1,
            valid_from=first,
            person=part.person,
            points=part.points,
            is_overlay=part.is_overlay,
            reason=reason,
            actor=actor,
        )
        for part in wanted
    )
    audit.record(
        "customers.deal.credit_shared",
        actor=actor,
        subject=current,
        parts=[[part.person, part.points / WHOLE, "overlay" if part.is_overlay else "share"] for part in wanted],
        valid_from=first,
        reason=reason,
        version=current.version,
    )
    return current


def _check(parts: Sequence[Part], deal: Deal, actor: User, *, first: date, today: date) -> None:
    problems = []
    whole = sum(part.points for part in parts if not part.is_overlay)
    if whole != WHOLE:
        told = _("The shares add up to %(sum)s %%; they must be 100 %%. Mark what comes on top as overlay.")
        problems.append(Problem("parts", told % {"sum": f"{whole / 100:g}"}))
    if len(parts) > MOST or not all(1 <= part.points <= WHOLE for part in parts):
        problems.append(Problem("parts", _("Name at most eight people, each with more than 0 % and at most 100 %.")))
    people = [part.person.pk for part in parts]
    if len(set(people)) < len(people):
        problems.append(Problem("parts", _("Name every person once.")))
    named = {deal.owner_id, *deal.credits.values_list("person", flat=True)}
    known = set(User.objects.known_to(actor).active().filter(pk__in=people).values_list("pk", flat=True))
    if set(people) - known - named:
        problems.append(Problem("parts", _("Choose people whose names you know.")))
    if first > today:
        problems.append(Problem("valid_from", _("Choose today or an earlier day.")))
    if problems:
        raise Invalid(_("The credit cannot be shared like this."), problems=problems)
