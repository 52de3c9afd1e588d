"""Calls, visits, mails, meetings: logged when done, or planned and finished later."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import audit
from core.errors import VersionConflict
from customers.models import Activity, Customer, Deal
from customers.services import refusals
from customers.services.ledger import CLOCK_TOLERANCE
from teams.models import User


@transaction.atomic(durable=True)
def log_activity(
    *,
    actor: User,
    kind: str,
    subject: str,
    done_at: datetime,
    now: datetime,
    deal: Deal | None = None,
    customer: Customer | None = None,
    note: str = "",
) -> Activity:
    """
    Record what the actor did with a customer, mostly about a deal.

    :raises TimeIsOutOfOrder: when it is said to have happened in the future
    :raises ActivityIsAboutNothing, DealIsOutOfReach, CustomerIsOutOfReach:
    """
    if done_at > now + CLOCK_TOLERANCE:
        raise refusals.TimeIsOutOfOrder(_("What is logged as done cannot lie in the future; plan it instead."))
    activity = _activity(actor=actor, kind=kind, subject=subject, deal=deal, customer=customer, note=note)
    activity.done_at = done_at
    activity.save(force_insert=True)
    audit.record("customers.activity.logged", actor=actor, subject=activity, kind=kind, deal=deal, customer=customer)
    return activity


@transaction.atomic(durable=True)
def plan_activity(
    *,
    actor: User,
    kind: str,
    subject: str,
    due_at: datetime,
    deal: Deal | None = None,
    customer: Customer | None = None,
    note: str = "",
) -> Activity:
    """
    Plan what the actor will do: the next step of a deal, a visit.

    :raises ActivityIsAboutNothing, DealIsOutOfReach, CustomerIsOutOfReach:
    """
    activity = _activity(actor=actor, kind=kind, subject=subject, deal=deal, customer=customer, note=note)
    activity.due_at = due_at
    activity.save(force_insert=True)
    audit.record("customers.activity.planned", actor=actor, subject=activity, kind=kind, due_at=due_at, deal=deal)
    return activity


@transaction.atomic(durable=True)
def finish_activity(
    *, activity: Activity, version: int, actor: User, now: datetime, done_at: datetime | None = None, note: str = ""
) -> Activity:
    """
    Mark a planned activity as done, with what came of it.

    :raises ActivityIsDone: also for the second tap of a double tap
    :raises VersionConflict, TimeIsOutOfOrder:
    """
    current = Activity.objects.get(pk=activity.pk)
    if current.done_at is not None:
        raise refusals.ActivityIsDone(_("This is done already."))
    at = done_at or now
    if at > now + CLOCK_TOLERANCE:
        raise refusals.TimeIsOutOfOrder(_("What is logged as done cannot lie in the future; plan it instead."))
    text = "\n".join(filter(None, [current.note, note.strip()]))
    open_rows = Activity.objects.planned().filter(pk=current.pk, version=version)
    if not open_rows.update(version=F("version") + 1, done_at=at, note=text):
        raise VersionConflict(current=Activity.objects.get(pk=current.pk).version)
    current.done_at, current.note, current.version = at, text, version + 1
    audit.record("customers.activity.finished", actor=actor, subject=current, done_at=at)
    return current


@transaction.atomic(durable=True)
def tell_activities(*, activities: Sequence[Activity], actor: User, now: datetime) -> int:
    """
    Write a batch of activities of the past, and of what was planned in it; one audit line for the batch.

    For histories that come in whole, beside `tell_histories`. :raises TimeIsOutOfOrder: when one was done in the future
    """
    if any(row.done_at is not None and row.done_at > now + CLOCK_TOLERANCE for row in activities):
        raise refusals.TimeIsOutOfOrder(_("What is logged as done cannot lie in the future; plan it instead."))
    Activity.objects.bulk_create(activities, batch_size=2_000)
    audit.record("customers.activity.imported", actor=actor, subject=actor, activities=len(activities))
    return len(activities)


def _activity(
    *, actor: User, kind: str, subject: str, deal: Deal | None, customer: Customer | None, note: str
) -> Activity:
    if deal is not None and not Deal.objects.visible_to(actor).filter(pk=deal.pk).exists():
        raise refusals.DealIsOutOfReach
    if customer is not None and not Customer.objects.visible_to(actor).filter(pk=customer.pk).exists():
        raise refusals.CustomerIsOutOfReach
    if deal is not None and customer is None:
        customer = deal.customer
    if deal is None and customer is None:
        raise refusals.ActivityIsAboutNothing
    return Activity(person=actor, kind=kind, subject=subject.strip(), deal=deal, customer=customer, note=note.strip())
