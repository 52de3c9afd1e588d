from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.jobs import Outcome
from core.models import JobRun, Publication
from planning import services
from planning.models import TRACK_JOB, ChanceCheck, PastForecast
from planning.queries import actuals
from planning.queries.replays import Origin, Replayed, replay
from tests.factories.customers import make_deal
from tests.factories.history import make_history
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8", "R7.2")]
FIRST, TODAY, NEXT = date(2025, 9, 1), date(2026, 7, 9), date(2026, 8, 3)


def _clock() -> datetime:
    return datetime(2026, 7, 9, 2, tzinfo=UTC)


def _run(today: date = TODAY, *, months: int = 3, again: bool = False, anew: bool = False) -> tuple[Outcome, int]:
    """The outcome, and on how many days a forecast was made again (each time the watch hears of a day and at the end)."""
    days: list[int] = []
    outcome = services.run_track_record(
        today=today, clock=_clock, months=months, again=again, anew=anew, watch=lambda done, _of: days.append(done)
    )
    return outcome, len(days)


@pytest.fixture
def sold(cast: Cast) -> Cast:
    make_history(cast.rao, cast.west_rep, first=FIRST, last=TODAY, deals=30)
    return cast


def test_the_months_that_are_over_are_judged_at_each_number_of_days_to_go(sold: Cast) -> None:
    assert _run()[0] is Outcome.PUBLISHED

    company = PastForecast.objects.current().filter(unit=sold.company)
    months = company.filter(kind="month")
    assert set(months.values_list("first_date", "days_to_go")) == {
        (date(2026, month, 1), days) for month in (4, 5, 6) for days in (90, 60, 30, 7)
    }
    assert set(company.filter(kind="quarter").values_list("first_date", "days_to_go")) == {
        (date(2026, 4, 1), days) for days in (90, 60, 30, 7)
    }
    rows = actuals(first=date(2026, 5, 1), after=date(2026, 6, 1), time_zone="Asia/Shanghai")
    assert {row.actual for row in months.filter(first_date=date(2026, 5, 1))} == {sum(row.won.revenue for row in rows)}
    assert ChanceCheck.objects.current().filter(unit=sold.company, as_of_date=date(2026, 4, 1)).exists()


def test_a_month_judged_twice_is_one_record(sold: Cast) -> None:
    _run()
    rows = PastForecast.objects.count()

    assert _run() == (Outcome.ALREADY, 0)
    assert PastForecast.objects.count() == rows


def test_the_next_month_keeps_what_was_forecast_and_reads_anew_what_came(
    sold: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run()
    june = {"unit": sold.company, "first_date": date(2026, 6, 1), "kind": "month", "days_to_go": 30}
    before = PastForecast.objects.current().get(**june)
    late = make_deal(owner=sold.rao, path=("Won",), created=date(2026, 6, 10), amount=Decimal(1_000_000))
    made = []

    def watched(origin: Origin, **given: Any) -> Replayed:
        made.append(origin.as_of)
        return replay(origin, **given)

    monkeypatch.setattr("planning.services.track_record.replay", watched)
    _run(NEXT)

    after = PastForecast.objects.current().get(**june)
    assert after.expected == before.expected
    assert after.actual == before.actual + (late.amount or 0)
    # July is new: its four days to go, and the month starts that now serve a further period.
    assert made == [date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1), date(2026, 7, 25)]


def test_all_days_are_forecast_again_when_asked(sold: Cast) -> None:
    _run()
    PastForecast.objects.update(expected=1)

    _run(again=True, anew=True)

    assert not PastForecast.objects.current().filter(expected=1).exists()


def test_a_record_by_another_method_is_not_kept(sold: Cast) -> None:
    _run()
    PastForecast.objects.update(expected=1, method="of old")

    _run(again=True)

    assert not PastForecast.objects.current().filter(expected=1).exists()


def test_readers_keep_last_months_record_until_the_new_one_is_whole(
    sold: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run()
    before = list(PastForecast.objects.current().order_by("pk").values_list("pk", "expected"))

    def die(*_given: object, **_facts: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(ChanceCheck.objects, "bulk_create", die)
    with pytest.raises(ConnectionError):
        _run(NEXT)

    assert list(PastForecast.objects.current().order_by("pk").values_list("pk", "expected")) == before
    monkeypatch.undo()
    assert _run(NEXT)[0] is Outcome.PUBLISHED


def test_older_records_go_but_for_the_one_before(sold: Cast) -> None:
    for _ in range(3):
        _run(months=1, again=True)

    assert PastForecast.objects.values("run").distinct().count() == 2
    assert JobRun.objects.filter(job=TRACK_JOB, state=JobRun.State.PUBLISHED).count() == 3


def test_a_company_without_history_has_an_empty_record_until_an_import_brings_one(cast: Cast) -> None:
    assert _run()[0] is Outcome.PUBLISHED
    assert _run()[0] is Outcome.ALREADY
    assert PastForecast.objects.count() == 0

    make_history(cast.rao, first=FIRST, last=TODAY, deals=20)

    assert _run()[0] is Outcome.PUBLISHED
    assert Publication.objects.get(job=TRACK_JOB).run.revision == 2
    assert PastForecast.objects.current().exists()
