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
from .counts import Counts, Shelf, places
from .history import ATTRIBUTES, Bools, Floats, Funnel, Ints, Ledger, Stays

NIGHTS: Final = 32  # days of a month and the first of the next: nights that stand on one groundwork
AGES: Final = 1 << 13  # days, 22 years: what took longer counts as that long
LOOK_BACK: Final = 5 * 366  # days for which the open pipeline is known
CENTS: Final = 100


@dc.dataclass(frozen=True, slots=True)
class PastLives:
    """Stays until they were left, and until their deals ended, each with the kind of "when" it began, (n,); begun as below."""

    begun: Ints
    moves: tuple[Ints, Lives]
    fates: tuple[Ints, Lives]

    def since(self, day: int | None) -> tuple[Lives, Lives]:
        """Those that began since a day: one that a night of the month looks back to."""
        moves, fates = (self._since(when, lives, day) for when, lives in (self.moves, self.fates))
        return moves, fates

    def _since(self, when: Ints, lives: Lives, day: int | None) -> Lives:
        return lives if day is None else lives.only((self.begun >= day)[when])


@dc.dataclass(frozen=True, slots=True)
class PastRates:
    """
    Of deals closed before as_of. begun (W + 1,): from which day on each kind of "when" began; the first lies far back.

    shelf: moves, fates (levels, W + 1, S, AGES, ends + 1): stays until they were left, and until their deals ended, by the
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

    def grouped(self, attribute: str, group: Ints, n_groups: int) -> PastLives:
        """
        Stays by group; the single ones are not among them.

        group (levels,): the group of each level, -1 left out.
        """
        moves, fates = (self._grouped(topic, attribute, group, n_groups) for topic in ("moves", "fates"))
        return PastLives(self.begun, moves, fates)

    def _grouped(self, topic: str, attribute: str, group: Ints, n_groups: int) -> tuple[Ints, Lives]:
        table = self.shelf.tables[topic, attribute].recoded(group, n_groups)
        of, when, state, age, end = table.columns()
        return when, Lives(state * n_groups + of, age, end - 1, table.many)

    def open_on(self, days: Ints) -> Floats:
        """(owners, n) money that stood in open deals on the mornings of days; 0 before LOOK_BACK."""
        held = np.cumsum(self.shelf.tables["pipeline", "owner"].dense(), axis=1)
        place = days - (self.as_of - LOOK_BACK)
        found = held[:, np.clip(place, 0, LOOK_BACK)]
        return np.asarray(np.where(place >= 0, found, 0.0) / CENTS)


def past_rates(
    ledger: Ledger, funnel: Funnel, stays: Stays, *, sizes: Mapping[str, int], windows: Sequence[int]
) -> PastRates:
    """
    Tables of some deals, all closed before stays.as_of.

    stays: of the ledger; sizes: levels of each attribute; windows: days that nights look back.

    :raises ValueError: where two windows begin on the same days of a month
    """
    seen, as_of = followed(stays, funnel), stays.as_of
    edges = np.sort(np.array([[as_of - back, as_of - back + NIGHTS - 1] for back in windows], np.int64).ravel())
    if (np.diff(edges) <= 0).any():
        raise ValueError("the days on which windows begin during a month must not overlap")
    when = np.searchsorted(edges, seen.entered, "right")
    single = when % 2 == 1

    coarse, when = seen.only(~single), when[~single] // 2
    levels = {name: getattr(ledger, name)[coarse.deal] for name in ATTRIBUTES}
    tables: dict[tuple[str, str], Counts] = {}
    for topic, age, end, ends in (("moves", coarse.age, coarse.cause, 3), ("fates", coarse.until, coarse.fate, 2)):
        shape = (len(windows) + 1, funnel.n_states, AGES, ends + 1)
        where = [when, coarse.state, np.minimum(age, AGES - 1), end + 1]
        for name, table in Counts.by_levels(shape, places(shape, where), levels, sizes).items():
            tables[topic, name] = table
    tables["pipeline", "owner"] = _pipeline(ledger, stays, funnel, owners=sizes["owner"])
    return PastRates(
        as_of=as_of,
        begun=np.r_[edges[0] - 1, edges[1::2]],
        shelf=Shelf(tables),
        edge=seen.only(single),
        first_day=int(ledger.day.min(initial=as_of)),
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
