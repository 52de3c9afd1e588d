"""The weekly mail: the warnings that ask for a manager's attention, once per person and week."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from planning.models import WarningDigest
from planning.queries.warnings import WarningLine, top_warnings
from teams.models import Management, User

log = logging.getLogger(__name__)
FIRST_HOUR = 7  # of Monday, in the plan's zone
LAST_DAY = 1  # Tuesday: later the mail would be about a week that is half over
MOST = 10


def due_week(*, now: datetime, time_zone: str) -> date | None:
    """Return the Monday whose mail is due now, None where none is."""
    local = now.astimezone(ZoneInfo(time_zone))
    if local.weekday() > LAST_DAY or (local.weekday() == 0 and local.hour < FIRST_HOUR):
        return None
    return local.date() - timedelta(days=local.weekday())


def send_digests(*, week: date, clock: Callable[[], datetime], link_base: str = "") -> int:
    """
    Mail every unit's manager the warnings that wait for them, and return how many mails left.

    Who has had this week's mail gets none, however often this runs; nor does who has nothing waiting, or does not want it.
    One that fails stops no other, and is tried again by the next run.

    :param week: the Monday
    :param link_base: where the pages stand, e.g. https://plan.company.example; without it the mail has no links
    """
    managers = Management.objects.current().values("user")
    readers = User.objects.active().filter(pk__in=managers, weekly_mail=True).exclude(email="").order_by("pk")
    had = WarningDigest.objects.filter(week_date=week).values("person")
    return sum(_send_one(person, week, clock(), link_base) for person in readers.exclude(pk__in=had))


def _send_one(person: User, week: date, now: datetime, link_base: str) -> bool:
    with translation.override(person.language or settings.LANGUAGE_CODE):
        lines = top_warnings(person, most=MOST)
        if not lines:
            return False
        claim = _claim(person, week, now, len(lines))
        if claim is None:
            return False
        try:
            _mail(person, lines, week, link_base).send()
        except OSError:  # the mail server: SMTPException is one
            log.exception("the digest of %s for %s did not leave; the next run tries again", person.pk, week)
            _give_back(claim)
            return False
    _note_sent(claim, now)
    return True


@transaction.atomic(durable=True)
def _claim(person: User, week: date, now: datetime, warnings: int) -> WarningDigest | None:
    """Take the week's mail of a person; None where another has it. A death after this means no mail, never two."""
    row, is_mine = WarningDigest.objects.get_or_create(
        person=person, week_date=week, defaults={"warnings": warnings, "claimed_at": now}
    )
    return row if is_mine else None


@transaction.atomic(durable=True)
def _give_back(claim: WarningDigest) -> None:
    claim.delete()


@transaction.atomic(durable=True)
def _note_sent(claim: WarningDigest, at: datetime) -> None:
    WarningDigest.objects.filter(pk=claim.pk).update(sent_at=at)


def _mail(person: User, lines: list[WarningLine], week: date, link_base: str) -> EmailMultiAlternatives:
    base = link_base.rstrip("/")
    context = {"person": person, "lines": lines, "week": week, "link_base": base}
    subject = ngettext(
        "Yearline: %(n)d conversion below its history",
        "Yearline: %(n)d conversions below their history",
        len(lines),
    ) % {"n": len(lines)}
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("planning/mail/warning_digest.txt", context),
        to=[person.email],
        headers={
            "Message-ID": f"<digest-{person.pk}-{week.isoformat()}@yearline>",
            **({"List-Unsubscribe": f"<{base}{reverse('teams:profile')}>"} if base else {}),
        },
    )
    mail.attach_alternative(render_to_string("planning/mail/warning_digest.html", context), "text/html")
    return mail
