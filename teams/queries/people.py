from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value

from teams import policies
from teams.models import Management, Membership, OrgUnit, User

State = Literal["active", "former", "all"]


def people(user: User, *, q: str = "", unit: OrgUnit | None = None, state: str = "active") -> QuerySet[User]:
    """
    The people whose names the user may see, each with `unit_name` and `manages` (names of units) as of today.

    :param q: part of a name; of an e-mail only where the user sees the person's work, so that the search tells no more
        than the list
    :param unit: only people of this unit and of all below it; one that the user may not know finds nobody
    :param state: "active", "former" or "all"
    """
    known_units = OrgUnit.objects.known_to(user)
    found = User.objects.known_to(user)
    if state != "all":
        found = found.filter(is_active=state != "former")
    if q:
        visible = User.objects.visible_to(user).values("pk")
        found = found.filter(Q(name__icontains=q) | Q(email__icontains=q, pk__in=visible))
    if unit is not None:
        below = known_units.filter(pk__in=unit.descendants(include_self=True).values("pk"))
        found = found.filter(pk__in=Membership.objects.current().filter(unit__in=below.values("pk")).values("user"))
    place = Membership.objects.current().filter(user=OuterRef("pk"), unit__in=known_units.values("pk"))
    posts = (
        Management.objects.current()
        .filter(user=OuterRef("pk"), unit__in=known_units.values("pk"))
        .order_by()
        .values("user")
        .annotate(names=StringAgg("unit__name", Value(" · "), order_by="unit__name"))
    )
    return found.annotate(
        unit_name=Subquery(place.values("unit__name")[:1]),
        manages=Subquery(posts.values("names")),
    ).order_by("name", "pk")


@dataclass(frozen=True)
class PersonPage:
    """
    A person as one viewer may see them.

    :param sees_work: the viewer sees more than the name and the place of today
    :param places: the units the person belonged to, belongs to or will, newest first; only today's for a bare name
    :param posts: the units the person answered for, newest first; only today's for a bare name
    """

    person: User
    sees_work: bool
    places: list[Membership]
    posts: list[Management]
    can_edit: bool
    can_change_role: bool


def person_page(person: User, viewer: User, *, as_of: date) -> PersonPage:
    """What a viewer may see of a person whose name they know."""
    sees_work = policies.can_see_work_of(viewer, person)
    places = Membership.objects.filter(user=person).select_related("unit").order_by("-valid_from")
    posts = Management.objects.filter(user=person).select_related("unit").order_by("-valid_from", "unit__name")
    if not sees_work:
        known = OrgUnit.objects.known_to(viewer).values("pk")
        places, posts = places.on(as_of).filter(unit__in=known), posts.on(as_of).filter(unit__in=known)
    return PersonPage(
        person=person,
        sees_work=sees_work,
        places=list(places),
        posts=list(posts),
        can_edit=policies.can_manage_people(viewer),
        can_change_role=policies.can_change_role(viewer, person),
    )
