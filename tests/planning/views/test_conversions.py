import csv
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

import pytest
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import DjangoDbBlocker

from planning.models import RateSettings
from teams.models import User
from tests.factories.customers import make_activity, make_channel, make_deal, make_pipeline
from tests.factories.teams import Cast, make_cast, make_person, signed_in
from tests.once import made_once

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]

PAGE = "/conversion/"
TODAY = timezone.localdate()


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """A company of three reps who sell alike, made once."""
    with made_once(django_db_blocker):
        cast = make_cast()
        pipeline, channel = make_pipeline(), make_channel("Fair")
        for number in range(12):
            for owner in (cast.rao, cast.peer, cast.west_rep):
                deal = make_deal(
                    owner=owner,
                    pipeline=pipeline,
                    channel=channel,
                    path=("Lead", "Contacted", "Visited", "Quoted", "Won" if number % 3 else "Lost"),
                    created=TODAY - timedelta(days=200 + number),
                    days_in_stage=5,
                )
                begun = datetime.combine(deal.created_date, datetime.min.time(), UTC) + timedelta(hours=9)
                make_activity(deal, done_at=begun + timedelta(minutes=5))
                make_activity(deal, kind="visit", done_at=begun + timedelta(days=10, hours=-1))
        yield cast


@pytest.fixture
def cast(made: Cast, db: None) -> Cast:
    """The company, which a test may change as it likes."""
    return deepcopy(made)


def test_the_page_names_the_rates_with_numbers_intervals_and_definitions(cast: Cast) -> None:
    text = signed_in(cast.planner).get(PAGE).content.decode()

    for word in ("Lead response rate", "First-visit success rate", "Quote acceptance rate", "Contacted", "n 36"):
        assert word in text
    assert "67%" in text  # two quotes of three are accepted
    assert "Numerator" in text
    assert "lost ones stay in" in text
    assert "Default of the product" in text
    assert "Cohort: by the day it began." in text


def test_a_unit_leads_on_to_its_people_and_keeps_what_was_chosen(cast: Cast) -> None:
    asking = signed_in(cast.planner)

    text = asking.get(PAGE, {"against": "previous", "measure": "quote_acceptance"}).content.decode()
    assert f"?unit={cast.east.pk}&amp;against=previous&amp;measure=quote_acceptance" in text
    below = asking.get(PAGE, {"unit": cast.east_one.pk, "against": "previous"}).content.decode()

    assert f"?person={cast.rao.pk}&amp;against=previous" in below
    assert f"?unit={cast.company.pk}&amp;against=previous" in below  # the way back up


def test_a_lead_source_narrows_the_page_to_itself(cast: Cast) -> None:
    text = signed_in(cast.planner).get(PAGE, {"by": "channel"}).content.decode()

    assert "Fair" in text
    assert "?channel=" in text


def test_a_rep_sees_their_own_and_nobody_elses(cast: Cast) -> None:
    asking = signed_in(cast.rao)

    text = asking.get(PAGE).content.decode()

    assert "Rao" in text
    assert "Peer of Rao" not in text
    assert "Company average" not in text  # of three people
    assert asking.get(PAGE, {"person": cast.peer.pk}).status_code == 404
    assert asking.get(PAGE, {"unit": cast.east_one.pk}).status_code == 404
    assert asking.get("/conversion/rates.csv", {"person": cast.peer.pk}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "unit=x",
        "unit=99999999999999999999",
        "period=2026-Q9",
        "period=2999",
        "against=never",
        "by=mood",
        "channel=0",
        "measure=mood",
        "show=mood",
        "pipeline=x",
    ],
)
def test_nonsense_in_the_address_is_a_404(cast: Cast, query: str) -> None:
    assert signed_in(cast.planner).get(f"{PAGE}?{query}").status_code == 404


@pytest.mark.parametrize("show", ["rates", "time"])
@pytest.mark.parametrize("by", ["unit", "person", "channel", "product", "region", "pipeline", "period"])
def test_every_breakdown_can_be_shown(cast: Cast, by: str, show: str) -> None:
    assert signed_in(cast.planner).get(PAGE, {"by": by, "show": show}).status_code == 200


def test_the_downloads_hold_the_rows_of_the_page(cast: Cast) -> None:
    asking = signed_in(cast.planner)

    text = b"".join(asking.get("/conversion/rates.csv", {"by": "person"})).decode("utf-8-sig")
    book = load_workbook(BytesIO(asking.get("/conversion/rates.xlsx", {"by": "person"}).content))

    rows = list(csv.DictReader(StringIO(text)))
    quotes = {row["Who or what"]: row for row in rows if row["Rate of"] == "Quote acceptance rate"}
    assert quotes["Company"]["Began"] == "36"
    assert {"Rao", "Peer of Rao", "Rep in the west"} <= quotes.keys()
    assert float(quotes["Company"]["Rate"]) == pytest.approx(2 / 3)
    sheet = book.active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1
    assert asking.get("/conversion/rates.pdf").status_code == 404


def test_the_download_of_a_rep_holds_nobody_else(cast: Cast) -> None:
    text = b"".join(signed_in(cast.rao).get("/conversion/rates.csv")).decode()

    assert "Rao" in text
    assert "Peer of Rao" not in text
    assert "Company average" not in text


def test_the_page_exists_in_chinese(cast: Cast) -> None:
    User.objects.filter(pk=cast.planner.pk).update(language="zh-hans")

    text = signed_in(cast.planner).get(PAGE).content.decode()

    assert "线索响应率" in text
    assert "分母" in text


def test_the_limits_are_changed_on_their_page_and_named_on_the_other(cast: Cast) -> None:
    asking = signed_in(cast.planner)
    given = {
        "response_limit": "3",
        "response_unit": "days",
        "next_step_days": "10",
        "open_quote_days": "45",
        "opens_hour": "9",
        "closes_hour": "18",
        "version": "0",
    }

    assert asking.get("/conversion/limits/").status_code == 200
    assert asking.post("/conversion/limits/", {**given, "closes_hour": "8"}).status_code == 422
    assert asking.post("/conversion/limits/", given).status_code == 302
    assert asking.post("/conversion/limits/", given).status_code == 422  # somebody was faster

    assert RateSettings.objects.get().open_quote_days == 45
    text = asking.get(PAGE).content.decode()
    assert "3 working days" in text
    assert "Set by Planner" in text


def test_who_does_not_plan_does_not_change_the_limits(cast: Cast) -> None:
    asking = signed_in(cast.lin)

    assert asking.get("/conversion/limits/").status_code == 403
    assert "Change the limits" not in asking.get(PAGE).content.decode()


def test_four_people_make_an_average(cast: Cast) -> None:
    make_deal(
        owner=make_person("Fourth", unit=cast.west_one), path=("Lead", "Contacted"), created=TODAY - timedelta(50)
    )

    text = signed_in(cast.rao).get(PAGE).content.decode()

    assert "Company average" in text
    assert "fewer than 4 people" in text  # of quotes: three
