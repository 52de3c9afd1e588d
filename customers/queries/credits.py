"""
Who gets the credit for a deal: what is agreed now, what was agreed before, and whose revenue a win is.

One definition for every page and report: a win is revenue of whoever owned the deal when it was won; where people share the
credit, its money follows their shares as agreed on that day, to the cent (largest remainder, ties to the owner, then to the
larger share). The deal itself is one happening: of its owner, or of the largest share where the owner has none.
Overlay is in no sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from customers.models import Deal, DealCredit

_CREDITED = """agreed AS (
    SELECT DISTINCT ON (credit.deal_id) credit.deal_id, credit.seq
    FROM customers_dealcredit credit JOIN owned ON owned.deal_id = credit.deal_id AND credit.valid_from <= owned.day
    ORDER BY credit.deal_id, credit.seq DESC
), cut AS (
    SELECT owned.*, credit.person_id, floor(abs(owned.value) * credit.points / 100) AS cents,
           mod(abs(owned.value) * credit.points, 100) AS rest,
           row_number() OVER (PARTITION BY owned.deal_id
                              ORDER BY credit.person_id <> owned.owner_id, credit.points DESC, credit.person_id) AS place
    FROM owned
    JOIN agreed ON agreed.deal_id = owned.deal_id
    JOIN customers_dealcredit credit
      ON credit.deal_id = agreed.deal_id AND credit.seq = agreed.seq AND NOT credit.is_overlay
), part AS (
    SELECT cut.*, row_number() OVER (PARTITION BY deal_id ORDER BY rest DESC, place)
                  <= abs(value) * 100 - sum(cents) OVER (PARTITION BY deal_id) AS one_more
    FROM cut
), credited AS (
    SELECT owner_id, day, value, TRUE AS counts {columns}
    FROM owned WHERE NOT EXISTS (SELECT FROM agreed WHERE agreed.deal_id = owned.deal_id)
    UNION ALL
    SELECT person_id, day, {shared}, place = 1 {columns} FROM part WHERE {divides} OR place = 1
)"""
_DIVIDED = "sign(value) * round((cents + one_more::int) / 100, 2)"


@dataclass(frozen=True)
class Agreement:
    """The parts that were agreed at once; `overlays` come on top and are never added to a total."""

    valid_from: date
    reason: str
    actor: str
    parts: Sequence[DealCredit]
    overlays: Sequence[DealCredit]

    @property
    def is_shared(self) -> bool:
        return len(self.parts) + len(self.overlays) > 1


def agreements(deal: Deal) -> list[Agreement]:
    """Return what was agreed about a deal, the newest first; empty = the owner's alone. One query."""
    rows: dict[int, list[DealCredit]] = {}
    for row in deal.credits.select_related("person", "actor"):
        rows.setdefault(row.seq, []).append(row)
    return [
        Agreement(
            valid_from=found[0].valid_from,
            reason=found[0].reason,
            actor=str(found[0].actor or ""),
            parts=[row for row in found if not row.is_overlay],
            overlays=[row for row in found if row.is_overlay],
        )
        for _seq, found in sorted(rows.items(), reverse=True)
    ]


def credited(*, divides: bool = True, columns: Sequence[str] = ()) -> str:
    """
    Return the common table `credited` (owner_id, day, value, counts), to follow on `owned` (deal_id, day, value, owner_id).

    One line per person with a part in a deal; `counts` is true on one line of each deal.

    :param divides: money is divided by the shares; a count stays whole and has one line
    :param columns: further columns of `owned` to take along
    """
    more = "".join(f", {name}" for name in columns)
    return _CREDITED.format(columns=more, shared=_DIVIDED if divides else "value", divides=str(divides).upper())
