"""When leads got their first answer."""

from datetime import date, timedelta

import numpy as np

from customers.models import Activity, Deal, Stage
from teams.models import User


def make_answers(*, owner: User, until: date, seed: int = 5) -> None:
    """
    Write down when each deal got its first answer: on the day it came in, two days later, or never.

    Of the deals answered on the same day nine in ten go on from the second stage, of the others one in ten; and in the last
    six weeks hardly any deal of the owner is answered on the same day. Made for a `make_history` with a drop of 0.6.
    """
    dice = np.random.default_rng(seed)
    weak_since = until - timedelta(days=42)
    rows = []
    for deal in Deal.objects.select_related("owner", "customer").prefetch_related("events").order_by("pk"):
        events = list(deal.events.all())
        went_on = len(events) > 3 or (len(events) == 3 and events[2].to_stage.kind != Stage.Kind.LOST)
        is_late = deal.owner_id == owner.pk and len(events) > 2 and events[2].occurred_at.date() >= weak_since
        chance = (0.5625 if went_on else 0.0156) if is_late else (0.9 if went_on else 0.1)
        came = events[0].occurred_at
        if dice.random() < chance:
            done = came + timedelta(minutes=30)
        elif dice.random() < 0.5:
            done = came + timedelta(days=2)
        else:
            continue
        rows.append(
            Activity(
                kind=Activity.Kind.CALL,
                deal=deal,
                customer=deal.customer,
                person=deal.owner,
                subject="Answer",
                done_at=done,
            )
        )
    Activity.objects.bulk_create(rows)
