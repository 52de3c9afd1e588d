"""
What was won as the ledger knew it on any day: the wins of the past with the days between which each was known.

A win that was reopened later, or whose amount was corrected later, stands here as it stood then; `actuals` reads the same
definition (the day it was won, its owner at that moment, that person's unit on the day) as it stands today. Credit is shared
here as it is agreed today.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from core.arrays import copied
from core.money import split_count
from customers.models import DealCredit
from teams.models import Membership

from .actuals import Actual, Won
from .history import EPOCH, day_number

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FOREVER = 10_000_000  # a day number after all others

_LINES = """
WITH closed AS (
    SELECT DISTINCT event.deal_id
    FROM customers_stageevent event
    JOIN customers_stage stage ON stage.id = event.to_stage_id AND stage.kind = 'won'
    WHERE event.occurred_at >= %(since)s
), line AS (
    SELECT event.deal_id, event.seq, event.kind, event.occurred_at, event.amount, later.occurred_at AS next_at
    FROM customers_stageevent event
    JOIN customers_stage stage ON stage.id = event.to_stage_id AND stage.kind = 'won'
    JOIN closed USING (deal_id)
    LEFT JOIN LATERAL (
        SELECT following.occurred_at FROM customers_stageevent following
        WHERE following.deal_id = event.deal_id AND following.seq > event.seq
        ORDER BY following.seq LIMIT 1
    ) later ON true
)
SELECT line.deal_id, (line.kind <> 'amend')::int::int2,
       ((line.occurred_at AT TIME ZONE %(zone)s)::date - DATE '1970-01-01')::int4,
       COALESCE((line.next_at AT TIME ZONE %(zone)s)::date - DATE '1970-01-01', 10000000)::int4,
       COALESCE((line.amount * 100)::int8, -1), COALESCE(held.owner_id, deal.owner_id), COALESCE(member.unit_id, -1)
FROM line
JOIN customers_deal deal ON deal.id = line.deal_id
LEFT JOIN customers_dealownership held
  ON held.deal_id = line.deal_id AND held.valid_from <= line.occurred_at
 AND (held.valid_to IS NULL OR held.valid_to > line.occurred_at)
LEFT JOIN teams_membership member
  ON member.user_id = COALESCE(held.owner_id, deal.owner_id)
 AND member.valid_from <= (line.occurred_at AT TIME ZONE %(zone)s)::date
 AND (member.valid_to IS NULL OR member.valid_to > (line.occurred_at AT TIME ZONE %(zone)s)::date)
ORDER BY line.deal_id, line.seq
"""


@dataclass(frozen=True)
class Wins:
    """
    Every line of the ledger that says "won", (n,) each; a correction of the amount is a line of its own.

    deal, owner, unit: keys (unit -1: in none on the day). day: day number of the win. known, until: known on the mornings of
    (known, until]. cents: -1 unknown. counts: 1; 0 of a further share of a win that is counted once.
    """

    deal: Ints
    day: Ints
    known: Ints
    until: Ints
    cents: Ints
    owner: Ints
    unit: Ints
    counts: Ints

    def known_before(self, as_of: date) -> "Wins":
        """The wins that stood at midnight before a day, each once."""
        day = day_number(as_of)
        return self[(self.known < day) & (self.until >= day)]

    def within(self, first: date, after: date) -> "Wins":
        """The wins of the business days [first, after)."""
        return self[(self.day >= day_number(first)) & (self.day < day_number(after))]

    def __getitem__(self, rows: Bools) -> "Wins":
        return Wins(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.deal)

    def by_owner_unit_and_month(self) -> list[Actual]:
        """Return the sums in the form of `actuals`: per owner, unit of the day and month."""
        months = self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        keys, at = np.unique(np.column_stack([months, self.unit, self.owner]), axis=0, return_inverse=True)
        known = self.cents >= 0
        cents = np.zeros(len(keys), np.int64)
        np.add.at(cents, at.ravel()[known], self.cents[known])
        wins = np.bincount(at.ravel(), self.counts, len(keys)).astype(np.int64)
        unknown = wins - np.bincount(at.ravel()[known], self.counts[known], len(keys)).astype(np.int64)
        return [
            Actual(
                owner=owner,
                unit=None if unit < 0 else unit,
                month=date(1970 + month // 12, month % 12 + 1, 1),
                won=Won.of_cents(cents=sum_, wins=int(count), unknown=int(missing)),
            )
            for (month, unit, owner), sum_, count, missing in zip(
                keys.tolist(), cents.tolist(), wins, unknown, strict=True
            )
        ]


def wins_ledger(*, time_zone: str, since: date = EPOCH) -> Wins:
    """
    Read the wins of the company, in one query.

    :param since: only deals that were won on or after this day (and some of the day before it)
    """
    rows = copied(
        _LINES,
        {"zone": time_zone, "since": since - timedelta(days=1)},  # midnight is not at one moment everywhere
        {
            "deal": "int8",
            "begins": "int2",
            "known": "int4",
            "until": "int4",
            "cents": "int8",
            "owner": "int8",
            "unit": "int8",
        },
    )
    column = {name: values.astype(np.int64) for name, values in rows.items()}
    # A correction belongs to the win before it: its day, its owner, its unit.
    start = np.maximum.accumulate(np.where(column["begins"] > 0, np.arange(len(column["deal"])), 0))
    return _shared(
        Wins(
            deal=column["deal"],
            day=column["known"][start],
            known=column["known"],
            until=column["until"],
            cents=column["cents"],
            owner=column["owner"][start],
            unit=column["unit"][start],
            counts=np.ones(len(start), np.int64),
        )
    )


def _shared(wins: Wins) -> Wins:
    """Give every person their share of the wins whose credit is shared, as `actuals` does. Two queries more where any is."""
    agreed: dict[int, list[DealCredit]] = defaultdict(list)
    for row in DealCredit.objects.filter(is_overlay=False).order_by("deal", "seq", "-points", "person"):
        agreed[row.deal_id].append(row)
    found = np.flatnonzero(np.isin(wins.deal, np.array(list(agreed), np.int64))) if agreed else np.zeros(0, np.int64)
    if not len(found):
        return wins
    held = Membership.objects.filter(user__in={row.person_id for rows in agreed.values() for row in rows})
    places: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for place in held:
        until = day_number(place.valid_to) if place.valid_to else FOREVER
        places[place.user_id].append((day_number(place.valid_from), until, place.unit_id))
    lines: list[tuple[int, ...]] = []
    for at in found.tolist():
        rows = agreed[int(wins.deal[at])]
        day, owner = int(wins.day[at]), int(wins.owner[at])
        last = max((row.seq for row in rows if day_number(row.valid_from) <= day), default=None)
        parts = sorted((row for row in rows if row.seq == last), key=lambda row: row.person_id != owner)
        line = [int(getattr(wins, name)[at]) for name in ("deal", "day", "known", "until", "cents")]
        if not parts:
            lines.append((*line, owner, int(wins.unit[at]), 1))
            continue
        cents = line.pop()
        shares = split_count(cents, [row.points for row in parts]) if cents >= 0 else (-1,) * len(parts)
        for place_of, (row, share) in enumerate(zip(parts, shares, strict=True)):
            unit = next((key for first, after, key in places[row.person_id] if first <= day < after), -1)
            lines.append((*line, share, row.person_id, unit, int(place_of == 0)))
    columns = (np.array(column, np.int64) for column in zip(*lines, strict=True))
    rest = wins[~np.isin(np.arange(len(wins)), found)]
    return Wins(*(np.concatenate([one, more]) for one, more in zip(vars(rest).values(), columns, strict=True)))
