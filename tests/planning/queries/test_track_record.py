from datetime import date
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from core.periods import add_months
from planning.models import ChanceCheck, PastForecast
from planning.queries import track_record
from planning.queries.forecasts import Node
from planning.queries.track_record import JUDGED, has_skill, key_of, verdict_on
from teams.models import User
from tests.factories.teams import Cast
from tests.factories.track_record import LAST, judge, make_record

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]


def test_a_forecast_closer_than_the_run_rate_over_eight_months_is_shown(cast: Cast) -> None:
    judge(unit=cast.company, expected=90, run_rate=80)

    verdict = verdict_on(Node(unit=cast.company))

    assert verdict.is_judged
    assert not verdict.hides
    assert verdict.skill == pytest.approx(0.5)


@pytest.mark.parametrize("expected", [120, 150], ids=["as far off", "farther off"])
def test_a_forecast_no_closer_than_the_run_rate_is_hidden(cast: Cast, expected: int) -> None:
    judge(unit=cast.company, expected=expected, run_rate=80)

    assert verdict_on(Node(unit=cast.company)).hides


def test_with_fewer_than_eight_months_there_is_no_verdict(cast: Cast) -> None:
    judge(unit=cast.company, months=JUDGED - 1, expected=150, run_rate=100)

    verdict = verdict_on(Node(unit=cast.company))

    assert (verdict.is_judged, verdict.hides, verdict.periods, verdict.of) == (False, False, JUDGED - 1, JUDGED)


def test_months_that_the_run_rate_could_not_forecast_do_not_count(cast: Cast) -> None:
    judge(unit=cast.company, expected=150, run_rate=None)

    assert verdict_on(Node(unit=cast.company)).periods == 0


def test_only_the_last_eight_months_decide(cast: Cast) -> None:
    judge(unit=cast.company, months=JUDGED + 4, expected=150, run_rate=100)
    PastForecast.objects.filter(first_date__gt=add_months(LAST, -JUDGED)).update(expected=101, run_rate=150)

    assert not verdict_on(Node(unit=cast.company)).hides


def test_each_unit_and_person_is_judged_by_itself_in_one_query(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    judge(unit=cast.company, expected=90, run_rate=80)
    judge(person=cast.rao, expected=150)
    nodes = [Node(unit=cast.company), Node(person=cast.rao), Node(unit=cast.west)]

    with django_assert_num_queries(1):
        found = has_skill(nodes)

    assert [(found[key_of(node)].is_judged, found[key_of(node)].hides) for node in nodes] == [
        (True, False),
        (True, True),
        (False, False),
    ]


def test_a_score_says_how_far_off_and_what_was_saved_over_each_simple_way(cast: Cast) -> None:
    judge(unit=cast.company, months=4, expected=110, run_rate=80)
    rows = track_record.past_forecasts(Node(unit=cast.company), "month")

    score = track_record.score_of(rows, 30)

    assert score.periods == 4
    assert score.wape == score.bias == pytest.approx(0.1)
    assert score.over_run_rate == pytest.approx(0.5)
    assert score.over_pipeline == 0
    assert score.over_last_year is None
    assert (score.covered_80, score.covered_95) == (1.0, 1.0)
    assert [line.days_to_go for line in track_record.score_table(rows)] == [30]


def test_a_simple_way_is_compared_where_it_had_something_to_go_by_only(cast: Cast) -> None:
    judge(unit=cast.company, months=2, expected=110, last_year=None)
    PastForecast.objects.filter(first_date=LAST).update(last_year=50, expected=100)
    rows = track_record.past_forecasts(Node(unit=cast.company), "month")

    assert track_record.score_of(rows, 30).over_last_year == 1.0


def test_chances_of_targets_are_held_against_what_came(cast: Cast) -> None:
    judge(unit=cast.company, months=2, goals=[Decimal(90), Decimal(110)], p_goals=[0.95, 0.15])
    found = track_record.goal_reliability(track_record.past_forecasts(Node(unit=cast.company), "month"))

    assert found.n == 4
    assert found.came.tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.brier == pytest.approx((0.05**2 + 0.15**2) / 2)
    assert found.ece == pytest.approx((0.05 + 0.15) / 2)


def test_chances_of_deals_add_up_over_days_and_stand_beside_the_fixed_percentages(cast: Cast) -> None:
    for month in (1, 2):
        ChanceCheck.objects.create(
            run=make_record(),
            unit=cast.company,
            as_of_date=date(2026, month, 1),
            bin=2,
            deals=10,
            chances=2.5,
            won=3,
            squares=1.9,
            logs=5.6,
            ladder_squares=2.4,
        )

    found, ladder = track_record.deal_reliability(Node(unit=cast.company))

    assert found.n == 20
    assert found.came[2] == 6
    assert found.brier == pytest.approx(0.19)
    assert ladder == pytest.approx(0.24)
    assert found.ece == pytest.approx(0.05)
    assert track_record.deal_reliability(Node(unit=cast.west))[1] is None


def test_a_supervisor_compares_the_units_and_people_of_their_reach(cast: Cast) -> None:
    for unit in (cast.east, cast.east_one, cast.east_two, cast.west):
        judge(unit=unit, months=1)
    judge(person=cast.rao, months=1)

    def names(user: User, node: Node) -> list[str]:
        return [member.node.name for member in track_record.members_below(user, node, "month")]

    assert names(cast.lin, Node(unit=cast.east)) == ["East", "East one", "East two"]
    assert names(cast.mori, Node(unit=cast.east_one)) == ["East one", "Rao"]
    assert names(cast.rao, Node(person=cast.rao)) == ["Rao"]


def test_another_teams_record_is_not_visible(cast: Cast) -> None:
    judge(unit=cast.west, months=1)
    judge(person=cast.west_rep, months=1)
    judge(person=cast.rao, months=1)

    assert {row.person for row in PastForecast.objects.current().visible_to(cast.lin)} == {cast.rao}
    assert PastForecast.objects.current().visible_to(cast.admin).count() == 3
