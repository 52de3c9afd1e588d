"""The target grid and the reconcile screen of a company with more rows than a page draws at once."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from planning.models import MONTHS, PlanVersion, Target
from planning.queries.outline import AT_ONCE
from teams.models import Capability, Membership, OrgUnit, User
from tests.factories.planning import make_target, make_version
from tests.factories.teams import LONG_AGO, Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    return make_version()


def grow(draft: PlanVersion, unit: OrgUnit, count: int) -> None:
    """Put so many people with a target of 120 each into a unit."""
    there = User.objects.count()
    people = User.objects.bulk_create(
        User(email=f"many{there + n}@test.example", name=f"Many {there + n:05}", capabilities=[Capability.REP])
        for n in range(count)
    )
    Membership.objects.bulk_create(Membership(user=person, unit=unit, valid_from=LONG_AGO) for person in people)
    amounts = dict.fromkeys(MONTHS, Decimal(10))
    Target.objects.bulk_create(Target(version=draft, person=person, **amounts) for person in people)


def page_of(user: User, url: str) -> tuple[str, int]:
    """Return a page and how many questions it asked."""
    client = signed_in(user)
    client.get(url)  # the first look fills what a process keeps
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode(), len(captured)


def rows_in(html: str) -> int:
    return html.count('<th scope="row"')


def test_two_thousand_people_ask_as_often_as_two_hundred(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east_one)
    grid = f"{reverse('planning:targets')}?version={draft.pk}"
    reconcile = reverse("planning:targets-reconcile", kwargs={"version": draft.pk})
    below = reverse("planning:targets-below", kwargs={"version": draft.pk, "unit": cast.east_one.pk})
    find = f"{reverse('planning:targets-find', kwargs={'version': draft.pk})}?find=many"
    urls = [grid, f"{reconcile}?unit={cast.east_one.pk}", below, find]
    grow(draft, cast.east_one, 200)
    few = [page_of(cast.planner, url)[1] for url in urls]
    grow(draft, cast.east_one, 1_800)
    many = [page_of(cast.planner, url) for url in urls]
    assert [count for _html, count in many] == few
    assert [rows_in(html) for html, _count in many] == [6, AT_ONCE + 1, AT_ONCE, 0]
    assert many[3][0].count("data-go") == 20


def test_a_month_set_by_hand_asks_no_more(cast: Cast, draft: PlanVersion) -> None:
    target = make_target(draft, unit=cast.east_one)
    grid = f"{reverse('planning:targets')}?version={draft.pk}"
    before = page_of(cast.planner, grid)[1]
    told = {"reason": "The fair", "by": cast.lin.pk, "at": "2026-03-01T10:00:00+00:00"}
    Target.objects.filter(pk=target.pk).update(overrides={"m01": told})
    html, after = page_of(cast.planner, grid)
    assert "The fair" in html
    assert after == before


def test_a_small_company_is_drawn_whole(cast: Cast, draft: PlanVersion) -> None:
    html, _count = page_of(cast.planner, f"{reverse('planning:targets')}?version={draft.pk}")
    assert rows_in(html) == 9
    assert "data-whole" in html
    assert "grid-find" not in html


def test_sums_and_checks_speak_of_rows_that_are_not_drawn(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east_one, month=Decimal(100))
    grow(draft, cast.east_one, 100)
    url = f"{reverse('planning:targets')}?version={draft.pk}&unit=one"
    html, _count = page_of(cast.planner, url)
    assert "Many 00099" not in html
    row = html[html.index(f'id="unit-{cast.east_one.pk}"') :]
    assert "12,000.00" in row[: row.index("</tr>")]  # a hundred people with 120 each, of the 1,200 asked for
    assert "¥10,800.00 over-assigned" in html
    whole, _count = page_of(cast.planner, f"{url}&rows=all")
    assert rows_in(whole) == 109


def test_units_unfold_in_parts_and_by_the_address(cast: Cast, draft: PlanVersion) -> None:
    grow(draft, cast.east_one, 100)
    below = reverse("planning:targets-below", kwargs={"version": draft.pk, "unit": cast.east_one.pk})
    first, _count = page_of(cast.lin, below)
    second, _count = page_of(cast.lin, f"{below}?after={AT_ONCE}")
    assert (rows_in(first), rows_in(second)) == (AT_ONCE, 42)
    assert "42 more of 42 below East one" in first
    assert "more of" not in second
    key = f"unit-{cast.east_one.pk}"
    unfolded, _count = page_of(cast.lin, f"{reverse('planning:targets')}?version={draft.pk}&unfold={key}&unfold=unit-0")
    assert rows_in(unfolded) == 1  # the way to it is folded
    way = f"&unfold=unit-{cast.east.pk}"
    opened, _count = page_of(cast.lin, f"{reverse('planning:targets')}?version={draft.pk}&unfold={key}{way}")
    assert rows_in(opened) == 3 + AT_ONCE


def test_only_what_one_leads_is_unfolded_or_found(cast: Cast, draft: PlanVersion) -> None:
    below = reverse("planning:targets-below", kwargs={"version": draft.pk, "unit": cast.east_one.pk})
    assert signed_in(cast.sato).get(below).status_code == 404
    find = reverse("planning:targets-find", kwargs={"version": draft.pk})
    assert "Rao" in signed_in(cast.lin).get(find, {"find": "rao"}).content.decode()
    assert "Rao" not in signed_in(cast.sato).get(find, {"find": "rao"}).content.decode()
    assert "Nobody here" in signed_in(cast.sato).get(find, {"find": "rao"}).content.decode()
