from datetime import UTC, date, datetime

import pytest

from core.models import AuditEntry, JobRun
from planning import services
from planning.models import ForecastReview, Plan
from planning.queries import reviews
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _night(plan: Plan, day: date) -> JobRun:
    services.run_forecast(plan=plan, as_of=day, clock=lambda: datetime.now(UTC))
    return JobRun.objects.get(business_date=day)


def test_a_review_is_of_the_published_night_and_leaves_one_line_in_the_audit_trail(cast: Cast) -> None:
    plan = make_plan(2026)
    run = _night(plan, date(2026, 3, 2))

    for _time in range(2):
        services.mark_reviewed(plan=plan, unit=cast.east_one, actor=cast.mori, at=AT)

    review = ForecastReview.objects.get()
    assert (review.run, review.unit, review.marked_by) == (run, cast.east_one, cast.mori)
    assert AuditEntry.objects.filter(event="planning.forecast.reviewed", actor=cast.mori).count() == 1


def test_before_the_first_night_there_is_nothing_to_review(cast: Cast) -> None:
    with pytest.raises(services.NothingToReview):
        services.mark_reviewed(plan=make_plan(2026), unit=cast.east, actor=cast.lin, at=AT)


def test_the_last_review_is_the_units_own_and_of_an_earlier_night(cast: Cast) -> None:
    plan = make_plan(2026)
    _night(plan, date(2026, 3, 2))
    review = services.mark_reviewed(plan=plan, unit=cast.east, actor=cast.lin, at=AT)
    assert reviews.last_review(plan, cast.east, before=review.run) is None

    later = _night(plan, date(2026, 3, 9))

    assert reviews.last_review(plan, cast.east, before=later) == review
    assert reviews.last_review(plan, cast.west, before=later) is None
    assert reviews.is_reviewed(cast.east, review.run)
    assert not reviews.is_reviewed(cast.east, later)


def test_a_night_that_was_reviewed_is_kept_when_others_of_its_age_go(cast: Cast) -> None:
    plan = make_plan(2026)
    kept = _night(plan, date(2026, 3, 2))
    services.mark_reviewed(plan=plan, unit=cast.east, actor=cast.lin, at=AT)
    for day in (date(2026, 3, 3), date(2026, 3, 31), date(2026, 9, 1)):
        _night(plan, day)

    assert set(JobRun.objects.values_list("business_date", flat=True)) == {
        kept.business_date,
        date(2026, 3, 31),
        date(2026, 9, 1),
    }
