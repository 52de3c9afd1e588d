from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from planning import services
from planning.models import FullQuota, NodeForecast, PlanVersion
from planning.queries.capacity_lines import capacity_sheet
from planning.queries.forecasts import Node
from planning.services import run_forecast
from teams import services as teams
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
JUNE = date(2026, 6, 1)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    found = make_version(make_plan(2026), by=cast.planner, status=PlanVersion.Status.ACTIVE)
    make_target(found, unit=cast.company, month=Decimal(300_000))
    make_target(found, unit=cast.east_one, month=Decimal(300_000))
    make_target(found, person=cast.rao, month=Decimal(180_000))
    make_target(found, person=cast.peer, month=Decimal(150_000))
    found.refresh_from_db()
    services.set_full_quota(
        plan=found.plan, actor=cast.planner, unit=cast.company, amount=Decimal(1_200_000), version=0
    )
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.0)
    return found


def test_a_gap_says_how_many_people_close_it_and_when_to_decide(version: PlanVersion, cast: Cast) -> None:
    sheet = capacity_sheet(version=version, user=cast.lin, node=Node(unit=cast.east_one), as_of=JUNE)
    december = sheet.months[11]
    assert (december.capacity, december.gap, december.people_needed) == (Decimal(200_000), Decimal(-100_000), 1)
    assert december.decide_by == date(2026, 6, 1)  # three months of ramp, three of recruiting
    assert not december.is_late
    assert sheet.months[10].is_late
    assert sheet.months[4].people_needed is None  # May is over
    assert sheet.gap == Decimal(-1_200_000)


def test_the_chance_of_the_target_rises_with_what_is_assigned(version: PlanVersion, cast: Cast) -> None:
    for day in range(1, 28):
        make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 3, day), amount=Decimal(30_000))
        make_deal(owner=cast.peer, path=("Lead", "Quoted"), created=date(2026, 4, day), amount=Decimal(60_000))
    run_forecast(plan=version.plan, as_of=JUNE, clock=timezone.now)
    NodeForecast.objects.filter(unit=cast.east_one, period="FY").update(
        p025=2_600_000,
        p10=2_800_000,
        p25=3_100_000,
        p50=3_300_000,
        p75=3_600_000,
        p90=3_800_000,
        p975=4_200_000,
        target=3_600_000,
        p_attain=0.27,
    )
    street = capacity_sheet(version=version, user=cast.lin, node=Node(unit=cast.east_one), as_of=JUNE).street
    assert street is not None
    assert (street.assigned, street.now) == (Decimal(3_960_000), 1.1)
    chances = {level.share: level.chance for level in street.levels}
    assert list(chances) == [1.0, 1.1, 1.2]
    assert chances[1.0] < chances[1.1] < chances[1.2]
    assert chances[1.1] == pytest.approx(0.27)  # today's quotas: the night's own chance of 3.6 million
    assert [level.is_now for level in street.levels] == [False, True, False]
    policy = signed_in(cast.planner).get(reverse("planning:plan-assignment", kwargs={"pk": version.plan_id}))
    assert {1.0, 1.1, 1.2} <= {level.share for level in policy.context["street"].levels}
    assert "What over-assigning buys" in policy.content.decode()


def test_a_lead_sees_the_page_of_the_own_team_and_a_stranger_none(version: PlanVersion, cast: Cast) -> None:
    page = signed_in(cast.mori).get(reverse("planning:capacity"))
    assert page.status_code == 200
    assert cast.rao.name in page.content.decode()
    assert signed_in(cast.mori).get(reverse("planning:capacity"), {"unit": cast.east_two.pk}).status_code == 404
    assert signed_in(cast.rao).get(reverse("planning:capacity")).status_code == 403


def test_a_full_quota_is_typed_on_its_page_and_taken_back_by_a_blank(version: PlanVersion, cast: Cast) -> None:
    address = reverse("planning:full-quota", kwargs={"plan": version.plan_id, "person": cast.rao.pk})
    client = signed_in(cast.mori)
    assert client.post(address, {"amount": "1,500,000", "version": 0}).status_code == 302
    assert client.post(address, {"amount": "0", "version": 1}).status_code == 422
    assert client.post(address, {"amount": "1", "version": 0}).status_code == 422
    row = FullQuota.objects.get(person=cast.rao)
    assert (row.amount, row.version) == (Decimal(1_500_000), 1)
    assert client.post(address, {"amount": "", "version": 1}).status_code == 302
    row.refresh_from_db()
    assert row.amount is None
    assert signed_in(cast.rao).get(address).status_code == 403


def test_the_api_says_not_set_as_null(version: PlanVersion, cast: Cast) -> None:
    FullQuota.objects.all().delete()
    answer = signed_in(cast.mori).get(reverse("api:capacity-list"), {"version": version.pk})
    assert answer.status_code == 200
    assert {month["capacity"] for month in answer.json()["months"]} == {None}
    assert answer.json()["members"][0]["full_quota"] is None
