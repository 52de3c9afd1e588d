"""
What every rate is counted from: leads and their first answer, first visits, quotes, stays in a stage.

A trial counts for the person who owned the deal when it began, and for the unit of this person on that day: a hand-over or a
move takes nothing along. What happened before the business day's midnight is known, the rest is not. Four passes of binary
COPY and a few small reads, whatever the number of deals; all of the company, whoever asks: who may see what is decided where
the outcome is read. Nothing is kept here (`kept_rates` keeps answers): the time grows with the deals that are open or moved
since the oldest day asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from core.periods import Span
from customers.models import Activity, Stage
from planning.forecasting.hazards import ADVANCE, BACK, LOSS, WIN, kinds_of
from planning.forecasting.history import Funnel
from planning.forecasting.rates import FAILURE, FOR_EVER, SUCCESS, Trials
from planning.forecasting.worktime import DAY, WorkClock
from planning.models import RateSettings
from teams.models import Company, Membership

from .calendars import WorkCalendar
from .history import day_number
from .rate_definitions import FIRST_VISIT, LEAD_RESPONSE, QUOTE_ACCEPTANCE, RateStage, rate_stages
from .trial_rows import TrialRows, trial_rows

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NEVER: Final = np.iinfo(np.int64).max // 4
BACKWARDS = 2  # the cause of a stay that ended in a move back: a failure, told apart from a loss
MODAL_SHARE = 0.5  # where so many leads bear one and the same minute, only their day is known


@dataclass(frozen=True)
class Measure:
    """One rate: a named one, or the conversion of a stage. horizon in the unit of its ages: days, working minutes."""

    key: str
    stage: Stage | None
    horizon: int
    unit: str = "days"


@dataclass(frozen=True)
class TrialBook:
    """
    All trials that began since a day, (n,) each: measure = place in `measures`; owner, unit, product, channel, region,
    pipeline are keys, -1 unknown; begun is a day number; `touched` tells that an activity is recorded on the deal.

    recorded_since: first day with a done activity, None where there is none. limit: what the first response is held against.
    """

    as_of: date
    measures: tuple[Measure, ...]
    measure: Ints
    trials: Trials
    begun: Ints
    owner: Ints
    unit: Ints
    product: Ints
    channel: Ints
    region: Ints
    pipeline: Ints
    touched: Bools
    recorded_since: date | None
    limit: "Limit"


@dataclass(frozen=True)
class Limit:
    """The limit of a first response: an amount of working hours or days; `by_data` where nobody has set one."""

    amount: int
    unit: str
    by_data: bool


@dataclass(frozen=True)
class _Part:
    """The trials of one kind: place of the deal, when it began (seconds), place of the measure."""

    deal: Ints
    at: Ints
    measure: Ints
    trials: Trials


def trial_book(*, since: date, as_of: date, company: Company, settings: RateSettings) -> TrialBook:
    """Read every trial that began on a day of [since, as_of)."""
    zone = ZoneInfo(company.time_zone)
    before = datetime.combine(as_of, time(), zone)
    stages = list(Stage.objects.select_related("pipeline").order_by("pipeline_id", "position", "pk"))
    marks = rate_stages(stages)
    read = trial_rows(since=datetime.combine(since, time(), zone), before=before, zone=company.time_zone, stages=stages)
    first_done = (
        Activity.objects.done().filter(deal__isnull=False).order_by("done_at").values_list("done_at", flat=True)
    )
    recorded = first_done.first()
    recorded_since = recorded.astimezone(zone).date() if recorded else None
    limit = _limit(settings, read)
    open_stages = [stage for stage in stages if stage.is_open]
    horizon = limit.amount * 60 if limit.unit == RateSettings.Unit.HOURS else limit.amount
    measures = (
        Measure(LEAD_RESPONSE, None, horizon, "minutes" if limit.unit == RateSettings.Unit.HOURS else "working days"),
        Measure(FIRST_VISIT, None, settings.next_step_days),
        Measure(QUOTE_ACCEPTANCE, None, settings.open_quote_days),
        *(Measure(f"stage-{stage.pk}", stage, FOR_EVER) for stage in open_stages),
    )
    now = day_number(as_of) * DAY
    walk = _walk(read, stages)
    parts = [
        _responses(read, walk, stages, clock=work_clock(settings, since, as_of), limit=limit, now=now),
        _visits(read, walk, marks, stages, now=now),
        _quotes(read, walk, marks, stages, now=now),
        _stays(walk, stages, open_stages, now=now),
    ]
    deal = np.concatenate([part.deal for part in parts])
    at = np.concatenate([part.at for part in parts])
    measure = np.concatenate([part.measure for part in parts])
    trials = Trials(
        *(np.concatenate([getattr(part.trials, name) for part in parts]) for name in ("age", "watched", "cause"))
    )
    begun = at // DAY
    keep = (begun >= day_number(since)) & (begun < day_number(as_of))
    if recorded_since is not None:  # nobody knows how leads were answered before anybody wrote it down
        keep &= (measure != 0) | (begun >= day_number(recorded_since))
    deal, at, measure, begun = deal[keep], at[keep], measure[keep], begun[keep]
    owner = owners_at(read, deal, at)
    touched = np.zeros(read.n, np.bool_)
    touched[read.act_deal[read.act_done >= 0]] = True
    return TrialBook(
        as_of=as_of,
        measures=measures,
        measure=measure,
        trials=trials.only(keep),
        begun=begun,
        owner=owner,
        unit=units_on(owner, begun),
        **{name: read.deals[name][deal].astype(np.int64) for name in ("product", "channel", "region", "pipeline")},
        touched=touched[deal],
        recorded_since=recorded_since,
        limit=limit,
    )


def _limit(settings: RateSettings, read: TrialRows) -> Limit:
    """The limit that was set; else one working hour, or one working day where leads bear no time of day."""
    if settings.response_limit is not None:
        return Limit(settings.response_limit, settings.response_unit, by_data=False)
    first = np.r_[True, read.event_deal[1:] != read.event_deal[:-1]] if len(read.event_deal) else np.zeros(0, np.bool_)
    only_days = bear_no_time(read.event_at[first])
    return Limit(1, RateSettings.Unit.DAYS if only_days else RateSettings.Unit.HOURS, by_data=True)


def bear_no_time(moments: Ints) -> bool:
    """Whether most moments stand in one and the same minute of the day: then only their day is known."""
    minutes = np.bincount(moments % DAY // 60, minlength=1)
    return bool(minutes.max() > max(MODAL_SHARE * minutes.sum(), 1))


def work_clock(settings: RateSettings, since: date, as_of: date) -> WorkClock:
    """The working hours of the company around the days [since, as_of)."""
    calendar = WorkCalendar()
    first = since - timedelta(days=1)  # what began before is not asked for; there the clock clips
    span = Span(first, as_of + timedelta(days=1))
    return WorkClock(
        first=day_number(first),
        is_worked=np.array([calendar.is_worked(day) for day in span]),
        opens=settings.opens_hour * 60,
        closes=settings.closes_hour * 60,
    )


@dataclass(frozen=True)
class _Walk:
    """The moves of all deals, (e,): state entered, when, the state after it (-1 none yet) and when; per deal its end."""

    deal: Ints
    state: Ints
    at: Ints
    to: Ints
    until: Ints
    kind: Ints  # of the move that ended it, -1 while it lasts
    first: Bools
    won_at: Ints  # (n_deals,) NEVER unless the deal stands there
    lost_at: Ints


def _walk(read: TrialRows, stages: list[Stage]) -> _Walk:
    n, deal = len(read.event_deal), read.event_deal
    last = np.ones(n, np.bool_)
    last[:-1] = deal[1:] != deal[:-1]
    first = np.ones(n, np.bool_)
    first[1:] = last[:-1]
    to = np.where(last, -1, np.r_[read.event_state[1:], -1][:n])
    until = np.where(last, NEVER, np.r_[read.event_at[1:], NEVER][:n])
    funnel = Funnel.of(
        position=[stage.position if stage.is_open else -1 for stage in stages],
        won=[stage.kind == Stage.Kind.WON for stage in stages],
        lost=[stage.kind == Stage.Kind.LOST for stage in stages],
        pipeline=[stage.pipeline_id for stage in stages],
    )
    kind = np.where(to >= 0, kinds_of(funnel)[read.event_state, to], -1) if n else np.zeros(0, np.int64)
    won_at, lost_at = np.full(read.n, NEVER), np.full(read.n, NEVER)
    ends = np.flatnonzero(last)
    for at, there in ((won_at, funnel.won), (lost_at, funnel.lost)):
        rows = ends[there[read.event_state[ends]]]
        at[deal[rows]] = read.event_at[rows]
    return _Walk(deal, read.event_state, read.event_at, to, until, kind, first, won_at, lost_at)


def _forwards(walk: _Walk) -> Bools:
    return (walk.kind == WIN) | (walk.kind == ADVANCE)


def _ended(success_at: Ints, failure_at: Ints) -> tuple[Ints, Ints]:
    """When each trial ended (NEVER: it has not) and how; of two at once the success counts."""
    ended = np.minimum(success_at, failure_at)
    cause = np.where(ended == NEVER, -1, np.where(success_at <= failure_at, SUCCESS, FAILURE))
    return ended, cause


def _earliest(deal: Ints, at: Ints, size: int) -> Ints:
    """(size,) the earliest moment of each deal, NEVER where it has none."""
    out = np.full(size, NEVER)
    np.minimum.at(out, deal, at)
    return out


def _responses(read: TrialRows, walk: _Walk, stages: list[Stage], *, clock: WorkClock, limit: Limit, now: int) -> _Part:
    """Leads, deals that began in the first stage of their pipeline, until the first contact done or move forwards."""
    entry = _firsts(stages)[walk.state] if len(stages) else walk.first
    rows = np.flatnonzero(walk.first & entry)
    deal, begin = walk.deal[rows], walk.at[rows]
    done = read.act_done >= 0
    forward = _forwards(walk)
    contact = np.minimum(
        _earliest(read.act_deal[done], read.act_done[done], read.n),
        _earliest(walk.deal[forward], walk.until[forward], read.n),
    )[deal]
    ended, cause = _ended(np.maximum(contact, begin), walk.lost_at[deal])
    scale = clock.minutes if limit.unit == RateSettings.Unit.HOURS else clock.days
    start = scale(begin)
    watched = np.maximum(scale(np.full(len(begin), now)) - start, 0)
    age = np.where(cause < 0, watched, scale(np.minimum(ended, now)) - start)
    return _Part(deal, begin, np.zeros(len(rows), np.int64), Trials(np.maximum(age, 0), watched, cause))


def _firsts(stages: list[Stage]) -> Bools:
    """(states,) which state is the first open one of its pipeline; states come in the order of their position."""
    seen: set[int] = set()
    out = np.zeros(len(stages), np.bool_)
    for place, stage in enumerate(stages):
        if stage.is_open and stage.pipeline_id not in seen:
            seen.add(stage.pipeline_id)
            out[place] = True
    return out


def _visits(read: TrialRows, walk: _Walk, marks: Mapping[int, RateStage], stages: list[Stage], *, now: int) -> _Part:
    """First visits done, until a move forwards beyond the stage of the visit, or a planned activity after it."""
    held = read.act_visit & (read.act_done >= 0)
    visit = _earliest(read.act_deal[held], read.act_done[held], read.n)
    deal = np.flatnonzero(visit < np.minimum(walk.won_at, walk.lost_at))
    begin = visit[deal]
    beyond = np.array([_is_beyond(stage, marks.get(stage.pipeline_id)) for stage in stages], np.bool_)
    later_day = walk.until // DAY > visit[walk.deal] // DAY
    blind = np.array(
        [(mark := marks.get(stage.pipeline_id)) is None or mark.visit is None for stage in stages], np.bool_
    )
    moved = _forwards(walk) & (walk.until > visit[walk.deal])
    if len(stages):
        to = np.maximum(walk.to, 0)
        moved &= np.where(blind[to], later_day, beyond[to])
    planned = (read.act_due > visit[read.act_deal]) & (read.act_due >= 0)
    step = np.minimum(
        _earliest(walk.deal[moved], walk.until[moved], read.n),
        _earliest(read.act_deal[planned], read.act_due[planned], read.n),
    )[deal]
    ended, cause = _ended(step, walk.lost_at[deal])
    return _Part(deal, begin, np.full(len(deal), 1), _in_days(begin, ended, cause, now))


def _is_beyond(stage: Stage, mark: RateStage | None) -> bool:
    """Whether a move to this stage is more than the note that a visit took place."""
    if mark is None or mark.visit is None or not stage.is_open:
        return True
    return stage.position > mark.visit.position


def _quotes(read: TrialRows, walk: _Walk, marks: Mapping[int, RateStage], stages: list[Stage], *, now: int) -> _Part:
    """Deals that entered the stage of the quote, once each from the first quote on, until they are won or lost."""
    quoting = {mark.quote.pk for mark in marks.values() if mark.quote is not None}
    is_quote = np.array([stage.pk in quoting for stage in stages], np.bool_)
    rows = np.flatnonzero(is_quote[walk.state]) if len(stages) else np.zeros(0, np.int64)
    deal, place = np.unique(walk.deal[rows], return_index=True)
    begin = walk.at[rows[place]]
    ended, cause = _ended(walk.won_at[deal], walk.lost_at[deal])
    return _Part(deal, begin, np.full(len(deal), 2), _in_days(begin, ended, cause, now))


def _stays(walk: _Walk, stages: list[Stage], open_stages: list[Stage], *, now: int) -> _Part:
    """Visits to an open stage until the next move: forwards is success; back and lost are failures."""
    place = {stage.pk: 3 + number for number, stage in enumerate(open_stages)}
    code = np.array([place.get(stage.pk, -1) for stage in stages], np.int64)
    rows = np.flatnonzero(code[walk.state] >= 0) if len(stages) else np.zeros(0, np.int64)
    kind = walk.kind[rows]
    cause = np.select(
        [(kind == WIN) | (kind == ADVANCE), kind == LOSS, kind == BACK], [SUCCESS, FAILURE, BACKWARDS], default=-1
    )
    begin = walk.at[rows]
    return _Part(walk.deal[rows], begin, code[walk.state[rows]], _in_days(begin, walk.until[rows], cause, now))


def _in_days(begin: Ints, ended: Ints, cause: Ints, now: int) -> Trials:
    """Ages in whole days of the calendar; a planned step that lies ahead ends the trial today."""
    watched = now // DAY - begin // DAY
    age = np.where(cause < 0, watched, np.minimum(ended // DAY - begin // DAY, watched))
    return Trials(np.maximum(age, 0), watched, cause)


def owners_at(read: TrialRows, deal: Ints, at: Ints) -> Ints:
    """Who owned each deal at a moment: a former owner until the hand-over, the present one since."""
    owner: Ints = read.deals["owner"][deal].astype(np.int64)
    if not len(read.held_deal):
        return owner
    stride = np.int64(1) << 40  # seconds of the wall clock stay below it
    place = np.searchsorted(read.held_deal * stride + read.held_to, deal * stride + at, "right")
    place = np.minimum(place, len(read.held_deal) - 1)
    found = (read.held_deal[place] == deal) & (at < read.held_to[place])
    return np.where(found, read.held_owner[place], owner)


def units_on(owner: Ints, begun: Ints) -> Ints:
    """The unit that each owner belonged to on the day, -1 where there was none."""
    rows = Membership.objects.order_by("user_id", "valid_from").values_list(
        "user_id", "unit_id", "valid_from", "valid_to"
    )
    held = [
        (user, unit, day_number(first), 1 << 20 if after is None else day_number(after))
        for user, unit, first, after in rows
    ]
    if not held:
        return np.full(len(owner), -1, np.int64)
    user, unit, first, after = (np.array(column, np.int64) for column in zip(*held, strict=True))
    stride = np.int64(1) << 21
    place = np.maximum(np.searchsorted(user * stride + first, owner * stride + begun, "right") - 1, 0)
    return np.where((user[place] == owner) & (first[place] <= begun) & (begun < after[place]), unit[place], -1)
