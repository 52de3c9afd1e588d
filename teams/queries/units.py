from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet

from teams.models import Management, Membership, OrgUnit, User


@dataclass(frozen=True)
class UnitRow:
    """
    A unit in the tree as one viewer may see it.

    :param depth: steps below the company
    :param people: how many people whose names the viewer may see belong to it or to a unit below it, today
    """

    unit: OrgUnit
    depth: int
    manager: User | None
    people: int


def unit_tree(user: User) -> list[UnitRow]:
    """The units whose names the user may see, each after its parent, with manager and head count of today."""
    units = list(OrgUnit.objects.known_to(user).with_tree_fields())
    known_people = User.objects.known_to(user).active()
    managers = {
        post.unit_id: post.user
        for post in Management.objects.current()
        .filter(unit__in=units, user__in=User.objects.known_to(user).values("pk"))
        .select_related("user")
    }
    direct = Counter(
        Membership.objects.current().filter(user__in=known_people.values("pk")).values_list("unit", flat=True)
    )
    total: Counter[int] = Counter()
    for unit in units:
        for key in unit.tree_path:
            total[key] += direct[unit.pk]
    return [
        UnitRow(unit=unit, depth=unit.tree_depth, manager=managers.get(unit.pk), people=total[unit.pk])
        for unit in units
    ]


def units_in_order(user: User) -> QuerySet[OrgUnit]:
    """Units whose names the user may see, in the order of the tree, with `tree_depth`; for choices in forms."""
    found: QuerySet[OrgUnit] = OrgUnit.objects.known_to(user).with_tree_fields()
    return found
