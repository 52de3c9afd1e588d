"""
Nobody changes what they are measured by: a lead neither the own person's target nor that of the unit they manage, which was
handed down to them; what stands below it they split further. By every door, pages and API alike.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from planning import policies
from planning.models import PlanVersion, Scope, Target
from tests.factories.customers import make_product
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, signed_in
from tests.routes import named_routes

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5", "R7.4")]

OWN = ("own person", "own unit")
MONTHS = ["50.00"] * 12
# What a lead does with the own unit's row, and changes none of it.
NOT_THE_TARGET = {"planning:target-cascade", "planning:targets-print", "planning:potentials"}
BODIES: dict[str, dict[str, Any]] = {
    "api:target-list": {"lock_version": 1, "months": MONTHS},
    "api:target-split": {"lock_version": 1, "total": "600.00", "split": "even"},
    "api:target-months": {"lock_version": 1, "amounts": {"m01": "1.00"}, "reason": "Because"},
    "api:target-growth": {"lock_version": 1, "base_source": "typed", "base_amount": "100.00", "growth": "0.5"},
    "api:target-lock": {"lock_version": 1, "locked": True},
    "api:target-clear": {"lock_version": 1, "months": ["m01"]},
    "api:target-ladder": {"lock_version": 1, "year": 0.25, "base": "100.00", "keep": "year"},
    "api:target-levels": {"lock_version": 1, "stretch": "5000.00"},
    "api:commitment-counter": {"amount": "600.00", "note": "Less will do"},
    "api:commitment-accept": {"seen": 1, "lock_version": 1},
}


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A draft in which the lead of team one has a target, and so have the team, the region and a rep."""
    version = make_version(make_plan())
    for whose in ({"unit": cast.east}, {"unit": cast.east_one}, {"person": cast.mori}, {"person": cast.rao}):
        make_target(version, **whose)
    PlanVersion.objects.filter(pk=version.pk).update(talk=PlanVersion.Talk.SHOWN)
    return version


def _whose(cast: Cast, which: str) -> dict[str, int]:
    return {"own person": {"person": cast.mori.pk}, "own unit": {"unit": cast.east_one.pk}}.get(
        which, {"person": cast.rao.pk}
    )


def _rows(version: PlanVersion, cast: Cast) -> list[Any]:
    rows = Target.objects.filter(version=version)
    return list(rows.filter(person=cast.mori).values()) + list(rows.filter(unit=cast.east_one).values())


def _pages_of_a_row() -> list[str]:
    """Every page that takes a wish for a row of a version, whatever it is called: a new one is tried by itself."""
    found = {
        route.name
        for route in named_routes()
        if route.name.startswith("planning:")
        and {"version"} < route.arguments <= {"version", "unit", "person"}
        and "POST" in policies.ROUTES[route.name]
    }
    return sorted(found - NOT_THE_TARGET)


@pytest.mark.parametrize("page", _pages_of_a_row())
def test_no_page_changes_the_own_row_and_each_opens_the_row_of_a_rep(
    page: str, cast: Cast, version: PlanVersion
) -> None:
    client, before = signed_in(cast.mori), _rows(version, cast)
    for which in OWN:
        address = reverse(page, kwargs={"version": version.pk, **_whose(cast, which)})
        assert client.post(address, {"lock_version": "1"}).status_code == 403, which
    assert _rows(version, cast) == before
    below = reverse(page, kwargs={"version": version.pk, **_whose(cast, "a rep")})
    assert client.post(below, {"lock_version": "1"}).status_code not in {403, 404}


def test_every_call_that_sets_a_target_is_tried_below() -> None:
    calls = {
        name
        for name, rules in policies.ROUTES.items()
        if name.startswith(("api:target-", "api:commitment-")) and "POST" in rules
    }
    # A commitment is the owner's word; a spread and a target's links are tried by tests of their own.
    assert calls - {"api:commitment-list", "api:target-cascade", "api:target-links"} == BODIES.keys()


@pytest.mark.parametrize("call", sorted(BODIES))
def test_no_call_changes_the_own_row_and_each_reaches_the_row_of_a_rep(
    call: str, cast: Cast, version: PlanVersion
) -> None:
    asking, before = APIClient(), _rows(version, cast)
    asking.force_login(cast.mori)

    def answer(which: str) -> int:
        body = {"version": version.pk, **_whose(cast, which), **BODIES[call]}
        return int(asking.post(reverse(call), body, format="json").status_code)

    assert [answer(which) for which in OWN] == [403, 403]
    assert _rows(version, cast) == before
    assert answer("a rep") not in {400, 403, 404}


def test_nobody_says_who_carries_the_own_target(cast: Cast, version: PlanVersion) -> None:
    asking, body = APIClient(), {"strategies": [], "carriers": [{"person": cast.rao.pk, "role": "carries"}]}
    asking.force_login(cast.mori)

    def answer(**whose: Any) -> int:
        target = Target.objects.get(version=version, **whose)
        return int(asking.post(reverse("api:target-links", args=[target.pk]), body, format="json").status_code)

    assert [answer(person=cast.mori), answer(unit=cast.east_one)] == [403, 403]
    assert answer(person=cast.rao) == 200


def test_targets_beside_the_plain_ones_are_no_way_around(cast: Cast, version: PlanVersion) -> None:
    client, product = signed_in(cast.mori), make_product()
    for whose in ({"person": cast.mori}, {"unit": cast.east_one}):
        row = make_target(version, scope=Scope(product=product), **whose)
        for page in ("planning:other-target", "planning:other-target-remove"):
            answer = client.post(reverse(page, kwargs={"version": version.pk, "pk": row.pk}), {"lock_version": "1"})
            assert answer.status_code == 403
    below = make_target(version, scope=Scope(product=product), person=cast.rao)
    page = reverse("planning:other-target", kwargs={"version": version.pk, "pk": below.pk})
    assert client.get(page).status_code == 200


def test_a_lead_splits_further_what_was_handed_down(cast: Cast, version: PlanVersion) -> None:
    before, client = _rows(version, cast), signed_in(cast.mori)
    address = reverse("planning:target-cascade", kwargs={"version": version.pk, "unit": cast.east_one.pk})
    wish = {"method": "even", "percent": "100", "shape": "parent"}
    looked = client.post(address, {**wish, "do": "preview"})
    assert client.post(address, {**wish, "do": "apply", "seen": looked.context["seen"]}).status_code == 302
    assert _rows(version, cast) == before  # the lead's own 1,200 stay, and the rest of the team's is nothing
    reps = Target.objects.filter(version=version, person__in=[cast.rao, cast.peer])
    assert sum(row.total for row in reps) == 0

    asking = APIClient()
    asking.force_login(cast.mori)
    months = {"version": version.pk, "person": cast.peer.pk, "lock_version": 1, "months": MONTHS}
    assert asking.post(reverse("api:target-list"), months, format="json").status_code == 200
    assert Target.objects.get(version=version, person=cast.peer).total == Decimal(600)
