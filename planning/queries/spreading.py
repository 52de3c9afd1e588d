"""How a wish is carried out in thought, unit by unit; see `cascades` for what is spread and what is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.money import CENT, BoundsDoNotFit, smallest_unit, split_amount, split_around, split_within
from core.templatetags.formats import money_full
from planning.models import MONTHS, PlanVersion
from planning.policies import TargetReach

from .below import Spot, Tree, plan_tree
from .cascades import Bound, MonthShape, Proposal, Share, SpotWish, Wish
from .outline import row_key
from .seasons import Seasons
from .targets import Amounts, months_of
from .weights import TYPED, Method, Weight, Weights, last_year, weights_by

EVEN = (Decimal(1),) * 12
NAMED = 8  # so many are named where a bound is in the way


def proposal(*, version: PlanVersion, unit: int, wish: Wish, reach: TargetReach, as_of: date) -> Proposal:
    """Return what a wish would do below a unit. The number of queries does not depend on how many stand below."""
    tree = plan_tree(version)
    parent = tree.spots[row_key(unit=unit)]
    before = last_year(version, tree)
    weights = weights_by(wish.method, version=version, tree=tree, as_of=as_of, fill=wish.fill)
    spread = _Spread(version=version, tree=tree, wish=wish, reach=reach, weights=weights, before=before)
    asked = spread.asked_of(parent)
    kept = spread.kept_below(parent)
    try:
        spread.check(parent)
        shares = list(spread.below(parent, spread.whole(parent), depth=0))
    except _Refused as refusal:
        now = spread.as_they_are(parent)
        return Proposal(parent, asked, kept, now, weights.sentence, problems=[(refusal.where, refusal.why)])
    return Proposal(parent, asked, kept, shares, weights.sentence, notes=spread.notes)


class _Refused(Exception):
    """A wish that cannot be carried out: which field of it, and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where, self.why = where, why


@dataclass(frozen=True)
class _Held:
    """What a spot has or gets: the amount, its months, and what its higher levels ask for above it."""

    amount: Decimal
    months: Amounts
    stretch_over: Decimal | None
    challenge_over: Decimal | None


class _Spread:
    def __init__(
        self,
        *,
        version: PlanVersion,
        tree: Tree,
        wish: Wish,
        reach: TargetReach,
        weights: Weights,
        before: Mapping[str, Decimal],
    ) -> None:
        self._tree, self._wish, self._reach, self._weights, self._before = tree, wish, reach, weights, before
        self._currency = version.plan.currency
        self._least = max(CENT, smallest_unit(self._currency))
        self._seasons = Seasons(version.plan) if wish.shape == MonthShape.SEASON else None
        self.notes: list[str] = []

    def asked_of(self, parent: Spot) -> Decimal:
        return self._part(parent.total or Decimal(0))

    def whole(self, parent: Spot) -> _Held:
        """What is spread of the target that the wish is about."""
        target = parent.target
        if target is None:
            raise _Refused("", _("%(name)s has no target yet: there is nothing to spread.") % {"name": parent.name})
        over = target.stretch_over, target.challenge_over
        stretch, challenge = (None if amount is None else self._part(amount) for amount in over)
        return _Held(self.asked_of(parent), months_of(target), stretch, challenge)

    def kept_below(self, parent: Spot) -> Decimal:
        kept = (child.total for child in self._tree.children(parent.key) if self._why_kept(child))
        return sum((total for total in kept if total is not None), Decimal("0.00"))

    def check(self, parent: Spot) -> None:
        """:raises _Refused: for a wish that cannot be carried out whatever the figures"""
        if not self._tree.children(parent.key):
            raise _Refused("", _("Nobody stands below %(name)s.") % {"name": parent.name})
        if self._weights.refusal:
            raise _Refused("method", self._weights.refusal)
        if self._wish.deep and self._wish.method in TYPED:
            why = _(
                "What is typed for those directly below spreads one level. Choose another method to go all the way down."
            )
            raise _Refused("deep", why)
        if self._wish.method == Method.BUCKETS and sum(self._wish.buckets.values()) != 100:
            raise _Refused("buckets", _("The shares of the buckets make 100 per cent together."))
        if unknown := self._unknown_below(parent):
            raise _Refused("fill", self._who_is_unknown(unknown))

    def _unknown_below(self, parent: Spot) -> list[str]:
        """Who would be taken for zero: of those among whom is spread, and of everybody below them."""
        free = (child for child in self._tree.children(parent.key) if not self._why_kept(child))
        keys = (spot.key for child in free for spot in self._tree.within(child.key))
        return [self._weights.unknown[key] for key in keys if key in self._weights.unknown]

    def _who_is_unknown(self, names: Sequence[str]) -> str:
        if self._wish.fill:
            why = _(
                "%(names)s: no full quota is set, and nobody's beside or above is known either. Enter it on the page Capacity."
            )
        else:
            why = _(
                "%(names)s: no full quota is set, so what they can carry is not known. Enter it on the page Capacity, for "
                "the person or for a unit above, or tick that they get the mean of their unit."
            )
        return why % {"names": _listed(names)}

    def below(self, parent: Spot, above: _Held, *, depth: int) -> Iterator[Share]:
        """What each spot below a unit gets, each followed by those below it where the wish goes all the way down."""
        children = self._tree.children(parent.key)
        free = [child for child in children if not self._why_kept(child)]
        amounts = self._split(parent, above.amount, children, free, depth)
        given = self._with_levels(above, children, free, amounts)
        got = {child.key: given.get(child.key) or _held(child) for child in children}
        total = sum((held.amount for held in got.values() if held), Decimal(0))
        for child in children:
            held = got[child.key]
            yield self._share(child, held, depth, total)
            if self._wish.deep and held and self._tree.children(child.key):
                yield from self.below(child, held, depth=depth + 1)

    def as_they_are(self, parent: Spot) -> list[Share]:
        children = self._tree.children(parent.key)
        total = sum((child.total or Decimal(0) for child in children), Decimal(0))
        return [self._share(child, _held(child), 0, total) for child in children]

    def _part(self, amount: Decimal) -> Decimal:
        return (amount * self._wish.percent / 100).quantize(self._least)

    def _why_kept(self, spot: Spot) -> str:
        """Why a spot keeps what it has; empty where it does not."""
        if not self._may_set(spot):
            return _("Set by those above you.")
        wished = self._wish.of(spot.key).keep
        return (spot.kept_reason if wished is None else wished) if spot.target else ""

    def _may_set(self, spot: Spot) -> bool:
        return self._reach.covers(
            unit=spot.unit.pk if spot.unit else None, person=spot.person.pk if spot.person else None
        )

    def _split(
        self, parent: Spot, asked: Decimal, children: Sequence[Spot], free: Sequence[Spot], depth: int
    ) -> Sequence[Decimal]:
        kept = sum((child.total or Decimal(0) for child in children if child not in free), Decimal(0))
        amount = asked - kept
        facts = {"name": parent.name, "amount": self._money(abs(amount))}
        if amount < 0:
            raise _Refused("", _("What is kept below %(name)s is %(amount)s more than what is spread.") % facts)
        if not free:
            if amount:
                why = _("Everybody below %(name)s keeps what they have: %(amount)s would have no owner.") % facts
                raise _Refused("", why)
            return ()
        weights = self._weights_of(parent, free, depth)
        even = amount / len(free)
        own = [self._wish.of(child.key) if depth == 0 else SpotWish() for child in free]
        floors = [_bound(wished.floor or self._wish.floor, even) for wished in own]
        caps = [_bound(wished.cap or self._wish.cap, even) for wished in own]
        try:
            return split_within(amount, weights, floors=floors, caps=caps, unit=self._least)
        except BoundsDoNotFit as refusal:
            raise _Refused(*self._in_the_way(refusal, parent, amount, free)) from None

    def _weights_of(self, parent: Spot, free: Sequence[Spot], depth: int) -> Sequence[Decimal | Fraction]:
        if self._wish.method == Method.BUCKETS:
            return self._bucket_weights(free)
        found = []
        for child in free:
            weight = self._weight_of(child, depth)
            if weight is None:
                raise _Refused(
                    f"weight_{child.key}", _("Give %(name)s a weight; blank is not zero.") % {"name": child.name}
                )
            found.append(weight.amount)
        if any(found):
            return found
        self.notes.append(_("Below %(name)s evenly: the method has nothing to go by there.") % {"name": parent.name})
        return [Decimal(1)] * len(free)

    def _weight_of(self, spot: Spot, depth: int) -> Weight | None:
        typed = self._wish.of(spot.key).weight if depth == 0 else None
        if typed is not None and self._wish.method in {Method.MANUAL, Method.POTENTIAL}:
            return Weight(typed, _("typed"))
        return self._weights.by_key.get(spot.key)

    def _bucket_weights(self, free: Sequence[Spot]) -> list[Decimal | Fraction]:
        """Each bucket's share, evenly among those in it."""
        chosen = [self._wish.of(child.key).bucket for child in free]
        for child, bucket in zip(free, chosen, strict=True):
            if bucket not in self._wish.buckets:
                raise _Refused(f"bucket_{child.key}", _("Put %(name)s into a bucket.") % {"name": child.name})
        if empty := [name for name, share in self._wish.buckets.items() if share and name not in chosen]:
            raise _Refused(
                "buckets", _("Nobody is in bucket %(name)s, so its share has no owner.") % {"name": empty[0]}
            )
        return [Fraction(self._wish.buckets[bucket]) / chosen.count(bucket) for bucket in chosen]

    def _in_the_way(
        self, refusal: BoundsDoNotFit, parent: Spot, amount: Decimal, free: Sequence[Spot]
    ) -> tuple[str, str]:
        names = [free[place].name for place in refusal.parts]
        facts = {
            "name": parent.name,
            "names": _listed(names),
            "bound": self._money(refusal.bound),
            "amount": self._money(amount),
        }
        if refusal.which == "crossed":
            return "floor", _("The floor is above the cap for %(names)s.") % facts
        if refusal.which == "floors":
            why = _(
                "The floors below %(name)s ask for %(bound)s, but only %(amount)s is spread. Lower a floor of %(names)s."
            )
            return "floor", why % facts
        why = _("The caps below %(name)s leave room for %(bound)s, but %(amount)s is spread. Raise a cap of %(names)s.")
        return "cap", why % facts

    def _with_levels(
        self, above: _Held, children: Sequence[Spot], free: Sequence[Spot], amounts: Sequence[Decimal]
    ) -> dict[str, _Held]:
        """Amounts with their months, and with stretch and challenge in proportion to them."""
        kept = [child.target for child in children if child not in free and child.target]
        weights = amounts if any(amounts) else [Decimal(1)] * len(amounts)
        stretch: Sequence[Decimal | None] = [child.target.stretch_over if child.target else None for child in free]
        more: Sequence[Decimal | None] = [None] * len(free)
        if free and above.stretch_over is not None:
            rest = above.stretch_over - sum((target.stretch_over or Decimal(0) for target in kept), Decimal(0))
            stretch = split_amount(max(rest, Decimal(0)), weights, unit=self._least)
        if free and above.challenge_over is not None:
            first = above.stretch_over or Decimal(0)
            held = sum(((t.challenge_over or Decimal(0)) - (t.stretch_over or Decimal(0)) for t in kept), Decimal(0))
            more = split_amount(max(above.challenge_over - first - held, Decimal(0)), weights, unit=self._least)
        found = {}
        for child, amount, low, step in zip(free, amounts, stretch, more, strict=True):
            own = child.target.challenge_over if child.target else None
            high = own if own is None else max(own, low or Decimal(0))
            if step is not None:
                high = (low if above.stretch_over is not None and low is not None else Decimal(0)) + step
                high = max(high, low or Decimal(0))
            found[child.key] = _Held(amount, self._months(child, above, amount), low, high)
        return found

    def _months(self, spot: Spot, above: _Held, amount: Decimal) -> Amounts:
        """
        Who gets the amount that stands there keeps its months; else the shape that was wished for, around the months that
        somebody set by hand.
        """
        if spot.target and spot.total == amount:
            return months_of(spot.target)
        shape = above.months
        if self._seasons:
            shape = self._seasons.of(unit=spot.unit, person=spot.person)
        by_hand = spot.target.overrides if spot.target else {}
        fixed = [getattr(spot.target, month) if month in by_hand else None for month in MONTHS]
        try:
            return split_around(amount, fixed, shape if any(shape) else EVEN, unit=self._least)
        except ValueError:
            facts = {"name": spot.name, "amount": self._money(amount)}
            why = _(
                "The months of %(name)s set by hand do not fit into %(amount)s. Give them back to the split, or keep the row."
            )
            raise _Refused("", why % facts) from None

    def _share(self, spot: Spot, held: _Held | None, depth: int, total: Decimal) -> Share:
        return Share(
            spot=spot,
            depth=depth,
            proposed=held.amount if held else None,
            months=held.months if held else None,
            stretch_over=held.stretch_over if held else None,
            challenge_over=held.challenge_over if held else None,
            last_year=self._before.get(spot.key, Decimal(0)),
            weight=self._weight_of(spot, depth),
            share=float(held.amount / total) if held and total else None,
            kept=self._why_kept(spot),
            may_set=self._may_set(spot),
        )

    def _money(self, amount: Decimal) -> str:
        return money_full(amount, self._currency)


def _held(spot: Spot) -> _Held | None:
    target = spot.target
    return _Held(target.total, months_of(target), target.stretch_over, target.challenge_over) if target else None


def _listed(names: Sequence[str]) -> str:
    return pgettext("between the parts of a list", ", ").join([*names[:NAMED], *(["…"] if names[NAMED:] else [])])


def _bound(bound: Bound | None, even: Decimal) -> Decimal | None:
    return bound.of(even) if bound else None
