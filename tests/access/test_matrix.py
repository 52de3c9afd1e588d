from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from config import access
from config.urls import urlpatterns as product
from core.access import OWNER_AND_CHAIN, Rule
from customers.models import Deal
from tests.access.matrix import Scene, mismatches
from tests.routes import Route, named_routes

pytestmark = [pytest.mark.requirement("R7.4"), pytest.mark.django_db, pytest.mark.no_cover]


def rules_of(route: Route) -> Mapping[str, Rule]:
    """Return the rules of a route; where one name stands for two things, each may have its own by its arguments."""
    declared = access.declared()
    return declared.get(str(route)) or declared.get(route.name, {})


def test_every_route_is_declared() -> None:
    assert [str(route) for route in named_routes() if not rules_of(route)] == []


def test_every_declared_route_exists() -> None:
    known = {name for route in named_routes() for name in (route.name, str(route))}
    assert sorted(access.declared().keys() - known) == []


@pytest.mark.parametrize("route", named_routes(), ids=str)
def test_everybody_gets_what_is_declared_and_nothing_else(route: Route, scene: Scene, counts: Counter[str]) -> None:
    wrong = mismatches(scene, route, rules_of(route), counts)
    counts["mismatches"] += len(wrong)
    assert wrong == []


# --- The matrix can fail: a view without a guard, and a method without a rule, stand out ------------------------------


@login_not_required
def unguarded(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(Deal.objects.get(pk=pk).title)


def unfiltered(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(Deal.objects.get(pk=pk).title)


urlpatterns = [
    *product,
    path("toy/unguarded/<int:pk>/", unguarded, name="toy-unguarded"),
    path("toy/unfiltered/<int:pk>/", unfiltered, name="toy-unfiltered"),
]
OF_THE_DEAL = {"GET": Rule(OWNER_AND_CHAIN)}


def toy(name: str) -> Route:
    return next(route for route in named_routes(__name__) if route.name == name)


@pytest.fixture
def with_toys(scene: Scene) -> Callable[[str], list[str]]:
    def wrong(name: str) -> list[str]:
        there = Scene(scene.world, scene.clients, scene.cookies, {"pk": scene.world.deal.pk})
        with override_settings(ROOT_URLCONF=__name__):
            return mismatches(there, toy(name), OF_THE_DEAL)

    return wrong


def test_a_new_route_nobody_declared_is_found() -> None:
    missing = {route.name for route in named_routes(__name__)} - access.declared().keys()
    assert {"toy-unguarded", "toy-unfiltered"} <= missing


def test_a_view_that_asks_nobody_to_sign_in_is_found(with_toys: Callable[[str], list[str]]) -> None:
    assert "GET toy-unguarded(pk) as anonymous: gets through, declared: must sign in" in with_toys("toy-unguarded")


def test_a_view_that_forgets_visible_to_is_found(with_toys: Callable[[str], list[str]]) -> None:
    wrong = with_toys("toy-unfiltered")
    assert "GET toy-unfiltered(pk) as peer: gets through, declared: 404" in wrong
    assert "GET toy-unfiltered(pk) as other region: gets through, declared: 404" in wrong


def test_a_method_without_a_rule_is_found(with_toys: Callable[[str], list[str]]) -> None:
    assert any(
        line.startswith("DELETE toy-unfiltered(pk) as owner: gets through") for line in with_toys("toy-unfiltered")
    )
