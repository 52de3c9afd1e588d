"""The rates of a node: members that add up, who sees what, cohorts at equal age, and a bounded number of queries."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.periods import FiscalCalendar
from customers.models import Activity, Pipeline
from planning.models import RateSettings
from planning.queries.forecasts import home_node
from planning.queries.rate_cells import NO_ACTIVITIES, NO_VISITS, Rate
from planning.queries.rate_periods import cohort_of
from planning.queries.rates import Asked, RateRow, RateTable, rate_table
from teams.models import Company, Membership, OrgUnit, User
from tests.factories.customers import make_activity, make_channel, make_deal, make_pipeline
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7", "R7.4")]

AS_OF = date(2026, 6, 1)
CALENDAR = FiscalCalendar(1)


def table_for(user: User, *, by: str = "unit", period: str = "12m", measure: str = "lead_response") -> RateTable:
    cohort = cohort_of(period, calendar=CALENDAR, as_of=AS_OF)
    assert cohort is not None
    asked = Asked(home_node(user), cohort, "year", by, Pipeline.objects.first(), {}, measure)
    return rate_table(
        asked,
        user=user,
        as_of=AS_OF,
        company=Company.objects.the_one(),
        calendar=CALENDAR,
        settings=RateSettings.objects.the_one(),
    )


def rate_of(row: RateRow, key: str) -> Rate:
    return next(rate for rate in row.rates if rate.measure.key == key or str(rate.measure.stage) == key)


def answered_lead(owner: User, *, created: date = date(2026, 2, 2), **fields: Any) -> None:
    deal = make_deal(owner=owner, created=created, path=("Lead", "Contacted"), **fields)
    make_activity(deal, done_at=datetime.combine(created, time(9, 10), UTC))


@pytest.mark.parametrize("by", ["unit", "person", "channel", "product", "region", "pipeline"])
def test_the_members_of_a_breakdown_add_up_to_the_whole(cast: Cast, by: str) -> None:
    make_pipeline()
    channel = make_channel("Fair")
    for owner in (cast.rao, cast.peer, cast.west_rep, make_person("In no unit")):
        answered_lead(owner, channel=channel)
        answered_lead(owner)

    table = table_for(cast.planner, by=by)

    assert rate_of(table.own, "lead_response").n == 8
    assert sum(rate_of(row, "lead_response").n for row in table.members) == 8


def test_units_hold_what_was_begun_below_them(cast: Cast) -> None:
    make_pipeline()
    for owner in (cast.rao, cast.peer, cast.west_rep):
        answered_lead(owner)

    found = {row.name: rate_of(row, "lead_response").n for row in table_for(cast.planner).members}

    assert found == {"East": 2, "West": 1}


def test_without_recorded_activities_the_response_is_unknown_and_not_nought(cast: Cast) -> None:
    make_pipeline()
    for _ in range(12):
        make_deal(owner=cast.rao, created=date(2026, 2, 2))

    own = table_for(cast.planner).own

    assert rate_of(own, "lead_response").missing == NO_ACTIVITIES
    assert rate_of(own, "lead_response").rate is None
    assert rate_of(own, "first_visit").missing == NO_VISITS


def test_a_rep_has_own_rates_and_no_member_but_what_they_sell(cast: Cast) -> None:
    make_pipeline()
    answered_lead(cast.rao)
    answered_lead(cast.peer)

    table = table_for(cast.rao, by="channel")

    assert table.own.name == "Rao"
    assert rate_of(table.own, "lead_response").n == 1
    assert sum(rate_of(row, "lead_response").n for row in table.members) == 1


def test_an_average_of_three_people_is_hidden_from_a_rep_and_one_of_four_is_shown(cast: Cast) -> None:
    make_pipeline()
    for owner in (cast.rao, cast.peer, cast.west_rep):
        answered_lead(owner)
    hidden = table_for(cast.rao, by="channel").average
    answered_lead(make_person("Fourth", unit=cast.west_one))
    shown = table_for(cast.rao, by="channel").average

    assert hidden is None
    assert shown is not None
    assert rate_of(shown, "lead_response").n == 4


def test_an_average_of_three_is_hidden_from_somebody_who_has_sold_nothing_as_well(cast: Cast) -> None:
    make_pipeline()
    for owner in (cast.peer, cast.west_rep, make_person("Third", unit=cast.west_one)):
        answered_lead(owner)

    assert table_for(cast.rao, by="channel").average is None


def test_an_average_that_leaves_one_colleague_over_is_hidden_from_their_lead_as_well(cast: Cast) -> None:
    make_pipeline()
    third = make_person("Third", unit=cast.east_one)
    for owner in (cast.rao, cast.peer, third, cast.west_rep):
        answered_lead(owner)

    assert table_for(cast.mori, by="person").average is None
    assert table_for(cast.planner, by="person").average is None  # the company is their own row
    assert rate_of(table_for(cast.planner).own, "lead_response").n == 4


def test_whoever_has_left_the_reach_is_counted_without_a_name(cast: Cast) -> None:
    make_pipeline()
    mover = make_person("Mover", unit=cast.east_one)
    answered_lead(mover)
    answered_lead(cast.rao)
    Membership.objects.filter(user=mover).update(valid_to=date(2026, 4, 1))
    Membership.objects.create(user=mover, unit=cast.west_one, valid_from=date(2026, 4, 1))

    names = {row.name: rate_of(row, "lead_response").n for row in table_for(cast.mori, by="person").members}

    assert names == {"Rao": 1, "People no longer here": 1}


def test_a_young_quarter_is_no_drop_against_last_years(cast: Cast) -> None:
    make_pipeline()
    for year, days in ((2025, 60), (2026, 60)):
        for number in range(days):  # one a day; every other one moves on after thirty days
            make_deal(
                owner=cast.rao,
                created=date(year, 4, 1) + timedelta(days=number),
                path=_path(year, number),
                days_in_stage=30,
            )

    lead = rate_of(table_for(cast.planner, period="2026-Q2").own, "Lead")

    assert lead.succeeded / lead.n < 0.3  # what a plain share would show, against one half last year
    assert lead.at_age is not None
    assert lead.at_age.age == 31
    assert lead.at_age.earlier_rate == pytest.approx(0.5)
    assert lead.at_age.difference == pytest.approx(0, abs=0.05)
    assert not lead.at_age.is_clear


def _path(year: int, number: int) -> tuple[str, ...]:
    """What had happened by 1 June 2026; every other lead moves on."""
    moved = date(year, 4, 1) + timedelta(days=number + 30) < AS_OF
    return ("Lead", "Contacted") if moved and number % 2 else ("Lead",)


def test_the_trend_hides_the_end_of_unsettled_cohorts_and_shows_all_at_one_age(cast: Cast) -> None:
    make_pipeline()
    for number in range(0, 330, 3):
        created = date(2025, 7, 1) + timedelta(days=number)
        make_deal(
            owner=cast.rao,
            created=created,
            path=("Lead", "Contacted") if created + timedelta(days=20) < AS_OF else ("Lead",),
            days_in_stage=20,
        )
    lead = Pipeline.objects.get().stages.get(name="Lead")

    trend = table_for(cast.planner, by="period", measure=f"stage-{lead.pk}").trend

    assert [point.cohort.code for point in trend.points][-2:] == ["2026-Q1", "2026-Q2"]
    settled = {point.cohort.code: point.is_settled for point in trend.points if point.rate.n}
    assert settled == {"2025-Q3": True, "2025-Q4": True, "2026-Q1": True, "2026-Q2": False}
    assert trend.age == 32  # half of the leads since April could be watched so long
    assert all(point.age_rate == pytest.approx(1) for point in trend.points if point.is_settled)
    assert trend.points[-1].age_rate == pytest.approx(0.93, abs=0.01)


def test_as_many_queries_for_two_hundred_people_as_for_one(cast: Cast) -> None:
    make_pipeline()
    answered_lead(cast.rao)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            for by in ("unit", "person", "channel"):
                table_for(User.objects.get(pk=cast.planner.pk), by=by)
        return len(captured)

    few = queries()
    for number in range(200):
        unit = OrgUnit.objects.create(name=f"Team {number}", kind=OrgUnit.Kind.TEAM, parent=cast.west)
        person = make_person(unit=unit)
        make_deal(owner=person, created=date(2026, 2, 2), channel=make_channel())

    assert queries() == few
    assert Activity.objects.count() == 1
