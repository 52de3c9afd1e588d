"""Queries per page: as many for somebody who sees two hundred people and all deals as for somebody who sees one of each."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.report import table
from bench.world import DEALS, World
from teams.models import User

PAGES = (
    "customers:deals",
    "customers:board",
    "customers:my-day",
    "customers:customers",
    "planning:overview",
    "planning:targets",
    "planning:forecast",
    "planning:funnel",
    "planning:conversion",
    "teams:people",
    "api:deal-list",
    "api:customer-list",
    "api:person-list",
    "api:target-list",
    "api:forecast-list",
    "api:conversion-rates",
)


def measure(world: World) -> None:
    """Print the number of queries of each page for one row and for many."""
    one, many = _counts(world.small), _counts(world.supervisor)
    table(
        "Queries per page",
        ("page", "1 rep, 1 deal", f"200 reps, {DEALS:,} deals", ""),
        [(name, one[name], many[name], "equal" if one[name] == many[name] else "DIFFERENT") for name in PAGES],
    )


def _counts(user: User) -> dict[str, int]:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    found = {}
    for name in PAGES:
        client.get(reverse(name))  # the first look fills what a process keeps
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(reverse(name))
        assert answer.status_code == 200, (name, answer.status_code)
        found[name] = len(captured)
    return found
