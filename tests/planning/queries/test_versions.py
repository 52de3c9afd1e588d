from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from planning.models import PlanVersion
from planning.queries import version_changes
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]
DAY = date(2026, 7, 1)
Active = PlanVersion.Status.ACTIVE


@pytest.fixture
def versions(cast: Cast) -> tuple[PlanVersion, PlanVersion]:
    """East asks for more in the second quarter, Rao is new, the peer has no target any more, West stays."""
    plan = make_plan()
    before, after = make_version(plan, status=Active, by=cast.planner), make_version(plan, number=2, by=cast.planner)
    make_target(before, unit=cast.east)
    make_target(after, unit=cast.east, m04=Decimal(400))
    make_target(after, person=cast.rao)
    make_target(before, person=cast.peer)
    for version in (before, after):
        make_target(version, unit=cast.west)
    return before, after


def test_every_difference_is_named_and_what_is_equal_is_not(cast: Cast, versions: tuple[Any, Any]) -> None:
    before, after = versions

    found = version_changes(before=before, after=after, user=cast.planner, as_of=DAY)

    assert {row.name for row in found.changed} == {"East", "Rao", cast.peer.name}
    assert {row.name for row in found.rows} == {"East", "West", "Rao", cast.peer.name}


def test_a_row_tells_the_change_of_the_year_and_of_every_quarter(cast: Cast, versions: tuple[Any, Any]) -> None:
    before, after = versions
    found = version_changes(before=before, after=after, user=cast.planner, as_of=DAY)
    east = next(row for row in found.rows if row.name == "East")
    assert east.change == Decimal(300)
    assert east.growth == pytest.approx(0.25)
    assert east.quarters == (Decimal(0), Decimal(300), Decimal(0), Decimal(0))


def test_no_target_is_not_a_target_of_zero(cast: Cast, versions: tuple[Any, Any]) -> None:
    before, after = versions
    found = version_changes(before=before, after=after, user=cast.planner, as_of=DAY)
    rao = next(row for row in found.rows if row.name == "Rao")
    assert (rao.before, rao.change, rao.growth) == (None, None, None)


def test_a_manager_compares_only_what_lies_in_reach(cast: Cast, versions: tuple[Any, Any]) -> None:
    before, after = versions
    found = version_changes(before=before, after=after, user=cast.sato, as_of=DAY)
    assert {row.name for row in found.rows} == {"West"}


def test_two_hundred_rows_cost_as_many_queries_as_one(
    cast: Cast, versions: tuple[Any, Any], django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    before, after = versions
    for _ in range(200):
        person = make_person(unit=cast.east_one)
        make_target(after, person=person)
    with django_assert_max_num_queries(16):
        version_changes(before=before, after=after, user=cast.planner, as_of=DAY)


def test_the_page_compares_a_draft_with_what_it_was_made_from(
    client: Client, cast: Cast, versions: tuple[PlanVersion, PlanVersion]
) -> None:
    client.force_login(cast.planner)
    html = client.get(reverse("planning:versions-compare", kwargs={"pk": versions[0].plan_id})).content.decode()
    assert "3 targets differ" in html
    assert "+25.0%" in html
    assert "new target" in html
    assert "no target any more" in html


def test_a_rep_sees_no_draft_and_so_nothing_to_compare(
    client: Client, cast: Cast, versions: tuple[PlanVersion, PlanVersion]
) -> None:
    client.force_login(cast.rao)
    url = reverse("planning:versions-compare", kwargs={"pk": versions[0].plan_id})
    assert "There is nothing to compare yet" in client.get(url).content.decode()
    assert client.get(url, {"after": versions[1].pk}).context["changes"] is None


def test_a_comparison_is_narrowed_to_a_unit_and_summed_over_a_level(cast: Cast, versions: tuple[Any, Any]) -> None:
    before, after = versions
    found = version_changes(before=before, after=after, user=cast.planner, as_of=DAY)
    assert {row.name for row in found.below(cast.east.pk).rows} == {"East", "Rao", cast.peer.name}
    assert found.below(0).rows == []
    regions = found.of_level("region").total
    assert (regions.total_before, regions.total_after, regions.months[3]) == (
        Decimal(2400),
        Decimal(2700),
        Decimal(300),
    )


def test_the_page_shows_every_month_a_total_and_one_unit(client: Client, cast: Cast, versions: tuple[Any, Any]) -> None:
    before, _after = versions
    client.force_login(cast.planner)
    url = reverse("planning:versions-compare", args=[before.plan_id])
    html = client.get(url, {"months": "1", "level": "region", "all": "1"}).content.decode()
    assert "Apr" in html
    assert "Total" in html
    html = client.get(url, {"under": cast.west.pk, "all": "1"}).content.decode()
    table = html[html.index("<tbody>") :]
    assert "West" in table
    assert "East" not in table
