from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from customers.models import Deal
from planning import services
from planning.models import Plan
from planning.views.chances import how_often
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8", "R1.9")]

TODAY = timezone.localdate()


@pytest.fixture
def deal(cast: Cast) -> Deal:
    make_pipeline()
    for number in range(12):
        path = ("Lead", "Contacted", "Won") if number % 2 else ("Lead", "Contacted", "Lost")
        make_deal(owner=cast.rao, path=path, created=TODAY - timedelta(days=90 + number))
    return make_deal(
        "Mill", owner=cast.rao, path=("Lead", "Contacted"), created=TODAY - timedelta(days=20), amount=None
    )


@pytest.fixture
def plan(deal: Deal) -> Plan:
    plan = make_plan(TODAY.year)
    services.run_forecast(plan=plan, as_of=TODAY, clock=lambda: datetime.now(UTC))
    return plan


def test_the_page_of_a_deal_learns_its_chance_its_reasons_and_what_is_missing(
    plan: Plan, deal: Deal, cast: Cast
) -> None:
    text = signed_in(cast.rao).get(f"/chances/{deal.pk}/").content.decode()

    assert "Chance to be won" in text
    assert "Deals that have stood at Contacted for 13 days are won" in text
    assert "The deal has no amount. It counts with ¥1K" in text
    assert "Too little history for a firm chance." in text
    assert "Nothing has been won" not in text


def test_there_is_nothing_to_say_about_a_closed_deal_or_before_the_first_night(deal: Deal, cast: Cast) -> None:
    asking = signed_in(cast.rao)
    assert asking.get(f"/chances/{deal.pk}/").status_code == 204

    plan = make_plan(TODAY.year)
    services.run_forecast(plan=plan, as_of=TODAY, clock=lambda: datetime.now(UTC))

    assert asking.get(f"/chances/{Deal.objects.won()[0].pk}/").status_code == 204


def test_a_deal_that_came_after_the_night_says_that_the_next_one_knows_it(plan: Plan, cast: Cast) -> None:
    young = make_deal(owner=cast.rao, path=("Lead",), created=TODAY)

    assert "The last night did not know this deal" in signed_in(cast.rao).get(f"/chances/{young.pk}/").content.decode()


def test_the_board_gets_a_chance_for_each_card_and_a_weighted_sum_for_each_column(
    plan: Plan, deal: Deal, cast: Cast
) -> None:
    asking = signed_in(cast.rao)

    text = asking.get("/chances/", {"pipeline": deal.pipeline_id}).content.decode()

    assert f'<span hx-swap-oob="innerHTML" id="chance-{deal.pk}">' in text
    assert f'<span hx-swap-oob="innerHTML" id="weighted-{deal.stage_id}">' in text
    assert "weighted</span>" in text
    assert f'id="chance-{deal.pk}"' in asking.get("/pipeline/").content.decode()


def test_the_chances_are_narrowed_as_the_board_is(plan: Plan, deal: Deal, cast: Cast) -> None:
    asking = signed_in(cast.lin)
    asked = {"pipeline": deal.pipeline_id}

    assert f"chance-{deal.pk}" in asking.get("/chances/", asked | {"q": "mill"}).content.decode()
    assert f"chance-{deal.pk}" not in asking.get("/chances/", asked | {"q": "dam"}).content.decode()
    assert f"chance-{deal.pk}" not in asking.get("/chances/", asked | {"owner": cast.peer.pk}).content.decode()
    assert asking.get("/chances/", {"pipeline": "9" * 9}).status_code == 404


def test_nobody_learns_the_chance_of_a_deal_out_of_reach(plan: Plan, deal: Deal, cast: Cast) -> None:
    assert signed_in(cast.peer).get(f"/chances/{deal.pk}/").status_code == 404
    assert f"chance-{deal.pk}" not in (
        signed_in(cast.peer).get("/chances/", {"pipeline": deal.pipeline_id}).content.decode()
    )


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.04, "about as often as"),
        (0.52, "half as often as"),
        (0.26, "a quarter as often as"),
        (0.6, "0.60 times as often as"),
        (1.44, "1.4 times as often as"),
        (0.01, "hardly ever compared with"),
    ],
)
def test_a_ratio_of_rates_is_told_in_words(ratio: float, words: str) -> None:
    assert how_often(ratio) == words


def test_the_fragments_speak_chinese(plan: Plan, deal: Deal, cast: Cast) -> None:
    User.objects.filter(pk=cast.rao.pk).update(language="zh-hans")
    with translation.override("zh-hans"):
        asking = signed_in(User.objects.get(pk=cast.rao.pk))

    assert "停留了 13 天的商机" in asking.get(f"/chances/{deal.pk}/").content.decode()
    assert "加权" in asking.get("/chances/", {"pipeline": deal.pipeline_id}).content.decode()
