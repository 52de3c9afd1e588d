from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from core.models import JobRun
from planning import services
from planning.models import DealCall, ForecastCall, Plan
from planning.queries.calls import call_records, call_scores, calls_beside, category_records, deal_calls
from planning.queries.forecasts import Node
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

NIGHT = date(2026, 7, 15)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """Rao won 1000 in each month of the first half of the year."""
    make_pipeline()
    for month in range(1, 7):
        make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, month, 10), days_in_stage=5)
    plan = make_plan(2026)
    services.run_forecast(plan=plan, as_of=NIGHT, clock=lambda: datetime.now(UTC))
    return plan


def _said(plan: Plan, caller: User, period: str, commit: str, day: date, *, person: User | None = None) -> ForecastCall:
    about = person or caller
    return ForecastCall.objects.create(
        plan=plan,
        person=about,
        period=period,
        caller=caller,
        stand="own" if about == caller else "above",
        reason="" if about == caller else "as seen from above",
        commit=Decimal(commit),
        called_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        computed=Decimal("900.00"),
    )


def _run() -> JobRun:
    return JobRun.objects.get()


def test_each_caller_is_scored_by_the_last_call_before_the_end_against_what_came(plan: Plan, cast: Cast) -> None:
    _said(plan, cast.rao, "M03", "2000.00", date(2026, 3, 1))
    _said(plan, cast.rao, "M03", "1200.00", date(2026, 3, 20))
    _said(plan, cast.mori, "M03", "800.00", date(2026, 3, 25), person=cast.rao)
    _said(plan, cast.rao, "Q3", "5000.00", date(2026, 7, 2))

    scores = {score.call.caller: score for score in call_scores(plan=plan, run=_run(), user=cast.lin)}

    assert scores.keys() == {cast.rao, cast.mori}
    assert (scores[cast.rao].error, scores[cast.rao].model_error) == (Decimal(200), Decimal(-100))
    assert (scores[cast.rao].days_to_go, scores[cast.mori].days_to_go) == (12, 7)
    assert scores[cast.mori].is_held
    assert not scores[cast.rao].is_held


def test_a_score_at_equal_distance_leaves_later_calls_out(plan: Plan, cast: Cast) -> None:
    _said(plan, cast.rao, "M03", "2000.00", date(2026, 3, 1))
    _said(plan, cast.rao, "M03", "1200.00", date(2026, 3, 20))

    (score,) = call_scores(plan=plan, run=_run(), user=cast.rao, days_to_go=30)

    assert score.call.commit == Decimal(2000)


def test_the_record_sums_errors_of_the_call_and_of_what_was_computed(plan: Plan, cast: Cast) -> None:
    for month, commit in ((1, "1500.00"), (2, "1000.00"), (3, "500.00"), (4, "1200.00")):
        _said(plan, cast.rao, f"M{month:02}", commit, date(2026, month, 12))

    (record,) = call_records(call_scores(plan=plan, run=_run(), user=cast.rao))

    assert record.wape == pytest.approx(1200 / 4000)
    assert record.bias == pytest.approx(200 / 4000)
    assert record.model_wape == pytest.approx(400 / 4000)
    assert (record.held, record.is_enough) == (2, True)


def test_scores_and_calls_are_only_of_those_in_sight(
    plan: Plan, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _said(plan, cast.rao, "M03", "1200.00", date(2026, 3, 20))
    _said(plan, cast.rao, "Q3", "1200.00", date(2026, 7, 3))

    assert call_scores(plan=plan, run=_run(), user=cast.peer) == []
    assert calls_beside(plan, [Node(person=cast.rao)], period="Q3", user=cast.peer) == {}
    assert call_scores(plan=plan, run=_run(), user=cast.mori, node=Node(unit=cast.east_one)) == []
    with django_assert_max_num_queries(3):
        assert len(call_scores(plan=plan, run=_run(), user=cast.mori)) == 1


def test_beside_the_number_stand_the_readers_own_call_and_then_the_others(plan: Plan, cast: Cast) -> None:
    _said(plan, cast.rao, "Q3", "100.00", date(2026, 7, 1))
    newest = _said(plan, cast.rao, "Q3", "110.00", date(2026, 7, 9))
    mine = _said(plan, cast.mori, "Q3", "90.00", date(2026, 7, 2), person=cast.rao)
    _said(plan, cast.rao, "M07", "50.00", date(2026, 7, 9))

    beside = calls_beside(plan, [Node(person=cast.rao), Node(unit=cast.east)], period="Q3", user=cast.mori)

    assert beside == {(None, cast.rao.pk): [mine, newest]}


def test_how_often_each_category_of_judgement_comes_true_is_measured(plan: Plan, cast: Cast) -> None:
    for end, said in (("Won", "commit"), ("Won", "commit"), ("Lost", "commit"), ("Lost", "best_case")):
        deal = make_deal(owner=cast.rao, path=("Lead", end), created=date(2026, 5, 1))
        for category, day in (("pipeline", 2), (said, 4)):
            DealCall.objects.create(
                deal=deal,
                caller=cast.rao,
                category=category,
                p_win=0.4,
                called_at=datetime(2026, 5, day, tzinfo=UTC),
            )

    records = {record.category: record for record in category_records(cast.mori)}

    assert (records["commit"].deals, records["commit"].won) == (3, 2)
    assert records["commit"].computed == pytest.approx(0.4)
    assert records["best_case"].rate == 0
    assert "pipeline" not in records
    assert category_records(cast.peer) == []


def test_the_owners_judgement_of_a_deal_comes_first(plan: Plan, cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 7, 1))
    at = datetime(2026, 7, 3, tzinfo=UTC)
    for caller, category in ((cast.mori, "pipeline"), (cast.rao, "commit"), (cast.rao, "best_case")):
        services.call_deal(deal=deal, actor=caller, at=at, category=category, reason="so it looks")

    found = deal_calls(deal, cast.mori)

    assert [(call.caller, call.category) for call in found.calls] == [(cast.rao, "best_case"), (cast.mori, "pipeline")]
    assert found.mine is not None
    assert found.mine.caller == cast.mori
