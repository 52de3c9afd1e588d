from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import DomainError, Invalid, Problem
from core.periods import Span, is_working_day
from teams import policies
from teams.models import Company, User, WorkdayOverride

LONGEST = 62  # days that one entry may change: two months


class DayIsListed(DomainError):
    """The company's calendar says something about the day already."""

    code = "day_is_listed"


class DayIsNotListed(DomainError):
    """Somebody took the day out of the calendar in the meantime."""

    code = "day_is_not_listed"


@transaction.atomic(durable=True)
def list_workdays(
    *, actor: User, now: datetime, first: date, last: date | None, is_workday: bool, name: str
) -> list[WorkdayOverride]:
    """
    Say that people work on days that are off otherwise, or are off on days that are worked otherwise.

    Days that are so anyway are left out: what stands in the table is what differs from the public calendar.
    :raises Invalid: no name, an end before the beginning, more than two months, or nothing that would change
    :raises DayIsListed: where a day of the span stands in the table; take it out first, so that nothing is lost unseen
    """
    require(policies.can_keep_calendar(actor))
    last = last or first
    if not name.strip():
        raise _invalid("name", _("Give the day a name."))
    if last < first:
        raise _invalid("last", _("The last day is not before the first."))
    if (last - first).days >= LONGEST:
        raise _invalid("last", _("At most %(days)s days at once.") % {"days": LONGEST})
    country = Company.objects.the_one().country
    days = [day for day in Span(first, last) if is_working_day(day, country=country) != is_workday]
    listed = WorkdayOverride.objects.filter(day__range=(first, last)).first()
    if listed is not None:
        raise _is_listed(listed.day)
    if not days:
        said = _("People work then anyway.") if is_workday else _("These days are off anyway.")
        raise _invalid("first", said)
    rows = [
        WorkdayOverride(day=day, is_workday=is_workday, note=name.strip(), made_by=actor, made_at=now) for day in days
    ]
    try:
        with transaction.atomic():
            WorkdayOverride.objects.bulk_create(rows)
    except IntegrityError:  # two people at once: the database lets one of them
        raise _is_listed(first) from None
    for row in rows:
        audit.record(
            "teams.workday.listed", actor=actor, subject=row, day=row.day, is_workday=is_workday, name=row.note
        )
    return rows


@transaction.atomic(durable=True)
def drop_workday(*, actor: User, workday: WorkdayOverride) -> date:
    """
    Take a day out of the company's calendar: the public one decides again.

    :raises DayIsNotListed: where somebody did so already
    """
    require(policies.can_keep_calendar(actor))
    row = WorkdayOverride.objects.select_for_update().filter(pk=workday.pk).first()
    if row is None:
        raise DayIsNotListed(_("This day was taken out already."))
    audit.record(
        "teams.workday.dropped", actor=actor, subject=row, day=row.day, is_workday=row.is_workday, name=row.note
    )
    row.delete()
    return row.day


def _is_listed(day: date) -> DayIsListed:
    return DayIsListed(_("%(day)s stands in the calendar already; take it out first.") % {"day": day.isoformat()})


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, problems=[Problem(field, message)])
