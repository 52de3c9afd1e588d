from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.forms.models import model_to_dict

from core.periods import FiscalCalendar
from customers import services as customers
from customers.models import Deal
from planning import services
from planning.models import DealForecast, NodeForecast, PastForecast, PlanVersion
from planning.queries.actuals import actuals, by_unit, sum_of, unit_parents
from planning.queries.calendars import WorkCalendar
from planning.queries.history import deal_history
from planning.queries.replays import Origin, Period, came, origins, replay
from planning.queries.simple import LADDER, stage_chances
from planning.queries.snapshot import snapshot
from planning.queries.wins import wins_ledger
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.history import make_history
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]
ZONE = "Asia/Shanghai"
FISCAL = FiscalCalendar(1)
FIRST, DAY, TODAY = date(2025, 1, 1), date(2026, 4, 1), date(2026, 9, 1)
MONTH, QUARTER = PastForecast.Kind.MONTH, PastForecast.Kind.QUARTER
APRIL = Period(DAY, date(2026, 5, 1), MONTH, 30)
SPRING = Period(DAY, date(2026, 7, 1), QUARTER, 90)


def _again(origin: Origin) -> list[dict[str, object]]:
    told = replay(
        origin,
        wins=wins_ledger(time_zone=ZONE),
        calendar=WorkCalendar(),
        fiscal=FISCAL,
        time_zone=ZONE,
        known_from=FIRST,
    )
    return [model_to_dict(row) for row in told.forecasts]


def _tamper(cast: Cast, day: date) -> None:
    """Let much happen after a day: deals move, are won, lost, reopened, corrected, handed over, and new ones come."""
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    before = now - timedelta(days=1)
    open_deals = list(Deal.objects.open().filter(stage_since__lt=before).order_by("pk")[:9])
    for number, deal in enumerate(open_deals):
        end = deal.pipeline.stages.get(name=("Won", "Lost", "Quoted")[number % 3])
        if deal.stage_id != end.pk:
            reason = "It went so"
            customers.move_deal(
                deal=deal,
                to_stage=end,
                version=deal.version,
                actor=deal.owner,
                now=now,
                reason=reason,
                amount=Decimal(9),
            )
    for deal in Deal.objects.won().filter(stage_since__lt=before, owner=cast.rao).order_by("-stage_since")[:3]:
        customers.reopen_deal(deal=deal, version=deal.version, actor=cast.rao, now=now, reason="Cancelled")
    for deal in Deal.objects.won().filter(stage_since__lt=before, owner=cast.peer).order_by("-stage_since")[:3]:
        customers.amend_deal(
            deal=deal,
            version=deal.version,
            actor=cast.peer,
            now=now,
            amount=Decimal(7),
            expected_close_date=None,
            reason="Credit note",
        )
    for deal in Deal.objects.filter(owner=cast.rao).order_by("pk")[:4]:
        customers.hand_over_deal(deal=deal, to=cast.west_rep, version=deal.version, actor=cast.admin, now=now)
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=day, days_in_stage=0, amount=Decimal(999_999))


@pytest.fixture
def sold(cast: Cast) -> Cast:
    make_history(cast.rao, cast.peer, cast.west_rep, first=FIRST, last=DAY, deals=40)
    return cast


def test_a_past_night_reckoned_again_is_the_snapshot_that_was_stored_then(sold: Cast) -> None:
    plan = make_plan(2026)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=sold.company, month=Decimal(200_000))
    services.run_forecast(plan=plan, as_of=DAY, clock=lambda: datetime(2026, 4, 1, tzinfo=UTC))
    _tamper(sold, date(2026, 4, 20))

    again = snapshot(plan=plan, as_of=DAY)

    def told(row: NodeForecast) -> dict[str, object]:
        return model_to_dict(row, exclude=["id", "run"])

    assert [told(row) for row in again.nodes] == [told(row) for row in NodeForecast.objects.order_by("pk")]
    stored = list(DealForecast.objects.order_by("pk"))
    assert again.deals.columns["deal"].tolist() == [row.deal_id for row in stored]
    assert again.deals.columns["p_win"].tolist() == [row.p_win for row in stored]
    assert again.deals.p_by_month.tolist() == [row.p_by_month for row in stored]


def test_what_happened_later_changes_nothing_in_a_forecast_made_again(sold: Cast) -> None:
    origin = Origin(DAY, (APRIL, SPRING), judges_deals=True)
    before = _again(origin)

    _tamper(sold, date(2026, 4, 20))

    assert before
    assert _again(origin) == before


def test_a_forecast_made_again_on_a_month_start_is_that_of_the_stored_night_but_for_the_draws(sold: Cast) -> None:
    plan = make_plan(2026)
    services.run_forecast(plan=plan, as_of=DAY, clock=lambda: datetime(2026, 4, 1, tzinfo=UTC))
    night = NodeForecast.objects.get(unit=sold.company, period="M04")

    (again,) = [row for row in _again(Origin(DAY, (APRIL,), judges_deals=False)) if row["unit"] == sold.company.pk]

    assert float(again["expected"]) == pytest.approx(float(night.expected), rel=0.1)  # type: ignore[arg-type]


def test_month_starts_serve_90_60_and_30_days_to_go_and_a_week_before_the_end_comes_extra() -> None:
    found = origins(before=TODAY, months=3, fiscal=FISCAL, known_from=FIRST)
    served = {
        (period.first, period.kind, period.days_to_go): origin.as_of for origin in found for period in origin.periods
    }

    july = date(2026, 7, 1)
    assert {days: served[july, MONTH, days] for days in (90, 60, 30, 7)} == {
        90: date(2026, 5, 1),
        60: date(2026, 6, 1),
        30: july,
        7: date(2026, 7, 25),
    }
    assert {first for first, kind, _days in served if kind == MONTH} == {date(2026, m, 1) for m in (6, 7, 8)}
    assert not [key for key in served if key[1] == QUARTER]  # none lies whole within the three months


def test_a_quarter_is_forecast_from_its_first_day_on() -> None:
    found = origins(before=date(2026, 7, 1), months=3, fiscal=FISCAL, known_from=FIRST)
    served = {
        period.days_to_go: origin.as_of for origin in found for period in origin.periods if period.kind == QUARTER
    }

    assert served == {90: DAY, 60: date(2026, 5, 1), 30: date(2026, 6, 1), 7: date(2026, 6, 24)}


def test_quarters_follow_the_fiscal_year() -> None:
    found = origins(before=date(2026, 9, 1), months=4, fiscal=FiscalCalendar(2), known_from=FIRST)

    assert {p.first for origin in found for p in origin.periods if p.kind == QUARTER} == {date(2026, 5, 1)}


def test_a_day_with_less_than_ninety_days_of_history_is_not_judged() -> None:
    found = origins(before=TODAY, months=6, fiscal=FISCAL, known_from=date(2026, 4, 2))

    assert min(origin.as_of for origin in found) == date(2026, 7, 1)
    assert origins(before=TODAY, months=6, fiscal=FISCAL, known_from=TODAY) == []


def test_what_came_is_what_the_pages_count(sold: Cast) -> None:
    found = came(
        wins_ledger(time_zone=ZONE).known_before(TODAY), [APRIL, replace(APRIL, first=date(2026, 1, 1), after=DAY)]
    )
    rows = actuals(first=date(2026, 1, 1), after=DAY, time_zone=ZONE)

    expected = {unit: sum_of(months).revenue for unit, months in by_unit(rows, unit_parents()).items()}
    units = {unit: amount for (unit, _), amount in found[date(2026, 1, 1), DAY].items() if unit}
    assert units == expected
    assert units[sold.company.pk] == units[sold.east.pk] + units[sold.west.pk]


def test_the_run_rate_is_the_pace_of_thirteen_weeks_for_the_working_days_left(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 2, 2), days_in_stage=0, amount=Decimal(5700))
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2025, 3, 2), days_in_stage=0, amount=Decimal(400))

    (row,) = [row for row in _again(Origin(DAY, (APRIL,), judges_deals=False)) if row["person"] == cast.rao.pk]

    calendar = WorkCalendar()
    worked = calendar.days(DAY - timedelta(days=91), DAY - timedelta(days=1))
    left = calendar.days(DAY, date(2026, 4, 30))
    assert float(row["run_rate"]) == pytest.approx(5700 / worked * left, abs=0.01)  # type: ignore[arg-type]
    assert row["last_year"] == 0  # nothing was won in April a year ago, and that is known


def test_the_weighted_pipeline_is_each_due_deal_at_its_stages_percentage(cast: Cast) -> None:
    make_pipeline()
    for due, amount in ((date(2026, 4, 20), 1000), (date(2026, 6, 1), 5000), (date(2026, 3, 1), 7000)):
        deal = make_deal(owner=cast.rao, path=("Lead", "Quoted"), created=date(2026, 2, 2), amount=Decimal(amount))
        customers.amend_deal(
            deal=deal,
            version=deal.version,
            actor=cast.rao,
            now=datetime(2026, 3, 1, tzinfo=UTC),
            amount=Decimal(amount),
            expected_close_date=due,
        )

    (row,) = [row for row in _again(Origin(DAY, (APRIL,), judges_deals=False)) if row["person"] == cast.rao.pk]

    assert row["pipeline"] == Decimal(900)  # Quoted is the last of four stages: 90 % before there is a history


def test_a_stages_percentage_is_its_own_win_rate_once_twenty_deals_have_closed_after_it(cast: Cast) -> None:
    make_pipeline()
    for number in range(24):
        end = "Won" if number < 6 else "Lost"
        make_deal(owner=cast.rao, path=("Lead", "Contacted", end), created=date(2026, 1, 5))
    history = deal_history(as_of=DAY, time_zone=ZONE)

    chances = dict(
        zip(
            Deal.objects.all()[0].pipeline.stages.values_list("name", flat=True),
            stage_chances(history, DAY),
            strict=True,
        )
    )

    assert chances["Lead"] == chances["Contacted"] == pytest.approx(0.25)
    assert chances["Quoted"] == LADDER[-1]
    assert chances["Won"] == 0


def test_chances_are_counted_once_for_the_owner_and_once_for_each_unit_above(sold: Cast) -> None:
    told = replay(
        Origin(date(2025, 10, 1), (Period(date(2025, 10, 1), date(2025, 11, 1), MONTH, 30),), judges_deals=True),
        wins=wins_ledger(time_zone=ZONE),
        calendar=WorkCalendar(),
        fiscal=FISCAL,
        time_zone=ZONE,
        known_from=FIRST,
    )

    def total(wanted: Callable[[object], bool], name: str) -> float:
        return float(np.sum([getattr(check, name) for check in told.checks if wanted(check)]))

    for name in ("deals", "won", "chances", "squares"):
        company = total(lambda check: check.unit_id == sold.company.pk, name)  # type: ignore[attr-defined]
        people = total(lambda check: check.person_id is not None, name)  # type: ignore[attr-defined]
        assert company == pytest.approx(people)
    assert total(lambda check: check.unit_id == sold.company.pk, "deals") > 10  # type: ignore[attr-defined]
