"""Who gets the credit for a deal: what is agreed now, and what was agreed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from customers.models import Deal, DealCredit


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
