"""What moved since an earlier night: the difference of two snapshots, taken apart so that the parts add up."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from core.models import JobRun
from customers.models import Deal, Stage
from planning.models import DealForecast, NodeForecast

from .forecasts import YEAR, Node
from .overview import deals_below

_CENT = Decimal("0.01")
_BY_YEAR_END = "p_by_month__11"  # the twelfth value: won by the end of the year


@dataclass(frozen=True)
class Move:
    """One part of the difference; `deals` is how many deals it comes from, None where it comes from none."""

    key: str
    amount: Decimal
    deals: int | None


@dataclass(frozen=True)
class Movement:
    """Expected revenue of the year then and now; `moves` add up to the difference, to the cent."""

    before: NodeForecast
    after: NodeForecast
    moves: tuple[Move, ...]

    @property
    def change(self) -> Decimal:
        return self.after.expected - self.before.expected


def movement(*, run: JobRun, since: JobRun, node: Node) -> Movement | None:
    """
    Take the difference of a node's year between two nights apart.

    won: what was won brought, less what was expected of it. lost: what was expected of it. created: expected of deals that
    the earlier night did not know. amount, chance: of deals open on both nights. unborn: the deals not yet created. rest:
    what a night's own correction, a hand-over or a move between units makes.
    Two passes over the open deals of both nights.
    """
    before = node.rows(since).filter(period=YEAR).first()
    after = node.rows(run).filter(period=YEAR).first()
    if before is None or after is None:
        return None
    then, now = _odds(since, node), _odds(run, node)
    gone = then.keys() - now.keys()
    closed = {deal.pk: deal for deal in Deal.objects.filter(pk__in=gone).select_related("stage")}
    parts: dict[str, tuple[Decimal, int]] = {}

    def add(key: str, amount: Decimal) -> None:
        total, deals = parts.get(key, (Decimal(0), 0))
        parts[key] = (total + amount, deals + 1)

    for key in gone:
        deal, expected = closed.get(key), _product(*then[key])
        if deal is not None and deal.stage.kind == Stage.Kind.WON:
            add("won", (deal.amount or Decimal(0)) - expected)
        elif deal is not None and deal.stage.kind == Stage.Kind.LOST:
            add("lost", -expected)
        else:
            add("rest", -expected)
    for key in now.keys() - then.keys():
        add("created", _product(*now[key]))
    for key in now.keys() & then.keys():
        (old_chance, old_amount), (chance, amount) = then[key], now[key]
        if amount != old_amount:
            add("amount", _product(old_chance, amount - old_amount))
        if _moved(old_chance, chance):
            add("chance", _product(chance - old_chance, amount))
    moves = [Move(name, _cents(parts[name][0]), parts[name][1]) for name in _ORDER if name in parts]
    moves.append(Move("unborn", after.new - before.new, None))
    rest = after.expected - before.expected - sum((move.amount for move in moves), Decimal(0))
    return Movement(before, after, (*moves, Move("rest", rest, None)))


_ORDER = ("won", "lost", "created", "amount", "chance")
_NOTICED = Decimal("0.001")


def _moved(before: Decimal, after: Decimal) -> bool:
    return abs(after - before) >= _NOTICED


def _odds(run: JobRun, node: Node) -> dict[int, tuple[Decimal, Decimal]]:
    """Chance to be won within the year, and amount, of every open deal of a node that a night knew."""
    rows = DealForecast.objects.filter(run=run, deal__in=deals_below(node))
    return {
        deal: (Decimal(repr(chance)), amount)
        for deal, chance, amount in rows.values_list("deal", _BY_YEAR_END, "amount")
    }


def _product(chance: Decimal, amount: Decimal) -> Decimal:
    return chance * amount


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_HALF_EVEN)
