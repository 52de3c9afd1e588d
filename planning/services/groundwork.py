"""
Laying the groundwork of a month: once, whoever starts it, by as many workers as there are.

The leader (who carries out the run) learns the lessons, writes them down, asks for help, forecasts past days again and then
goes through the parts that are left. A helper takes whatever part nobody is at; the lock of a part is that of its worker's
connection, so a helper that dies leaves a part that the leader takes up. Parts are rows that nobody reads before the run is
published, in one transaction, with the months' tables added up in the order of the parts: the result does not depend on who
made what.

With n workers the time is about lessons + max(replays, parts / (n - 1)), then what is left of the parts over all n, then the
sum of the parts' tables: lessons and replays come from samples and cost the same at any size, parts cost in proportion to it
and are two thirds of the arithmetic at a million deals (`bench/scale.txt`). Ten workers for ten times the deals take about as
long as one for one: with 10 million deals each makes some ten parts, one after the other. The leader alone adds the tables up;
they grow with people, stages and days rather than with deals.
"""

import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import transaction

from core import jobs
from core.jobs import Outcome
from core.models import JobRun, Publication
from core.periods import month_start
from planning.forecasting.groundwork import added
from planning.models import GROUNDWORK, ExposureMonth, Groundwork, GroundworkPart
from planning.queries.groundwork import PART, Sizes, layout, learn, part, replayed, sizes, usable_groundwork
from planning.queries.history import midnight
from planning.queries.packing import pack_learnt, pack_months, unpack_learnt, unpack_past
from planning.queries.settled import Kept, together

log = logging.getLogger(__name__)

KEPT = timedelta(days=62)
PAUSE = 0.1  # seconds between looks for parts that others are at


def nobody(run: int, parts: int) -> None:
    """Ask no one: the leader goes through all parts itself."""


def lay_groundwork(
    *,
    as_of: date,
    time_zone: str,
    clock: Callable[[], datetime],
    call: Callable[[int, int], None] = nobody,
    part_lines: int = PART,
) -> Outcome | None:
    """
    Lay the groundwork of the month of a day, where there is none that can be used. None: for a past or a future month.

    :param part_lines: lines that one worker is to hold in memory at a time
    :param call: asks other workers to help with a run of so many parts: each then calls `help_with_groundwork`
    """
    start = month_start(as_of)
    size = sizes(as_of=start, time_zone=time_zone)
    shown = Publication.objects.filter(job=GROUNDWORK, scope=time_zone, run__business_date__gt=start)
    if midnight(start, time_zone) > size.at or shown.exists():
        return None
    if usable_groundwork(as_of=as_of, time_zone=time_zone):
        return Outcome.ALREADY
    run = jobs.due(job=GROUNDWORK, scope=time_zone, business_date=start, now=clock(), again=True)
    outcome = jobs.carry_out(
        run,
        reckon=lambda: _prepare(run, size, start, time_zone=time_zone, part_lines=part_lines, call=call),
        write=_publish,
        clock=clock,
    )
    if outcome is Outcome.PUBLISHED:
        old = JobRun.objects.filter(job=GROUNDWORK, scope=time_zone, business_date__lt=start - KEPT)
        old.exclude(pk__in=Publication.objects.filter(job=GROUNDWORK).values("run")).delete()
    return outcome


def help_with_groundwork(run: int) -> int:
    """Make the parts of a run that nobody is at; how many that were."""
    row = Groundwork.objects.select_related("run").filter(run=run, run__state=JobRun.State.RUNNING).first()
    if row is None or row.run.attempt != row.attempt:
        return 0
    with jobs.patient_statements():
        return len(_make_parts(row))


def _prepare(
    run: JobRun, size: Sizes, start: date, *, time_zone: str, part_lines: int, call: Callable[[int, int], None]
) -> int:
    """Learn, have all parts made, and return how many they are."""
    learnt = learn(as_of=start, time_zone=time_zone, lines=size.lines)
    with transaction.atomic(durable=True):
        row, _ = Groundwork.objects.update_or_create(
            run=run,
            defaults={
                "attempt": run.attempt,
                "as_of_date": start,
                "layout": layout(),
                "read_from": size.month_from,
                "read_to": size.newest,
                "lines": size.lines,
                "parts": max(1, -(-size.lines // part_lines)),
                "first_deal": size.first,
                "last_deal": size.last,
                "lessons": pack_learnt(learnt),
            },
        )
    if row.parts > 1:
        call(run.pk, row.parts)
    whole = pack_learnt(replayed(learnt, as_of=start, time_zone=time_zone, lines=size.lines))  # while others make parts
    Groundwork.objects.filter(pk=row.pk, attempt=run.attempt).update(lessons=whole)
    while _make_parts(row) or _made(row) < row.parts:
        if _made(row) < row.parts:
            time.sleep(PAUSE)
    return row.parts


def _made(row: Groundwork) -> int:
    return GroundworkPart.objects.filter(run=row.run_id, attempt=row.attempt).count()


def _make_parts(row: Groundwork) -> list[int]:
    """Make every part that is neither made nor being made."""
    learnt = unpack_learnt(bytes(row.lessons))
    mine = []
    for number in range(row.parts):
        with jobs.session_lock(f"{GROUNDWORK} {row.run_id} {row.attempt}", number) as held:
            done = GroundworkPart.objects.filter(run=row.run_id, attempt=row.attempt, number=number)
            if not held or done.exists():
                continue
            made = part(as_of=row.as_of_date, time_zone=row.run.scope, deals=row.deals_of(number), learnt=learnt)
            with transaction.atomic(durable=True):
                GroundworkPart.objects.create(
                    run_id=row.run_id, attempt=row.attempt, number=number, lines=made.lines, **made.values
                )
            mine.append(number)
    return mine


def _publish(run: JobRun, count: int) -> int:
    """Add up the parts' tables to months and drop what other attempts left; within the transaction of the run."""
    parts = list(
        GroundworkPart.objects.filter(run=run, attempt=run.attempt)
        .order_by("number")
        .only("lines", "months", "rates", "steps")
    )
    if len(parts) != count:
        raise RuntimeError(f"{len(parts)} of {count} parts were made")
    months = pack_months(added([unpack_past(bytes(made.months)) for made in parts]))
    ExposureMonth.objects.filter(run=run).delete()
    ExposureMonth.objects.bulk_create(
        ExposureMonth(run=run, month=month, tables=tables) for month, tables in months.items()
    )
    GroundworkPart.objects.filter(run=run).exclude(attempt=run.attempt).delete()
    GroundworkPart.objects.filter(run=run).update(months=b"", rates=b"", steps=b"")
    Groundwork.objects.filter(run=run).update(
        lines=sum(made.lines for made in parts),
        rates=together([Kept.unpack(made.rates) for made in parts]).pack(),
        steps=together([Kept.unpack(made.steps) for made in parts]).pack(),
    )
    return len(months) + count + 1
