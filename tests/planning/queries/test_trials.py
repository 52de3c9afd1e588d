"""What the rates are counted from: each rule of the definitions once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from customers import services as customers
from customers.models import Activity, Deal, DealOwnership, Pipeline
from planning.forecasting.rates import FAILURE, SUCCESS
from planning.models import RateSettings, RateStages
from planning.queries.trials import TrialBook, trial_book
from teams.models import Company, Membership, WorkdayOverride
from tests.factories.customers import make_activity, make_customer, make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]

MONDAY = date(2026, 1, 5)  # make_deal begins at 17:00 in Shanghai
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
AS_OF = date(2026, 6, 1)
HOURS = {"response_limit": 2, "response_unit": RateSettings.Unit.HOURS}


def book_of(*, as_of: date = AS_OF, since: date = date(2025, 6, 1), **limits: object) -> TrialBook:
    settings = RateSettings(**{**HOURS, **limits})
    return trial_book(since=since, as_of=as_of, company=Company.objects.the_one(), settings=settings)


def ends(book: TrialBook, key: str) -> list[tuple[int, int]]:
    """(age, cause) of each trial of a measure; a success after the limit counts as a failure."""
    place = next(at for at, measure in enumerate(book.measures) if measure.key == key)
    rows = np.flatnonzero(book.measure == place)
    return sorted(zip(book.trials.age[rows].tolist(), book.trials.cause[rows].tolist(), strict=True))


def test_a_lead_is_answered_by_the_first_contact_done_in_working_time(cast: Cast) -> None:
    make_pipeline()
    make_activity(make_deal(owner=cast.rao), done_at=BEGIN + timedelta(minutes=30))
    make_activity(make_deal(owner=cast.rao), kind=Activity.Kind.MAIL, done_at=BEGIN + timedelta(hours=16, minutes=30))

    assert ends(book_of(), "lead_response") == [(30, SUCCESS), (90, SUCCESS)]  # 17:00 to 18:00, and 9:00 to 9:30


def test_a_day_that_the_company_closes_is_no_time_to_answer_in(cast: Cast) -> None:
    make_pipeline()
    WorkdayOverride.objects.create(day=date(2026, 1, 6), is_workday=False, note="Closed")
    make_activity(make_deal(owner=cast.rao), done_at=BEGIN + timedelta(minutes=30))
    make_activity(make_deal(owner=cast.rao), done_at=BEGIN + timedelta(hours=40, minutes=30))  # Wednesday, 9:30

    assert ends(book_of(), "lead_response") == [(30, SUCCESS), (90, SUCCESS)]


def test_a_move_forwards_answers_a_lead_and_a_planned_call_does_not(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), days_in_stage=1)
    make_activity(make_deal(owner=cast.rao), due_at=BEGIN + timedelta(minutes=5))

    found = ends(book_of(), "lead_response")

    assert found[0] == (9 * 60, SUCCESS)
    assert found[1][1] == -1


def test_a_lead_lost_without_an_answer_stays_in_the_denominator(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Lost"), days_in_stage=1)

    assert ends(book_of(), "lead_response") == [(9 * 60, FAILURE)]


def test_a_deal_that_began_in_a_later_stage_is_no_lead(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Visited",))

    assert ends(book_of(), "lead_response") == []


def test_leads_from_before_the_first_recorded_activity_are_left_out(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, created=MONDAY - timedelta(days=60))
    make_activity(make_deal(owner=cast.rao), done_at=BEGIN + timedelta(minutes=30))

    book = book_of()

    assert ends(book, "lead_response") == [(30, SUCCESS)]
    assert book.recorded_since == MONDAY


def test_the_limit_follows_the_data_until_somebody_sets_one(cast: Cast) -> None:
    make_pipeline()
    for _ in range(4):
        make_deal(owner=cast.rao)  # all at one and the same minute: only the day is known
    by_day = book_of(response_limit=None).limit
    for hour in range(5):
        _tell_lead(cast, BEGIN + timedelta(days=hour, minutes=7 + 13 * hour))

    assert (by_day.amount, by_day.unit, by_day.by_data) == (1, "days", True)
    assert book_of(response_limit=None).limit.unit == "hours"
    assert book_of(response_limit=5).limit.by_data is False


def _tell_lead(cast: Cast, at: datetime) -> None:
    pipeline = Pipeline.objects.get()
    deal = Deal(title="Told", customer=make_customer(), owner=cast.rao, pipeline=pipeline)
    line = customers.HistoryLine(stage=stage_of(pipeline, "Lead"), occurred_at=at, actor=cast.rao)
    customers.tell_histories(
        histories=[customers.DealHistory(deal=deal, lines=[line])], actor=cast.admin, now=datetime.now(UTC)
    )


def test_a_first_visit_succeeds_by_a_planned_next_step_and_not_by_its_own_note(cast: Cast) -> None:
    pipeline = make_pipeline()
    noted, planned, quoted, lost = (
        make_deal(owner=cast.rao, pipeline=pipeline, path=("Lead", "Contacted", *more), days_in_stage=10)
        for more in (("Visited",), ("Visited",), ("Visited", "Quoted"), ("Visited", "Lost"))
    )
    visit = BEGIN + timedelta(days=20, hours=-1)  # an hour before each deal moves on to Visited
    for deal in (noted, planned, quoted, lost):
        make_activity(deal, kind=Activity.Kind.VISIT, done_at=visit)
    make_activity(planned, due_at=visit + timedelta(days=4))

    found = ends(book_of(), "first_visit")

    assert found[:3] == [(4, SUCCESS), (10, SUCCESS), (10, FAILURE)]
    assert found[3][1] == -1


def test_without_a_stage_of_visits_a_move_on_a_later_day_is_a_next_step(cast: Cast) -> None:
    pipeline = make_pipeline()
    RateStages.objects.create(pipeline=pipeline, visit_stage=None, quote_stage=stage_of(pipeline, "Quoted"))
    for days in (10, 12):
        deal = make_deal(owner=cast.rao, pipeline=pipeline, path=("Lead", "Contacted", "Visited"), days_in_stage=days)
        make_activity(deal, kind=Activity.Kind.VISIT, done_at=BEGIN + timedelta(days=20, hours=-1))

    found = ends(book_of(), "first_visit")

    assert found[0] == (4, SUCCESS)  # visited on the 20th day, moved on the 24th
    assert found[1][1] == -1  # moved on the day of the visit: its note


def test_a_revised_quote_counts_once_per_deal(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Quoted", "Visited", "Quoted", "Won"), days_in_stage=10)

    assert ends(book_of(), "quote_acceptance") == [(30, SUCCESS)]


def test_a_quote_is_accepted_rejected_or_open(cast: Cast) -> None:
    make_pipeline()
    for end in ("Won", "Lost"):
        make_deal(owner=cast.rao, path=("Lead", "Quoted", end), days_in_stage=10)
    make_deal(owner=cast.rao, path=("Lead", "Quoted"), days_in_stage=10)

    assert ends(book_of(), "quote_acceptance") == [(10, SUCCESS), (10, FAILURE), (137, -1)]


def test_a_stay_ends_forwards_backwards_or_lost(cast: Cast) -> None:
    pipeline = make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Contacted"), days_in_stage=10)

    visited = stage_of(pipeline, "Visited")

    assert ends(book_of(), f"stage-{visited.pk}") == [(10, 2)]
    assert ends(book_of(), f"stage-{stage_of(pipeline, 'Lead').pk}") == [(10, SUCCESS)]


def test_what_happened_today_is_not_known_yet(cast: Cast) -> None:
    pipeline = make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), days_in_stage=7)
    lead = f"stage-{stage_of(pipeline, 'Lead').pk}"

    assert ends(book_of(as_of=MONDAY + timedelta(days=7)), lead) == [(7, -1)]
    assert ends(book_of(as_of=MONDAY + timedelta(days=8)), lead) == [(7, SUCCESS)]


def test_a_trial_counts_for_the_owner_and_the_unit_of_the_day_on_which_it_began(cast: Cast) -> None:
    pipeline = make_pipeline()
    mover = make_person("Mover", unit=cast.east_one)
    deal = make_deal(owner=mover, path=("Lead", "Contacted", "Visited"), days_in_stage=10, amount=Decimal(1))
    over = BEGIN + timedelta(days=15)
    DealOwnership.objects.filter(deal=deal).update(valid_to=over)
    DealOwnership.objects.create(deal=deal, owner=cast.west_rep, valid_from=over)
    Deal.objects.filter(pk=deal.pk).update(owner=cast.west_rep)
    Membership.objects.filter(user=mover).update(valid_to=MONDAY + timedelta(days=5))
    Membership.objects.create(user=mover, unit=cast.east_two, valid_from=MONDAY + timedelta(days=5))

    book = book_of()
    whose = {}
    for stage in ("Lead", "Contacted", "Visited"):
        place = next(at for at, m in enumerate(book.measures) if m.key == f"stage-{stage_of(pipeline, stage).pk}")
        row = int(np.flatnonzero(book.measure == place)[0])
        whose[stage] = (int(book.owner[row]), int(book.unit[row]))

    assert whose == {
        "Lead": (mover.pk, cast.east_one.pk),
        "Contacted": (mover.pk, cast.east_two.pk),
        "Visited": (cast.west_rep.pk, cast.west_one.pk),
    }


def test_trials_from_before_the_asked_days_are_left_out(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), days_in_stage=40)

    book = book_of(since=MONDAY + timedelta(days=20))

    assert {book.measures[place].key.split("-")[0] for place in book.measure.tolist()} == {"stage"}
    assert len(book.begun) == 1
