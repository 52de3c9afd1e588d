from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from planning.models import PlanVersion, Target
from teams.models import User
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]
NEW = "/plans/new/"
YEAR = {"total": "250,000,000", "year": "2026", "start_month": "1", "split": "even"}


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_one_form_begins_the_year(client: Client, cast: Cast) -> None:
    page = signed_in(client, cast.planner)
    assert page.get(NEW).status_code == 200
    response = page.post(NEW, YEAR, follow=True)
    assert response.redirect_chain[0][0].startswith("/targets/?version=")
    assert Target.objects.get().total == Decimal(250_000_000)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"total": ""}, "Blank is not zero"),
        ({"total": "2.5亿"}, "Enter plain figures"),
        ({"year": "1999"}, "greater than or equal to 2000"),
        ({"start_month": "13"}, "13 is not one of the available choices"),
    ],
)
def test_a_year_that_cannot_begin_says_why(client: Client, cast: Cast, wrong: dict[str, str], reason: str) -> None:
    response = signed_in(client, cast.planner).post(NEW, {**YEAR, **wrong})
    assert response.status_code == 422
    assert reason in response.content.decode()
    assert not PlanVersion.objects.exists()


def test_a_year_begins_once(client: Client, cast: Cast) -> None:
    page = signed_in(client, cast.planner)
    page.post(NEW, YEAR)
    response = page.post(NEW, YEAR)
    assert response.status_code == 422
    assert "FY2026 has a plan already." in response.content.decode()


def test_activation_lists_the_gaps_and_then_counts(client: Client, cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.APPROVED)
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(150))
    page = signed_in(client, cast.planner)
    url = reverse("planning:plan-activate", args=[version.pk])
    html = page.get(url).content.decode()
    assert "+¥600.00" in html
    assert "-¥1,800.00" in html
    assert "7 rows have no target." in html
    assert page.post(url, {"lock_version": 9}).status_code == 422
    assert page.post(url, {"lock_version": 1}).status_code == 302
    version.refresh_from_db()
    assert version.status == PlanVersion.Status.ACTIVE
    assert page.get(url).status_code == 409


def test_what_nobody_approved_is_not_activated(client: Client, cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    page = signed_in(client, cast.planner)
    url = reverse("planning:plan-activate", args=[version.pk])
    assert page.get(url).status_code == 409
    assert page.post(url, {"lock_version": 1}).status_code == 409


def test_a_year_that_is_over_is_closed_on_its_page(client: Client, cast: Cast) -> None:
    over, running = (
        make_version(make_plan(year), status=PlanVersion.Status.ACTIVE)
        for year in (timezone.localdate().year - 1, timezone.localdate().year + 1)
    )
    page = signed_in(client, cast.planner)
    assert "Close the year" in page.get(reverse("planning:version-approval", args=[over.pk])).content.decode()
    for version in (over, running):
        page.post(reverse("planning:version-close", args=[version.pk]), {"lock_version": 1})
        version.refresh_from_db()
    assert (over.status, running.status) == (PlanVersion.Status.CLOSED, PlanVersion.Status.ACTIVE)
    assert "The year runs until" in page.get(reverse("planning:targets")).content.decode()


def test_a_revision_shows_what_it_makes_of_every_target_and_opens_a_draft_once(client: Client, cast: Cast) -> None:
    today = timezone.localdate()
    plan = make_plan(today.year)
    active = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(active, unit=cast.company)
    page = signed_in(client, cast.planner)
    url = reverse("planning:plan-revise", args=[plan.pk])
    assert url in page.get("/targets/").content.decode()
    month = today.replace(day=1)
    chosen = {"effective_date": month.isoformat(), "shortfall": "carry"}
    if month.month > 1:
        html = page.get(url, {"effective_date": month.isoformat()}).content.decode()
        assert "Choose what becomes of what the months that are over lack." in html
        assert page.post(url, {"effective_date": month.isoformat()}).status_code == 422
    html = page.get(url, chosen).content.decode()
    assert "What that makes of every target" in html
    assert page.post(url, {**chosen, "note": "Half-year"}).status_code == 302
    draft = plan.versions.get(number=2)
    assert (draft.note, draft.closed_months) == ("Half-year", month.month - 1)
    response = page.post(url, chosen)
    assert response.status_code == 422
    assert "A draft of this plan is being worked on" in response.content.decode()


def test_a_plan_that_does_not_count_yet_is_not_revised(client: Client, cast: Cast) -> None:
    version = make_version()
    html = signed_in(client, cast.planner).get(reverse("planning:plan-revise", args=[version.plan.pk])).content.decode()
    assert "No version of this plan is active yet; change its draft." in html


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(("who", "draft_status"), [("rao", 404), ("mori", 403), ("lin", 403), ("sato", 403)])
def test_managers_see_what_is_planned_but_do_not_activate_it(
    client: Client, cast: Cast, who: str, draft_status: int
) -> None:
    version = make_version(status=PlanVersion.Status.APPROVED)
    make_target(version, unit=cast.company)
    page = signed_in(client, getattr(cast, who))
    url = reverse("planning:plan-activate", args=[version.pk])
    assert page.get(url).status_code == draft_status
    assert page.post(url, {"lock_version": 1}).status_code == draft_status
    assert page.get(NEW).status_code == 403
    assert page.post(NEW, YEAR).status_code == 403
    assert page.post(reverse("planning:plan-revise", args=[version.plan.pk])).status_code == 403
    version.refresh_from_db()
    assert version.status == PlanVersion.Status.APPROVED
