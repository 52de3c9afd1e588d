from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotAllowed
from core.models import AuditEntry
from planning import services
from planning.models import DealCall, ForecastCall, NodeForecast, Plan
from planning.services import CallIsInvalid, DealIsClosed, PeriodIsOver
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

AT = datetime(2026, 7, 15, 9, tzinfo=UTC)


def _call(plan: Plan, **given: Any) -> ForecastCall:
    return services.submit_call(**{"plan": plan, "at": AT, "period": "Q3", "commit": Decimal("100.00"), **given})


@pytest.fixture
def plan(cast: Cast) -> Plan:
    make_pipeline()
    return make_plan(2026)


def test_a_rep_calls_their_own_quarter_and_the_history_stays(plan: Plan, cast: Cast) -> None:
    first = _call(plan, actor=cast.rao, person=cast.rao)
    second = _call(plan, actor=cast.rao, person=cast.rao, commit=Decimal("120.00"), best_case=Decimal("150.00"))

    assert list(ForecastCall.objects.order_by("pk")) == [first, second]
    assert list(ForecastCall.objects.in_force()) == [second]
    assert second.stand == ForecastCall.Stand.OWN
    assert AuditEntry.objects.filter(event="planning.call.submitted", actor=cast.rao).count() == 2


def test_a_manager_judges_a_subordinate_with_a_reason_and_the_reps_own_call_stays(plan: Plan, cast: Cast) -> None:
    own = _call(plan, actor=cast.rao, person=cast.rao)
    with pytest.raises(CallIsInvalid) as refused:
        _call(plan, actor=cast.mori, person=cast.rao, commit=Decimal("80.00"))
    assert [problem.field for problem in refused.value.problems] == ["reason"]

    judged = _call(plan, actor=cast.mori, person=cast.rao, commit=Decimal("80.00"), reason="The mill will slip")

    assert judged.stand == ForecastCall.Stand.ABOVE
    assert {call.pk for call in ForecastCall.objects.in_force()} == {own.pk, judged.pk}


def test_a_manager_calls_the_own_unit_without_a_reason_and_a_unit_below_with_one(plan: Plan, cast: Cast) -> None:
    assert _call(plan, actor=cast.mori, unit=cast.east_one).stand == ForecastCall.Stand.OWN
    with pytest.raises(CallIsInvalid):
        _call(plan, actor=cast.lin, unit=cast.east_one)


def test_nobody_calls_for_people_and_units_out_of_reach(plan: Plan, cast: Cast) -> None:
    for subject in ({"person": cast.peer}, {"unit": cast.east_one}, {}, {"person": cast.rao, "unit": cast.east_one}):
        with pytest.raises(NotAllowed):
            _call(plan, actor=cast.rao, reason="I know better", **subject)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"period": "C01"}, "period"),
        ({"commit": Decimal("-1.00")}, "commit"),
        ({"best_case": Decimal("99.99")}, "best_case"),
    ],
)
def test_a_call_that_says_nothing_clear_is_refused(plan: Plan, cast: Cast, given: dict[str, Any], field: str) -> None:
    with pytest.raises(CallIsInvalid) as refused:
        _call(plan, actor=cast.rao, person=cast.rao, **given)

    assert [problem.field for problem in refused.value.problems] == [field]


def test_the_last_moment_of_a_period_is_that_of_the_plans_own_time_zone(plan: Plan, cast: Cast) -> None:
    last = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)  # Shanghai is eight hours ahead

    _call(plan, actor=cast.rao, person=cast.rao, at=last)

    with pytest.raises(PeriodIsOver):
        _call(plan, actor=cast.rao, person=cast.rao, at=last.replace(hour=16, minute=0))


def test_a_call_keeps_what_was_computed_at_that_moment(plan: Plan, cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 7, 1))
    services.run_forecast(plan=plan, as_of=date(2026, 7, 15), clock=lambda: datetime.now(UTC))

    call = _call(plan, actor=cast.rao, person=cast.rao)

    assert call.computed == NodeForecast.objects.get(person=cast.rao, period="Q3").expected
    assert call.over_computed == call.commit - call.computed


def test_the_database_lets_no_call_be_changed(plan: Plan, cast: Cast) -> None:
    call = _call(plan, actor=cast.rao, person=cast.rao)

    for change in (lambda: ForecastCall.objects.update(commit=1), call.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_a_deal_is_judged_by_its_owner_and_with_a_reason_by_those_above(plan: Plan, cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 7, 1))
    services.call_deal(deal=deal, actor=cast.rao, at=AT, category=DealCall.Category.COMMIT)
    with pytest.raises(CallIsInvalid):
        services.call_deal(deal=deal, actor=cast.mori, at=AT, category=DealCall.Category.PIPELINE)
    services.call_deal(deal=deal, actor=cast.mori, at=AT, category=DealCall.Category.PIPELINE, reason="No budget")
    with pytest.raises(NotAllowed):
        services.call_deal(deal=deal, actor=cast.peer, at=AT, category=DealCall.Category.COMMIT, reason="Mine")

    assert list(DealCall.objects.order_by("pk").values_list("caller__name", "category")) == [
        ("Rao", "commit"),
        ("Mori", "pipeline"),
    ]


def test_a_closed_deal_is_not_judged_any_more(plan: Plan, cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 7, 1))

    with pytest.raises(DealIsClosed):
        services.call_deal(deal=deal, actor=cast.rao, at=AT, category=DealCall.Category.COMMIT)
