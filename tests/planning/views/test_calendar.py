from datetime import date

import pytest
from django.test import Client

from teams.models import WorkdayOverride
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
ADD = "/plans/calendar/new/"


@pytest.fixture
def planner(cast: Cast) -> Client:
    return signed_in(cast.planner)


def test_a_planner_enters_days_and_sees_them_in_their_month(planner: Client) -> None:
    sent = {"kind": "off", "first": "2026-07-06", "last": "2026-07-07", "name": "Anniversary"}
    answer = planner.post(ADD, sent, follow=True)

    html = answer.content.decode()
    july = answer.context["calendar"].months[6]
    assert (july.public - july.worked, [row.note for row in july.listed]) == (2, ["Anniversary"] * 2)
    assert "Shares of months and pace reckon with it from now on." in html
    assert "Take out" in html


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"first": "2026-07-04"}, "These days are off anyway."),
        ({"first": "2026-07-06", "name": ""}, "This field is required."),
        ({"first": "1066-10-14"}, "not between 1990 and 2100"),
        ({"first": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_entered_is_said_beside_its_field_and_nothing_is_kept(
    planner: Client, sent: dict[str, str], said: str
) -> None:
    answer = planner.post(ADD, {"kind": "off", "name": "Closed", **sent})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not WorkdayOverride.objects.exists()


def test_taking_a_day_out_twice_is_no_error_of_the_second(planner: Client) -> None:
    row = WorkdayOverride.objects.create(day=date(2026, 7, 6), is_workday=False, note="Closed")

    answer = planner.post(f"/plans/calendar/{row.pk}/drop/", follow=True)

    assert "follows the public calendar again" in answer.content.decode()
    assert planner.post(f"/plans/calendar/{row.pk}/drop/").status_code == 404


def test_a_rep_reads_the_calendar_and_finds_no_form(cast: Cast) -> None:
    html = signed_in(cast.rao).get("/plans/calendar/?year=2026").content.decode()
    assert "Spring Festival is on 17 Feb 2026." in html
    assert ADD not in html


@pytest.mark.parametrize("year", ["", "x", "0", "99999", "1066"])
def test_a_year_that_is_none_shows_the_running_one(cast: Cast, year: str) -> None:
    assert signed_in(cast.rao).get(f"/plans/calendar/?year={year}").status_code == 200


def test_the_api_lists_the_days_of_a_year(cast: Cast) -> None:
    WorkdayOverride.objects.create(day=date(2026, 7, 6), is_workday=False, note="Closed")
    WorkdayOverride.objects.create(day=date(2027, 7, 6), is_workday=False, note="Closed")

    answer = signed_in(cast.rao).get("/api/v1/workdays/?year=2026")

    (row,) = answer.json()["results"]
    assert (row["day"], row["is_workday"], row["name"]) == ("2026-07-06", False, "Closed")
    assert signed_in(cast.rao).get("/api/v1/workdays/?year=soon").status_code == 400
