"""What only the pages of deals need from the template language."""

from datetime import datetime

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.queries import IDLE_AFTER

register = template.Library()


@register.filter
def days_before(then: datetime | None, now: datetime) -> int | None:
    """Return the whole days from an instant until now; None for None."""
    return None if then is None else max((now - then).days, 0)


@register.filter
def is_idle(then: datetime, now: datetime) -> bool:
    """Say whether nothing has happened for so long that the board shows it."""
    return now - then >= IDLE_AFTER


@register.filter
def overdue(due: datetime, now: datetime) -> str:
    """Return "Overdue 2 days", or nothing while there is time."""
    if due >= now:
        return ""
    days = (now - due).days
    if not days:
        return _("Overdue today")
    return ngettext("Overdue %(days)s day", "Overdue %(days)s days", days) % {"days": days}


@register.filter
def initial(name: object) -> str:
    """Return the letter that stands for a person on a small round picture."""
    return str(name).strip()[:1].upper() or "?"
