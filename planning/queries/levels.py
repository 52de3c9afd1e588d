"""The higher levels of a year's target, with their chances as the last night saw the year."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from planning.models import NodeForecast, Plan, Target
from planning.models.plans import IN_FORCE
from teams.models import User

from .forecasts import Node
from .reconcile import chance


@dataclass(frozen=True)
class Level:
    """
    Target, stretch or challenge of a year.

    :param chance: to reach it; the target's from the night itself, the others' read off its quantiles
    """

    label: str
    amount: Decimal
    chance: float | None


def levels(*, plan: Plan, node: Node, user: User, year: NodeForecast | None) -> Sequence[Level]:
    """Return the levels of a node's target in force, the target first; nothing where only the target is set. One query."""
    rows = Target.objects.visible_to(user).plain().filter(version__plan=plan, version__status__in=IN_FORCE)
    target = rows.filter(unit=node.unit, person=node.person).first()
    if target is None or (target.stretch is None and target.challenge is None):
        return []
    own = year.p_attain if year and year.target == target.total else chance(year, target.total)
    higher = ((_("Stretch"), target.stretch), (_("Challenge"), target.challenge))
    found = [Level(label, amount, chance(year, amount)) for label, amount in higher if amount is not None]
    return [Level(_("Target"), target.total, own), *found]
