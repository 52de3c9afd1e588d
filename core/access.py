"""
Who may do what: the words in which every app declares its routes, and the one refusal.

Rows are narrowed by `.visible_to(user)`, acts are asked of `policies.can_…`. Besides, each app's `policies.ROUTES` says for
each of its URL names and methods which kinds of people get through. The product does not consult ROUTES at run time: it is
the promise that the access test (generated from the URL resolver) holds against the real answers. A route without an
entry fails the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotAllowed


class Person(StrEnum):
    """The kinds of people that the access test sends, as seen from the thing they ask for."""

    OWNER = "owner"  # the rep whose deal, target or row it is
    PEER = "peer"  # a rep of the same team
    LEAD = "lead"  # the manager of the owner's team
    SIBLING_LEAD = "sibling lead"  # the manager of another team of the region
    SUPERVISOR = "supervisor"  # the manager of the owner's region
    OTHER_REGION = "other region"  # the manager of another region
    PLAN_OWNER = "plan owner"  # plans for the whole company
    ADMINISTRATOR = "administrator"


ALL = frozenset(Person)
CHAIN = frozenset({Person.LEAD, Person.SUPERVISOR, Person.PLAN_OWNER, Person.ADMINISTRATOR})
OWNER_AND_CHAIN = CHAIN | {Person.OWNER}
MANAGERS = ALL - {Person.OWNER, Person.PEER}
COMPANY = frozenset({Person.PLAN_OWNER, Person.ADMINISTRATOR})
ADMINISTRATORS = frozenset({Person.ADMINISTRATOR})


@dataclass(frozen=True)
class Rule:
    """
    Who gets through on one method of one route.

    :param ok: these succeed (2xx, 3xx to a next page, 400/409/412/422/428 for a bare request: past the gate)
    :param sees: these see the thing but may not do this: 403. Whoever is in neither gets 404 where the route names a
        thing, 403 where it does not. Anonymous and disabled people get the sign-in page, or 401 from the API.
    :param public: needs no sign-in
    :param scope: what an API token must carry; "" = the route takes no token
    """

    ok: frozenset[Person]
    sees: frozenset[Person] = frozenset()
    public: bool = False
    scope: str = ""


Routes = Mapping[str, Mapping[str, Rule]]
PUBLIC = Rule(ALL, public=True)

SCOPES = (
    "people:read",
    "customers:read",
    "customers:write",
    "deals:read",
    "deals:write",
    "plans:read",
    "plans:write",
    "targets:read",
    "targets:write",
    "forecasts:read",
    "forecasts:write",
)


def require(allowed: bool, message: object | None = None) -> None:
    """Refuse with 403 unless allowed. :raises NotAllowed: with the reason, if one is given"""
    if not allowed:
        raise NotAllowed() if message is None else NotAllowed(message)
