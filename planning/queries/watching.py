"""One night's look at every conversion, reckoned in memory: findings, follow-ups and levers. Nothing is written here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from planning.forecasting import alerts, levers
from planning.forecasting.alerts import MATERIAL, FollowUp, Look
from planning.forecasting.history import Stays, stays_of
from planning.forecasting.mix import Cause
from planning.forecasting.steps import BLOCK, KEPT, SHARE, Norms, Pieces, Watch, cut_stays, norms_of, watch
from planning.models import By, ConversionWarning, Lever, Plan

from .causes import Causes, Why
from .evidence import BAND, Evidence, Grouping
from .history import EPOCH, DealHistory, day_number
from .nights import watched_tonight
from .organisation import Organisation, organisation

AHEAD_DAYS = 91  # money at stake counts to the end of the plan's year, or so far where that is near
LEVER_CAUSES = 60  # of so many levers the cause is looked for, the dearest first
SERIES = 13  # blocks in the chart: a year
Codes = npt.NDArray[np.int64]
Cell = tuple[int, str, int]  # stage, by, member: primary keys


@dataclass(frozen=True)
class _Cut:
    """One way to cut the deals: by what, and group of each deal."""

    by: By
    grouping: Grouping
    codes: Codes

    @property
    def members(self) -> Codes:
        return self.grouping.members


@dataclass(frozen=True)
class Finding:
    """What the night says of one cell that was found, or found earlier and not back yet."""

    cell: Cell
    is_found: bool
    is_pushed: bool
    since_date: date
    at_stake: Decimal
    follow_up: FollowUp
    facts: dict[str, object]


@dataclass(frozen=True)
class NightWatch:
    """All that a night publishes about conversions."""

    findings: list[Finding]
    levers: list[Lever]
    cells: int
    too_few: int
    until: date


@dataclass(frozen=True)
class _Seen:
    """One grouping watched and judged, with what its steps are worth."""

    grouping: _Cut
    watch: Watch
    look: Look
    rates: levers.Rates
    worth: levers.Worth
    to_come: npt.NDArray[np.float64]

    def at_stake(self, stage: int, code: int) -> float:
        """Money lost until the horizon if the cell stays as it is."""
        lost = max(float(self.rates.usual[stage, code] - self.rates.now[stage, code]), 0.0)
        return lost * self.unit_value(stage, code)

    def unit_value(self, stage: int, code: int) -> float:
        """Money that one more in a hundred of the stays to come would bring, times a hundred."""
        return float(self.to_come[stage, code] * self.worth.win_after[stage] * self.worth.amount[code])


def night_watch(*, plan: Plan, as_of: date) -> NightWatch:
    """Judge every conversion from what was known before a business day, and follow up the warnings that stand."""
    evidence = watched_tonight(as_of=as_of, time_zone=plan.time_zone)
    history, past = evidence.history, evidence.steps
    until = max(plan.fiscal_year.after_date, as_of + timedelta(days=AHEAD_DAYS))
    standing = {
        (row.stage_id, row.by, row.member): row.since_date
        for row in ConversionWarning.objects.current().filter(found_date__lt=as_of)
    }
    if not history.ledger.n_events:
        return NightWatch([], [], 0, 0, until)
    places = organisation(as_of=as_of, also=history.owner_ids.tolist())
    today = day_number(as_of)
    stays = stays_of(evidence.ledger.before(today), today)
    pieces = cut_stays(stays, history.funnel, history_from=evidence.ledger.history_from)
    company = evidence.by_company()
    norms = norms_of(pieces, None if past is None else past.tables(pieces, "owner", company.of_level, 1))
    seen = [
        _judged(one, evidence, (stays, pieces, norms), (until - as_of).days)
        for one in _cuts(evidence, places)
        if len(one.members)
    ]
    keys = [np.argwhere(one.look.enough) for one in seen]
    p = np.concatenate([one.look.p[tuple(key.T)] for one, key in zip(seen, keys, strict=True)])
    e_values = np.concatenate([one.look.evidence[tuple(key.T)] for one, key in zip(seen, keys, strict=True)])
    kind = np.repeat([str(one.grouping.by) for one in seen], [len(key) for key in keys])
    found, pushed = alerts.discoveries(p), np.zeros(len(p), np.bool_)
    for by in By.values:  # the rate of false ones holds within each kind of cell: units are not drowned by people
        pushed[kind == by] = alerts.e_discoveries(e_values[kind == by])
    causes = Causes(evidence, pieces, as_of=as_of, time_zone=plan.time_zone)
    findings, row = [], 0
    for one, key in zip(seen, keys, strict=True):
        flags = {}
        for stage, code in key.tolist():
            flags[stage, code] = (bool(found[row]), bool(pushed[row]))
            row += 1
        findings += list(_findings(one, history, flags, standing, causes, as_of=as_of, until=until))
    some = sum(int((one.to_come[history.funnel.open] > 0).sum()) for one in seen)
    year_left = max((plan.fiscal_year.after_date - as_of).days, 0)
    return NightWatch(
        findings, _levers(seen, history, places, causes, days_left=year_left), some, max(some - len(p), 0), until
    )


def _cuts(evidence: Evidence, places: Organisation) -> Iterator[_Cut]:
    """A deal counts for who owns it on the day, and for the units of that person on the day."""

    def cut_by(by: By, grouping: Grouping) -> _Cut:
        return _Cut(by, grouping, grouping.codes(evidence.levels))

    yield cut_by(By.COMPANY, evidence.by_company())
    yield cut_by(By.PERSON, evidence.by_attribute("owner"))
    for depth, grouping in enumerate(evidence.by_unit(places)):
        if depth:  # above all: the company itself
            yield _compact(cut_by(By.UNIT, grouping))
    yield cut_by(By.PRODUCT, evidence.by_attribute("product"))
    yield cut_by(By.CHANNEL, evidence.by_attribute("channel"))
    yield cut_by(By.REGION, evidence.by_attribute("region"))
    yield _compact(cut_by(By.BAND, evidence.by_attribute(BAND)))


def _compact(one: _Cut) -> _Cut:
    """Keep only the members that have deals."""
    used = np.unique(one.codes[one.codes >= 0])
    place = np.full(max(len(one.members), 1), -1, np.int64)
    place[used] = np.arange(len(used))
    of_level = one.grouping.of_level
    of_level = np.where(of_level >= 0, place[of_level], -1)
    codes = np.where(one.codes >= 0, place[one.codes], -1)
    return _Cut(one.by, Grouping(one.grouping.attribute, of_level, one.members[used]), codes)


def _judged(one: _Cut, evidence: Evidence, lines: tuple[Stays, Pieces, Norms], days: int) -> _Seen:
    stays, pieces, norms = lines
    funnel, past, size = evidence.history.funnel, evidence.steps, len(one.members)
    which = (pieces, one.grouping.attribute, one.grouping.of_level, size)
    at = watch(pieces, norms, one.codes, size, None if past is None else past.tables(*which))
    reached = None if past is None else past.worth(*which)
    value = levers.worth(stays, funnel, one.codes, size, watched=at, past=reached)
    found = alerts.look(at)
    rates = levers.rates(at, horizon=days / 2)
    return _Seen(one, at, found, rates, value, levers.stays_to_come(at, days_left=days))


def _findings(
    one: _Seen,
    history: DealHistory,
    flags: Mapping[tuple[int, int], tuple[bool, bool]],
    standing: Mapping[Cell, date],
    causes: Causes,
    *,
    as_of: date,
    until: date,
) -> Iterator[Finding]:
    place = {int(member): code for code, member in enumerate(one.grouping.members)}
    state = {int(stage): code for code, stage in enumerate(history.stage_ids)}
    stands = {
        (state[stage], place[member]): since
        for (stage, by, member), since in standing.items()
        if by == one.grouping.by and member in place and stage in state
    }
    for stage, code in sorted({*flags, *stands}):
        is_found, is_pushed = flags.get((stage, code), (False, False))
        stake = Decimal(repr(round(one.at_stake(stage, code), 2)))
        real = stake > 0 and float(one.look.ratio[stage, code]) <= MATERIAL
        is_found, is_pushed = is_found and real, is_pushed and real
        if not (is_found or is_pushed or (stage, code) in stands):
            continue
        span = int(one.look.span[stage, code])
        since = stands.get((stage, code)) or EPOCH + timedelta(days=int(one.watch.pieces.starts[KEPT - span]))
        before = KEPT - 1 - (int(one.watch.pieces.starts[-1]) - day_number(since)) // BLOCK
        signal = int(one.look.signal[stage, code])
        why = causes.of(one.watch, one.grouping.codes, stage=stage, code=code, span=span, stake=stake)
        yield Finding(
            cell=(int(history.stage_ids[stage]), str(one.grouping.by), int(one.grouping.members[code])),
            is_found=is_found or is_pushed,
            is_pushed=is_pushed,
            since_date=since,
            at_stake=stake,
            follow_up=alerts.follow_up(one.watch, state=stage, group=code, signal=signal, before=before),
            facts=_facts(one, stage, code, why, before=before, until=until),
        )


def _facts(one: _Seen, stage: int, code: int, why: Why, *, before: int, until: date) -> dict[str, object]:
    """The evidence as plain values: what the page prints."""
    found, span = one.look, int(one.look.span[stage, code])
    signal = int(found.signal[stage, code])
    starts = one.watch.pieces.starts
    norm = min(max(before, 1), KEPT - 1)
    return {
        "signal": "share" if signal == SHARE else "pace",
        "from": (EPOCH + timedelta(days=int(starts[KEPT - span]))).isoformat(),
        "observed": round(float(found.observed[stage, code]), 1),
        "expected": round(float(found.expected[stage, code]), 1),
        "leaving": int(found.leaving[stage, code]),
        "low": round(float(found.low[stage, code]), 4),
        "high": round(float(found.high[stage, code]), 4),
        "p": float(f"{float(found.p[stage, code]):.3g}"),
        "evidence": float(f"{min(float(found.evidence[stage, code]), 1e12):.3g}"),
        "enough": bool(found.enough[stage, code]),
        "rate_usual": round(float(one.rates.usual[stage, code]), 4),
        "rate_now": round(float(one.rates.now[stage, code]), 4),
        "to_come": round(float(one.to_come[stage, code]), 1),
        "win_after": round(float(one.worth.win_after[stage]), 4),
        "mean_amount": round(float(one.worth.amount[code]), 2),
        "until": until.isoformat(),
        "cause": str(why.cause),
        "cause_person": why.owner,
        "speed": {"ratio": round(why.pace.ratio, 4), "low": round(why.pace.low, 4), "high": round(why.pace.high, 4)},
        "splits": {str(name): part for name, part in why.splits.items()},
        "answers": why.answers,
        "series": [
            {
                "from": (EPOCH + timedelta(days=int(starts[block]))).isoformat(),
                "observed": float(one.watch.observed(signal, block, block + 1)[stage, code]),
                "expected": round(
                    float(one.watch.expected(signal, block, block + 1, norm=min(norm, block))[stage, code]), 2
                ),
            }
            for block in range(KEPT - SERIES, KEPT)
        ],
    }


def _levers(
    seen: Sequence[_Seen], history: DealHistory, places: Organisation, causes: Causes, *, days_left: int
) -> list[Lever]:
    """Every open stage of every unit and person that has stays to come until the plan's year ends."""
    made: list[tuple[Decimal, Lever, _Seen, int, int]] = []
    for one in seen:
        if one.grouping.by not in (By.UNIT, By.PERSON) or not days_left:
            continue
        rates = levers.rates(one.watch, horizon=days_left / 2, peers=_circles(one.grouping, places))
        to_come = levers.stays_to_come(one.watch, days_left=days_left)
        for stage, code in np.argwhere((to_come > 0) & history.funnel.open[:, None]).tolist():
            worth = float(to_come[stage, code] * one.worth.win_after[stage] * one.worth.amount[code])
            now, usual, peers = (float(rate[stage, code]) for rate in (rates.now, rates.usual, rates.peers))
            gains = [_gain(to, now, worth) for to in (usual, peers)]
            lever = Lever(
                stage_id=int(history.stage_ids[stage]),
                by=one.grouping.by,
                member=int(one.grouping.members[code]),
                rate_now=now,
                rate_usual=usual,
                rate_peers=_known(peers),
                observed=float(rates.observed[stage, code]),
                expected=float(rates.expected[stage, code]),
                low=float(rates.low[stage, code]),
                high=float(rates.high[stage, code]),
                leaving=int(rates.leaving[stage, code]),
                is_enough=bool(rates.enough[stage, code]),
                to_come=float(to_come[stage, code]),
                gain_usual=gains[0] or Decimal(0),
                gain_peers=gains[1],
                cause=Cause.RATE,
            )
            made.append((max(lever.gain_usual, lever.gain_peers or Decimal(0)), lever, one, stage, code))
    made.sort(key=lambda row: (-row[0], row[1].stage_id, row[1].by, row[1].member))
    for gain, lever, one, stage, code in made[:LEVER_CAUSES]:
        if gain > 0:
            codes, span = one.grouping.codes, levers.RECENT
            lever.cause = causes.of(one.watch, codes, stage=stage, code=code, span=span, stake=gain).cause
    return [lever for _, lever, *_rest in made]


def _gain(to: float, now: float, worth: float) -> Decimal | None:
    return None if np.isnan(to) else Decimal(repr(round(max(to - now, 0.0) * worth, 2)))


def _circles(grouping: _Cut, places: Organisation) -> Codes:
    """Peers: units below the same unit; people of the same unit."""
    if grouping.by == By.UNIT:
        above = [places.parents.get(int(unit)) or 0 for unit in grouping.members]
    else:
        above = [places.unit_of.get(int(person), 0) for person in grouping.members]
    return np.unique(np.array(above, np.int64), return_inverse=True)[1].astype(np.int64)


def _known(value: float) -> float | None:
    """Missing is not zero: NaN becomes None."""
    return None if np.isnan(value) else round(float(value), 4)
