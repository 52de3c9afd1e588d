from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.models import Deal
from planning import services
from planning.models import DealCall, ForecastCall, Plan, PlanVersion
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8", "R1.5")]

TODAY = timezone.localdate()


@pytest.fixture
def deal(cast: Cast) -> Deal:
    make_pipeline()
    return make_deal("Mill", owner=cast.rao, path=("Lead", "Contacted"), created=TODAY - timedelta(days=20))


@pytest.fixture
def plan(deal: Deal, cast: Cast) -> Plan:
    plan = make_plan(TODAY.year)
    make_target(make_version(plan, status=PlanVersion.Status.ACTIVE), person=cast.rao)
    services.run_forecast(plan=plan, as_of=TODAY, clock=lambda: datetime.now(UTC))
    return plan


def _address(cast: Cast, *, node: str, call: str, over: str = "FY") -> str:
    return f"/forecast/calls/?year={TODAY.year}&{node}&over={over}&call={call}"


def test_a_rep_opens_the_form_in_the_roll_up_submits_and_finds_the_call_beside_the_number(
    plan: Plan, cast: Cast
) -> None:
    asking = signed_in(cast.rao)
    key = f"person-{cast.rao.pk}"
    opened = asking.get("/forecast/", {"call": key}).content.decode()
    assert '<form class="call-form" method="post"' in opened
    assert 'name="commit"' in opened

    answer = asking.post(
        _address(cast, node=f"person={cast.rao.pk}", call=key), {"commit": "2,500", "best_case": "3000", "reason": ""}
    )

    assert answer.status_code == 302
    text = asking.get(answer["Location"].partition("#")[0]).content.decode()
    assert "¥2,500.00" in text
    assert "best case ¥3K" in text
    assert "submitted today" in text
    assert ForecastCall.objects.get().commit == Decimal(2500)


def test_a_manager_without_a_reason_gets_the_form_back_with_what_is_missing(plan: Plan, cast: Cast) -> None:
    address = _address(cast, node=f"unit={cast.east_one.pk}", call=f"person-{cast.rao.pk}")

    answer = signed_in(cast.mori).post(address, {"commit": "900"})

    assert answer.status_code == 422
    assert 'value="900"' in answer.content.decode()
    assert not ForecastCall.objects.exists()


def test_the_managers_call_about_a_rep_is_shown_with_its_reason_to_both(plan: Plan, cast: Cast) -> None:
    address = _address(cast, node=f"unit={cast.east_one.pk}", call=f"person-{cast.rao.pk}")
    signed_in(cast.mori).post(address, {"commit": "900", "reason": "The mill will slip"})

    for reader, query in ((cast.mori, {"unit": cast.east_one.pk}), (cast.rao, {})):
        assert "The mill will slip" in signed_in(reader).get("/forecast/", query).content.decode()


def test_nobody_opens_a_form_about_somebody_out_of_sight(plan: Plan, cast: Cast) -> None:
    for call in (f"person-{cast.peer.pk}", f"unit-{cast.east.pk}", "person-x", "deal-1"):
        assert signed_in(cast.rao).get("/forecast/", {"call": call}).status_code == 404
    address = _address(cast, node=f"person={cast.rao.pk}", call=f"person-{cast.peer.pk}")
    assert signed_in(cast.rao).post(address, {"commit": "1"}).status_code == 404


def test_the_drill_down_keeps_period_and_comparison_and_ends_at_the_deals(plan: Plan, cast: Cast) -> None:
    quarter = f"Q{(TODAY.month - 1) // 3 + 1}"
    asked = {"unit": cast.east_one.pk, "over": quarter, "since": "day"}

    text = signed_in(cast.lin).get("/forecast/", asked).content.decode()

    assert f"person={cast.rao.pk}&amp;since=day&amp;over={quarter}" in text
    assert f"unit={cast.east.pk}&amp;since=day&amp;over={quarter}" in text
    assert f"{quarter} by unit" in text
    assert ">Mill</a>" in text


def test_calls_of_ended_periods_stand_against_what_came(plan: Plan, cast: Cast) -> None:
    if TODAY.month == 1:
        pytest.skip("no month of the year has ended in January")
    ended = date(TODAY.year, 1, 20)
    ForecastCall.objects.create(
        plan=plan,
        person=cast.rao,
        period="M01",
        caller=cast.rao,
        stand="own",
        commit=Decimal("70.00"),
        computed=Decimal("60.00"),
        called_at=datetime(ended.year, ended.month, ended.day, tzinfo=UTC),
    )

    text = signed_in(cast.rao).get("/forecast/").content.decode()

    assert "Calls against what came" in text
    assert "Rao: 1 ended period, too few to tell who is nearer." in text


def test_a_deal_is_judged_beside_its_chance_with_and_without_javascript(plan: Plan, deal: Deal, cast: Cast) -> None:
    asking = signed_in(cast.rao)

    swapped = asking.post(f"/chances/{deal.pk}/call/", {"category": "commit"}, headers={"HX-Request": "true"})
    plain = asking.post(f"/chances/{deal.pk}/call/", {"category": "best_case"})
    refused = signed_in(cast.mori).post(f"/chances/{deal.pk}/call/", {"category": "omitted"})

    assert "<strong>Commit</strong> Rao" in swapped.content.decode()
    assert plain.status_code == 302
    assert refused.status_code == 422
    assert DealCall.objects.count() == 2
    assert signed_in(cast.peer).post(f"/chances/{deal.pk}/call/", {"category": "commit"}).status_code == 404
