"""What is won already, summed to the nodes of a day's organisation, month by month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from .actuals import Actual
from .history import DealHistory, day_number
from .organisation import Organisation

Cents = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Booked:
    """What is won already, by node and month: revenue in cents (M, K), wins (M, K)."""

    revenue: Cents
    wins: Cents


def booked_by_node(rows: Iterable[Actual], places: Organisation, edges: Sequence[date]) -> Booked:
    """
    Sum what was won to the person who owned it then, and to the unit of that day with all above it.

    Shapes: edges (K + 1,) first days of months; rows of other months are left out.
    """
    months = len(edges) - 1
    revenue = np.zeros((places.node_count, months), np.int64)
    wins = np.zeros((places.node_count, months), np.int64)
    month = {edge: place for place, edge in enumerate(edges[:-1])}
    for row in rows:
        if row.month not in month:
            continue
        person = places.node_of(person_id=row.owner)
        nodes = [*places.units_above(row.unit), *([] if person is None else [person])]
        revenue[nodes, month[row.month]] += int(row.won.revenue * 100)
        wins[nodes, month[row.month]] += row.won.wins
    return Booked(revenue, wins)


def by_present_owner(history: DealHistory, places: Organisation, edges: Sequence[date]) -> Cents:
    """
    (M, K) cents won by month as the arithmetic books them: to whoever owns the deal, and to his unit, today.

    The difference to what was booked on the day (a hand-over or a move since) goes into the targets' `already`.
    """
    months = len(edges) - 1
    won = history.won()
    month = np.searchsorted([day_number(edge) for edge in edges], won.day, "right") - 1
    inside = (month >= 0) & (month < months)
    leaf = leaves_of(history, places)[won.deal[inside]]
    cents = np.zeros((len(places.person_ids), months))
    np.add.at(cents, (leaf, month[inside]), np.rint(np.nan_to_num(won.amount[inside]) * 100))
    return np.asarray(places.below @ cents).astype(np.int64)


def leaves_of(history: DealHistory, places: Organisation) -> npt.NDArray[np.int64]:
    """(n_deals,) the leaf of each deal: its owner's place among the people."""
    return np.searchsorted(np.array(places.person_ids, np.int64), history.owner_ids[history.ledger.owner])
