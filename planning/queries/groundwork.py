"""
The groundwork of a month: laid from every line that had happened before the month began and was written down when it was
read. What the nights of the month make of it stands in `nights`.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

import numpy as np
from django.db import connection

from core.arrays import packed
from core.models import Publication
from core.periods import add_months, month_start
from customers.models import Stage
from planning.forecasting.groundwork import condensed, learn_lessons, past_of
from planning.forecasting.replays import replays_of
from planning.models import GROUNDWORK, Groundwork

from .history import day_number, history_of, midnight, told_before
from .packing import Learnt, pack_past
from .settled import narrow, share_of

VERSION = 4  # of the arithmetic and the packing: another one lays its own groundwork
LARGE = 200_000  # lines from which a company's nights stand on groundwork; smaller ones are read and reckoned whole
PART = 1_000_000  # lines of a part: what one worker holds in memory at a time
LESSON_LINES = 2_000_000  # lines that lessons are learnt from; of more, an even sample of deals
REPLAY_LINES = 300_000  # lines that past days are forecast again from
LATE_SHARE = 0.01  # with more lines recorded late than this share, the groundwork is laid anew


@dataclass(frozen=True)
class Sizes:
    """
    How much there is to go through: lines before the month; first and last deal; keys of the first line of the month itself
    and of the newest line of all; the database's time.
    """

    lines: int
    first: int
    last: int
    month_from: int
    newest: int
    at: datetime


def layout() -> str:
    """Name what stored tables depend on: the arithmetic and the stages."""
    stages = list(Stage.objects.order_by("pk").values_list("pk", "pipeline", "position", "kind"))
    return f"{VERSION}:{hashlib.sha256(repr(stages).encode()).hexdigest()[:40]}"


def ledger_is_large() -> bool:
    """Whether nights stand on groundwork. Postgres' own estimate: it costs nothing, and nothing hangs on its precision."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'customers_stageevent'::regclass")
        ((lines,),) = cursor.fetchall()
    return bool(lines >= LARGE)


def sizes(*, as_of: date, time_zone: str) -> Sizes:
    """Look how much there is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE occurred_at < %(start)s), COALESCE(min(deal_id), 0), COALESCE(max(deal_id), 0),"
            " COALESCE(min(id) FILTER (WHERE occurred_at >= %(start)s), max(id), 0), COALESCE(max(id), 0),"
            " statement_timestamp() FROM customers_stageevent",
            {"start": midnight(as_of, time_zone)},
        )
        (row,) = cursor.fetchall()
    return Sizes(*row)


def usable_groundwork(*, as_of: date, time_zone: str) -> Groundwork | None:
    """The published groundwork of the month of a day, if it fits the stages and not too much came late."""
    shown = Publication.objects.filter(job=GROUNDWORK, scope=time_zone).values("run")
    row = (
        Groundwork.objects.defer("lessons", "rates", "steps")
        .filter(run__in=shown, as_of_date=month_start(as_of), layout=layout())
        .first()
    )
    if row is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM customers_stageevent WHERE id > %s AND occurred_at < %s",
            [row.read_to, midnight(row.as_of_date, time_zone)],
        )
        ((late,),) = cursor.fetchall()
    return row if late <= LATE_SHARE * row.lines else None


def learn(*, as_of: date, time_zone: str, lines: int) -> Learnt:
    """Learn what a month's nights need from all deals, or from an even sample of many; the replays are still to come."""
    told = history_of(told_before(as_of=as_of, time_zone=time_zone, step=max(1, -(-lines // LESSON_LINES))))
    lessons = learn_lessons(told.ledger, told.funnel, as_of=day_number(as_of))
    return Learnt(lessons, told.keys(), [], np.zeros(0, np.int64))


def replayed(learnt: Learnt, *, as_of: date, time_zone: str, lines: int) -> Learnt:
    """Add what past days, forecast again, say about errors; of many deals an even sample does."""
    told = history_of(told_before(as_of=as_of, time_zone=time_zone, step=max(1, -(-lines // REPLAY_LINES))))
    people = told.owner_ids if len(told.owner_ids) else np.zeros(1, np.int64)
    replays = replays_of(
        told.ledger,
        told.funnel,
        as_of=day_number(as_of),
        calendar=np.array([day_number(add_months(as_of, step)) for step in range(13)], np.int64),
        leaves=told.ledger.owner,
        n_leaves=len(people),
    )
    return replace(learnt, replays=replays, people=people)


@dataclass(frozen=True)
class Made:
    """A range of deals gone through: how many lines there were, and what is stored of it by name."""

    lines: int
    values: dict[str, bytes]


def part(*, as_of: date, time_zone: str, deals: tuple[int, int], learnt: Learnt) -> Made:
    """Go through a range of deals: the deals condensed, their share of all tables, and what stays with the part."""
    told = told_before(as_of=as_of, time_zone=time_zone, deals=deals)
    history = history_of(told)
    lessons = learnt.lessons_for(history.keys())
    base = condensed(history.ledger, day_number(as_of))
    seen = np.zeros(len(told.deals["id"]), np.int32)
    seen[told.lines["deal"]] = told.lines["seq"]  # a later line of the same deal overwrites the earlier one
    arrays = {
        **told.deals,
        "seen": seen,
        "deal": base.deal,
        "stage": history.stage_ids[base.state],
        "day": base.day,
        "amount": base.amount,
        "close": base.closes,
    }
    past = past_of(history.ledger, history.funnel, lessons)
    values = {"deals": packed({name: narrow(column) for name, column in arrays.items()}), "months": pack_past(past)}
    return Made(len(told.lines["deal"]), values | asdict(share_of(history, as_of=as_of)))
