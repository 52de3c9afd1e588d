"""
What deals that were closed when a month began say about conversion and open pipeline, as tables that add up.

A rate needs of every stay how long it lasted and how it ended, not whose it was: so stays count by when they began, level
(owner, product …), state, age and end. "When" is coarse: the windows that nights look back over move by a day each night
of the month; stays that began on a day which some of its nights see and others do not are kept one by one, for all others
it is enough to know between which of those days they began. What open deals held on each day stands as its changes.

Deals that live again (reopened, corrected, handed over …) are taken away: their tables are made anew and subtracted, and
they are read whole, like the open ones. All counts are whole numbers, so nothing of them is left behind.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from .conversion import Followed, Lives, followed
from .counts import Counts, Shelf
from .history import ATTRIBUTES, Bools, Floats, Funnel, Ints, Ledger, Stays, stays_of

NIGHTS: Final = 32  # days of a month and the first of the next: nights that stand on one groundwork
AGES: Final = 1 << 13  # days, 22 years: what took longer counts as that long
LOOK_BACK: Final = 5 * 366  # days for which the open pipeline is known
CENTS: Final = 100
AXIS: Final = {"moves": 2, "fates": 2, "pipeline": 0}


@dc.dataclass(frozen=True, slots=True)
class PastRates:
    """
    Of deals closed before as_of. begun (W + 1,): from which day on each kind of "when" began; the first lies far back.

    shelf: moves, fates (W + 1, S, levels, AGES, ends + 1): stays until they were left, and until their deals ended, by the
    end as in `Followed` and one more; pipeline (owners, LOOK_BACK + 1): change of the cents in open deals from morning to
    morning, the last one that of as_of.
    edge: the stays that began on the days between, one by one. first_day: of the oldest line.
    """

    as_of: int
    begun: Ints
    shelf: Shelf
    edge: Followed
    first_day: int

    def without(self, other: Shelf, kept: Bools) -> PastRates:
        """Less what some of the deals said; kept: which of the single stays are not theirs."""
        return dc.replace(self, shelf=self.shelf - other, edge=self.edge.only(kept))

    def lives(self, attribute: str, group: Ints, n_groups: int, since: int | None) -> tuple[Lives, Lives]:
        """
        Stays begun since a day (one that a night of the month looks back to) by group; the single ones are not among them.

        group (levels,): the group of each level, -1 left out.
        """
        moves, fates = (self._lives(topic, attribute, group, n_groups, since) for topic in ("moves", "fates"))
        return moves, fates

    def _lives(self, topic: str, attribute: str, group: Ints, n_groups: int, since: int | None) -> Lives:
        table = self.shelf.tables[topic, attribute]
        when, state, level, age, end = table.columns()
        of = group[level]
        kept = of >= 0
        if since is not None:
            kept &= self.begun[when] >= since
        rows = np.flatnonzero(kept)
        return Lives(state[rows] * n_groups + of[rows], age[rows], end[rows] - 1, table.many[rows])

    def open_on(self, days: Ints) -> Floats:
        """(owners, n) money that stood in open deals on the mornings of days; 0 before LOOK_BACK."""
        held = np.cumsum(self.shelf.tables["pipeline", "owner"].dense(), axis=1)
        place = days - (self.as_of - LOOK_BACK)
        found = held[:, np.clip(place, 0, LOOK_BACK)]
        return np.asarray(np.where(place >= 0, found, 0.0) / CENTS)


def past_rates(
    ledger: Ledger, funnel: Funnel, *, as_of: int, sizes: Mapping[str, int], windows: Sequence[int]
) -> PastRates:
    """
    Tables of some deals, all closed before as_of. sizes: levels of each attribute; windows: days that nights look back.

    :raises ValueError: where two windows begin on the same days of a month
    """
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    seen = followed(stays, funnel)
    edges = np.sort(np.array([[as_of - back, as_of - back + NIGHTS - 1] for back in windows], np.int64).ravel())
    if (np.diff(edges) <= 0).any():
        raise ValueError("the days on which windows begin during a month must not overlap")
    when = np.searchsorted(edges, seen.entered, "right")
    single = when % 2 == 1

    coarse, when = seen.only(~single), when[~single] // 2

    def table(name: str, age: Ints, end: Ints, ends: int) -> Counts:
        level = getattr(ledger, name)[coarse.deal]
        where = [when, coarse.state, level, np.minimum(age, AGES - 1), end + 1]
        if (level < 0).any():
            where = [column[level >= 0] for column in where]
        return Counts.of((len(windows) + 1, funnel.n_states, sizes[name], AGES, ends + 1), where)

    tables = {("moves", name): table(name, coarse.age, coarse.cause, 3) for name in ATTRIBUTES}
    tables |= {("fates", name): table(name, coarse.until, coarse.fate, 2) for name in ATTRIBUTES}
    tables["pipeline", "owner"] = _pipeline(ledger, stays, funnel, owners=sizes["owner"])
    return PastRates(
        as_of=as_of,
        begun=np.r_[edges[0] - 1, edges[1::2]],
        shelf=Shelf(tables, AXIS),
        edge=seen.only(single),
        first_day=int(known.day.min(initial=as_of)),
    )


def _pipeline(ledger: Ledger, stays: Stays, funnel: Funnel, *, owners: int) -> Counts:
    """A stay counts from the morning after the day on which it began to that of its end."""
    first = stays.as_of - LOOK_BACK
    stop = stays.left + 1 - first
    rows = np.flatnonzero(
        funnel.open[stays.state] & ~np.isnan(stays.amount) & (ledger.owner[stays.deal] >= 0) & (stop > 0)
    )
    owner = ledger.owner[stays.deal[rows]]
    cents = np.rint(stays.amount[rows] * CENTS).astype(np.int64)
    place = np.r_[np.maximum(stays.entered[rows] + 1 - first, 0), stop[rows]]
    kept = place <= LOOK_BACK
    return Counts.of((owners, LOOK_BACK + 1), [np.r_[owner, owner][kept], place[kept]], np.r_[cents, -cents][kept])
