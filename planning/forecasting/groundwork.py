"""
What a night need not do again: lessons learnt once a month, and the closed past as tables and one line per deal.

At the start of a month (the day T) everything known before T is gone through once:
* Lessons, from all deals or an even sample of many: bands of amounts, the factors of owner, product …, what recorded
  amounts turn into, how hazards change with the calendar. They hold until the next month starts.
* Past, additive over deals: by calendar month of their end, the events and days at risk of all stays that ended before T;
  and of each deal its last stay alone (`condensed`).

A night then needs the events since T: with the last stay of each deal before them they give every stay that is open or
ended since T, and `hazards_on` adds their exposure to the past's. The result is what a fit of the whole history with the
same factors gives: closed stays never change, for a deal's history only grows at its end.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Iterable, Sequence
from functools import reduce

import numpy as np

from .expected import Model
from .exposure import AGE, CLOSE, Clock, Exposure
from .hazards import Factors, Hazards, Table, expose, expose_by, has_close_clock, kinds_of, learn_factors, table_of
from .history import EPOCH, UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, Stays, standing_of, stays_of
from .levels import amount_edges, stay_levels
from .tempo import Tempo, learn_tempo
from .worth import learn_worth


@dc.dataclass(frozen=True, slots=True)
class Lessons:
    """
    Learnt from what was known before as_of. edges: of the amount bands. age, close: factors of the two clocks; close is
    None where too few deals carry a closing date. ratio (S,), spread: what recorded amounts turn into (`Worth`). tempo: how
    hazards change.
    """

    as_of: int
    edges: Floats
    age: Factors
    close: Factors | None
    ratio: Floats
    spread: float
    tempo: Tempo


@dc.dataclass(frozen=True, slots=True)
class Past:
    """
    Exposure of the stays that ended before as_of. months (M,): months since 1970-01. age, close: one Exposure per month
    for each clock, weighted as seen from as_of; close is None where the lessons have no such clock.
    """

    as_of: int
    months: Ints
    age: list[Exposure]
    close: list[Exposure] | None


def month_of(days: Ints) -> Ints:
    """Days since 1970-01-01 → months since 1970-01."""
    return (EPOCH + days.astype("timedelta64[D]")).astype("datetime64[M]").astype(np.int64)


def month_starts(months: Ints) -> Ints:
    """Months since 1970-01 → the day on which each starts."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def learn_lessons(ledger: Ledger, funnel: Funnel, *, as_of: int) -> Lessons:
    """Learn from what was known before as_of."""
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    edges = amount_edges(stays)
    levels, kind = stay_levels(known, stays, edges), kinds_of(funnel)

    def factors(clock: Clock) -> Factors:
        return learn_factors(stays, funnel, levels, clock, history_from=known.history_from, kind=kind)

    now = standing_of(known, stays)
    is_won = (now.state >= 0) & funnel.won[now.state]
    worth = learn_worth(
        stays,
        won=funnel.won,
        outcome=np.where(is_won, now.since, UNKNOWN),
        paid=np.where(is_won, now.amount, np.nan),
        product=known.product,
        recorded=now.amount,
    )
    age, close = factors(AGE), factors(CLOSE) if has_close_clock(stays, funnel) else None

    def table(clock: Clock, by: Factors) -> Table:
        exposure = expose(stays, funnel, levels, clock, by, history_from=known.history_from)
        return table_of(exposure, by, funnel, clock, kind=kind)

    hazards = Hazards(kind, table(AGE, age), None if close is None else table(CLOSE, close))
    tempo = learn_tempo(stays, funnel, levels, hazards, history_from=known.history_from)
    return Lessons(as_of, edges, age, close, worth.ratio, worth.spread, tempo)


def past_of(ledger: Ledger, funnel: Funnel, lessons: Lessons) -> Past:
    """The stays of some deals that ended before the lessons' day, by calendar month. Additive over deals."""
    known = ledger.before(lessons.as_of)
    stays = _some(stays_of(known, lessons.as_of), ended=True)
    levels = stay_levels(known, stays, lessons.edges)
    last = int(month_of(np.array([lessons.as_of - 1], np.int64))[0])
    first = int(month_of(stays.left[[np.argmin(stays.left)]])[0]) if len(stays.left) else last
    months = np.arange(first, last + 1)

    def by_month(clock: Clock, factors: Factors) -> list[Exposure]:
        starts = month_starts(months[1:])
        return expose_by(stays, funnel, levels, clock, factors, starts=starts, history_from=known.history_from)

    close = None if lessons.close is None else by_month(CLOSE, lessons.close)
    return Past(lessons.as_of, months, by_month(AGE, lessons.age), close)


def added(parts: Sequence[Past]) -> Past:
    """The past of all deals from the pasts of some, in the order given. :raises ValueError: where there is none"""
    if not parts:
        raise ValueError("there must be at least one part")
    months = np.arange(min(p.months[0] for p in parts), max(p.months[-1] for p in parts) + 1)

    def merged(rows: Iterable[tuple[Ints, list[Exposure]]]) -> list[Exposure]:
        whole: dict[int, Exposure] = {}
        for of, tables in rows:
            for month, table in zip(of.tolist(), tables, strict=True):
                whole[month] = whole[month] + table if month in whole else table
        return [whole[month] for month in months.tolist()]

    dated = [(p.months, p.close) for p in parts if p.close is not None]
    age = merged((p.months, p.age) for p in parts)
    return Past(parts[0].as_of, months, age, merged(dated) if dated else None)


def condensed(ledger: Ledger, as_of: int) -> Ledger:
    """
    The same deals with the line that began their last stay before as_of, and a second one where an amendment followed.

    What they are, where they stand and what they were created with is as in the whole ledger; how they came there is not
    known any more. Deals without a line before as_of keep their place and have none.
    """
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    now = standing_of(known, stays)
    last = np.flatnonzero(_last_of(stays.deal))
    deal, state, amount, close = stays.deal[last], stays.state[last], stays.amount[last], stays.close[last]
    same_amount = (amount == now.amount[deal]) | (np.isnan(amount) & np.isnan(now.amount[deal]))
    amended = np.flatnonzero(~same_amount | (close != now.close[deal]))
    who = deal[amended]
    latest = np.zeros(known.n_deals, known.day.dtype)
    latest[known.deal] = known.day
    both = np.r_[deal, who]
    order = np.argsort(both, kind="stable")
    return dc.replace(
        known,
        deal=both[order],
        state=np.r_[state, state[amended]][order],
        day=np.r_[stays.entered[last], latest[who]][order],
        amount=np.r_[amount, now.amount[who]][order],
        event_close=np.r_[close, now.close[who]][order],
    )


def with_events(base: Ledger, *, deal: Ints, state: Ints, day: Ints, amount: Floats, close: Ints) -> Ledger:
    """A condensed ledger and the lines that came after it, (n,) each in their order within the deal."""
    both = np.r_[base.deal, deal]
    order = np.argsort(both, kind="stable")  # two runs in order: as good as a merge
    return dc.replace(
        base,
        deal=both[order],
        state=np.r_[base.state, state][order],
        day=np.r_[base.day, day][order],
        amount=np.r_[base.amount, amount][order],
        event_close=np.r_[base.closes, close][order],
    )


def _last_of(deal: Ints) -> Bools:
    last = np.ones(len(deal), np.bool_)
    last[:-1] = deal[1:] != deal[:-1]
    return last


def _some(stays: Stays, *, ended: bool) -> Stays:
    keep = (stays.to != UNKNOWN) == ended
    columns = {f.name: getattr(stays, f.name)[keep] for f in dc.fields(stays) if f.name != "as_of"}
    return Stays(**columns, as_of=stays.as_of)


def hazards_on(lessons: Lessons, past: Past, ledger: Ledger, funnel: Funnel, *, as_of: int) -> Hazards:
    """
    Hazards of a day by the lessons' factors.

    ledger: condensed on the lessons' day, and every event since then and before as_of.
    """
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    levels, kind = stay_levels(known, stays, lessons.edges), kinds_of(funnel)

    def table(months: list[Exposure], clock: Clock, factors: Factors) -> Table:
        before = reduce(Exposure.__add__, months).seen_from(as_of)
        now = expose(stays, funnel, levels, clock, factors, history_from=known.history_from)
        return table_of(before + now, factors, funnel, clock, kind=kind)

    return Hazards(
        kind,
        table(past.age, AGE, lessons.age),
        table(past.close, CLOSE, lessons.close) if past.close is not None and lessons.close is not None else None,
    )


def model_on(lessons: Lessons, past: Past, ledger: Ledger, funnel: Funnel, *, as_of: int) -> Model:
    """What `expected.expect` needs to know of a day: see `hazards_on`."""
    hazards = hazards_on(lessons, past, ledger, funnel, as_of=as_of)
    return Model(hazards, lessons.edges, lessons.tempo, lessons.ratio, lessons.spread)
