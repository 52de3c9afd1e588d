from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client

from planning import services
from planning.models import ChanceCheck, ForecastCall, PastForecast
from teams.models import User
from tests.factories.charts import charts_of, charts_without_data
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast
from tests.factories.track_record import judge, make_record

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]
PAGE = "/track-record/"


def _seen_by(user: User, address: str = PAGE) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_look_the_page_says_when_it_comes(cast: Cast) -> None:
    text = _seen_by(cast.lin)

    assert "The forecast has not been judged yet" in text
    assert "within ten minutes after the first night" in text


def test_a_unit_of_which_nothing_can_be_judged_says_what_it_takes(cast: Cast) -> None:
    make_record()

    assert "preceded by 90 days of history" in _seen_by(cast.lin)


def test_predicted_stands_against_actual_with_bias_skill_and_coverage(cast: Cast) -> None:
    judge(unit=cast.east, expected=110, run_rate=80)
    text = _seen_by(cast.lin)

    assert "missed by 50% less than the run rate" in text
    for words in ("Predicted against actual", "+10.0%", "forecast too high on average", "of 8 periods"):
        assert words in text


def test_with_fewer_than_eight_months_the_page_counts_them(cast: Cast) -> None:
    judge(unit=cast.east, months=3)

    assert "Not judged yet (3 of 8 months)" in _seen_by(cast.lin)


def test_a_forecast_without_skill_is_named_hidden_with_the_reason(cast: Cast) -> None:
    judge(unit=cast.east, expected=150)

    assert "Over the last 8 months the forecast was no better than the run rate" in _seen_by(cast.lin)


def test_reliability_charts_wait_for_twenty_chances(cast: Cast) -> None:
    judge(unit=cast.east, months=8, goals=[Decimal(90), Decimal(110)], p_goals=[0.9, 0.2])
    assert 'id="goal-chances"' not in _seen_by(cast.lin)

    judge(unit=cast.east, months=8, days=60, goals=[Decimal(90), Decimal(110)], p_goals=[0.9, 0.2])
    for place in (1, 4):
        ChanceCheck.objects.create(
            run=make_record(),
            unit=cast.east,
            as_of_date=date(2026, 5, 1),
            bin=place,
            deals=20,
            chances=4.0,
            won=4,
            squares=3.0,
            logs=9.0,
            ladder_squares=4.0,
        )
    text = _seen_by(cast.lin)
    assert 'id="goal-chances"' in text
    assert 'id="deal-chances"' in text


def test_quarters_and_other_days_to_go_are_asked_by_the_address(cast: Cast) -> None:
    judge(unit=cast.east, days=7)
    PastForecast.objects.update(kind="quarter")

    assert "7 days to go" in _seen_by(cast.lin, f"{PAGE}?kind=quarter&days=7")


@pytest.mark.parametrize("asked", ["kind=week", "days=31", "days=x", "unit=999999"])
def test_an_address_that_asks_for_nothing_of_ours_is_not_found(cast: Cast, asked: str) -> None:
    client = Client()
    client.force_login(cast.lin)

    assert client.get(f"{PAGE}?{asked}").status_code == 404


def test_going_down_and_up_keeps_what_was_asked(cast: Cast) -> None:
    for unit in (cast.company, cast.east, cast.east_one):
        judge(unit=unit)
    client = Client()
    client.force_login(cast.planner)

    text = client.get(f"{PAGE}?unit={cast.east.pk}&kind=month&days=30").content.decode()

    for unit in (cast.company, cast.east_one):
        assert f"?unit={unit.pk}&amp;kind=month&amp;days=30" in text


def test_every_chart_has_its_data_table(cast: Cast) -> None:
    judge(unit=cast.east)
    text = _seen_by(cast.lin)

    assert charts_of(text)
    assert not charts_without_data(text)


def test_the_units_below_are_compared_and_another_regions_stay_unseen(cast: Cast) -> None:
    for unit in (cast.east, cast.east_one, cast.west):
        judge(unit=unit)
    client = Client()
    client.force_login(cast.lin)

    text = client.get(PAGE).content.decode()

    assert "East one" in text
    assert client.get(f"{PAGE}?unit={cast.west.pk}").status_code == 404


def test_the_api_gives_the_rows_of_the_callers_reach(cast: Cast) -> None:
    judge(unit=cast.east, months=2)
    judge(unit=cast.west, months=2)
    client = Client()
    client.force_login(cast.lin)

    found = client.get("/api/v1/track-record/", {"kind": "month", "days_to_go": "30"}).json()["results"]

    assert {row["unit"] for row in found} == {cast.east.pk}
    assert found[0]["expected"] == "100.00"
    assert client.get("/api/v1/track-record/", {"days_to_go": "7"}).json()["results"] == []


def test_peoples_own_calls_are_scored_beside_the_forecast(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 3, 10), days_in_stage=5)
    plan = make_plan(2026)
    services.run_forecast(plan=plan, as_of=date(2026, 7, 15), clock=lambda: datetime(2026, 7, 15, tzinfo=UTC))
    ForecastCall.objects.create(
        plan=plan,
        person=cast.rao,
        period="M03",
        caller=cast.rao,
        stand="own",
        commit=Decimal(1200),
        called_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        computed=Decimal(900),
    )
    judge(person=cast.rao)

    assert "Calls against what came" in _seen_by(cast.rao)
