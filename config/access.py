"""The declared access of every route: what each app's `policies.ROUTES` says, and config's own."""

from collections.abc import Mapping

from config import policies
from core.access import Routes, Rule
from customers import policies as customers
from planning import policies as planning
from teams import policies as teams


def declared() -> Routes:
    """Return the rules of all routes by name. :raises ValueError: where two apps declare the same route"""
    found: dict[str, Mapping[str, Rule]] = {}
    for routes in (policies.ROUTES, teams.ROUTES, customers.ROUTES, planning.ROUTES):
        twice = found.keys() & routes.keys()
        if twice:
            raise ValueError(f"declared twice: {sorted(twice)}")
        found.update(routes)
    return found
