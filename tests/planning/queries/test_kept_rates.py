"""Answers of the conversion page that are kept: as good as new ones, for who may see them, until the next night."""

import pickle
from datetime import UTC, date, datetime, time

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.models import JobRun, Publication
from core.periods import FiscalCalendar
from customers.models import Pipeline
from planning.models import FEWEST_PEOPLE, JOB, RateSettings
from planning.queries import kept_rates
from planning.queries.forecasts import Node, home_node
from planning.queries.rate_periods import cohort_of
from planning.queries.rates import Asked, RateTable, rate_table
from teams.models import Company, Management, User
from tests.factories.customers import make_activity, make_deal, make_pipeline
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7", "R7.4")]

AS_OF = date(2026, 6, 1)
CALENDAR = FiscalCalendar(1)


@pytest.fixture(autouse=True)
def large(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company whose answers are kept, with a published night."""
    monkeypatch.setattr(kept_rates, "FROM", 1)
    kept_rates.breaker.reset()
    caches["redis"].clear()
    make_pipeline()
    for owner in (cast.rao, cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)):
        _answered_lead(owner)
    _publish(1)


def _answered_lead(owner: User) -> None:
    created = date(2026, 2, 2)
    deal = make_deal(owner=owner, created=created, path=("Lead", "Contacted"))
    make_activity(deal, done_at=datetime.combine(created, time(9, 10), UTC))


def _publish(revision: int) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    run = JobRun.objects.create(
        job=JOB,
        scope="1",
        business_date=AS_OF,
        revision=revision,
        state=JobRun.State.PUBLISHED,
        created_at=at,
        finished_at=at,
    )
    Publication.objects.update_or_create(job=JOB, scope="1", defaults={"run": run, "published_at": at})


def _asked(user: User, *, by: str = "unit", node: Node | None = None) -> Asked:
    cohort = cohort_of("12m", calendar=CALENDAR, as_of=AS_OF)
    assert cohort is not None
    return Asked(node or home_node(user), cohort, "year", by, Pipeline.objects.first(), {}, "lead_response")


def _answer(user: User, asked: Asked, *, as_of: date = AS_OF, anew: bool = False) -> RateTable:
    return (rate_table if anew else kept_rates.kept_rate_table)(
        asked,
        user=user,
        as_of=as_of,
        company=Company.objects.the_one(),
        calendar=CALENDAR,
        settings=RateSettings.objects.the_one(),
    )


def _reads(user: User, asked: Asked, *, as_of: date = AS_OF) -> tuple[RateTable, int, int]:
    """The answer; how many queries it took, and how many of them read trials."""
    with CaptureQueriesContext(
        connection,
    ) as asked_for:
        table = _answer(user, asked, as_of=as_of)
    return table, len(asked_for), sum("customers_activity" in query["sql"] for query in asked_for)


@pytest.mark.parametrize("by", ["unit", "person", "channel", "period"])
def test_the_second_look_reads_no_deal_and_says_the_same(cast: Cast, by: str) -> None:
    asked = _asked(cast.planner, by=by)
    first, _queries, trials = _reads(cast.planner, asked)
    assert trials > 0

    second, queries, trials = _reads(cast.planner, asked)

    assert trials == 0
    assert queries <= 10
    assert second == first == _answer(cast.planner, asked, anew=True)


def test_the_number_of_queries_of_a_kept_answer_does_not_grow_with_people(cast: Cast) -> None:
    asked = _asked(cast.planner, by="person")
    _answer(cast.planner, asked)
    few = _reads(cast.planner, asked)[1]
    for number in range(20):
        _answered_lead(make_person(f"Rep {number}", unit=cast.east_two))
    _publish(2)
    _answer(cast.planner, asked)

    assert _reads(cast.planner, asked)[1] == few


def test_figures_of_a_hidden_unit_never_come_from_an_answer_that_somebody_else_was_given(cast: Cast) -> None:
    company = home_node(cast.planner)
    for by in ("unit", "person"):
        _answer(cast.planner, _asked(cast.planner, by=by))
        asked = _asked(cast.sato, by=by, node=company)  # as if the door had let it pass

        table, _queries, trials = _reads(cast.sato, asked)

        assert trials > 0
        assert table == _answer(cast.sato, asked, anew=True)
    people = _answer(cast.planner, _asked(cast.planner, by="person")).members
    assert {row.name for row in people} > {
        row.name for row in _answer(cast.sato, _asked(cast.sato, by="person")).members
    }


def test_the_average_that_a_plan_owner_saw_stays_hidden_from_who_would_learn_about_a_colleague(cast: Cast) -> None:
    east = Node(unit=cast.east)
    wide = _answer(cast.planner, _asked(cast.planner, node=east))
    assert wide.average is not None
    assert FEWEST_PEOPLE == 4

    assert _answer(cast.lin, _asked(cast.lin, node=east)).average is None  # two of the four are hers


def test_who_loses_sight_of_a_team_is_answered_anew(cast: Cast) -> None:
    asked = _asked(cast.lin, by="person")
    assert {row.name for row in _answer(cast.lin, asked).members} == {"Rao", "Peer of Rao"}
    Management.objects.filter(user=cast.lin).delete()

    lin = User.objects.get(pk=cast.lin.pk)

    assert {row.key for row in _answer(lin, asked).members} == {"0"}


@pytest.mark.parametrize("what", ["the next night", "another day", "other limits", "another language", "another name"])
def test_an_answer_is_kept_only_as_long_as_all_that_it_follows_from(cast: Cast, what: str) -> None:
    asked = _asked(cast.planner)
    _answer(cast.planner, asked)
    day = AS_OF
    if what == "the next night":
        _publish(2)
    elif what == "another day":
        day = date(2026, 6, 2)
    elif what == "other limits":
        RateSettings.objects.create(response_limit=2, version=1)
    elif what == "another name":
        cast.west.name = "Far west"
        cast.west.save()

    with translation.override("zh-hans" if what == "another language" else "en"):
        _table, _queries, trials = _reads(cast.planner, asked, as_of=day)

    assert trials > 0


def test_before_the_first_night_and_of_a_small_company_nothing_is_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _asked(cast.planner)
    monkeypatch.setattr(kept_rates, "FROM", 1_000)
    _answer(cast.planner, asked)
    assert _reads(cast.planner, asked)[2] > 0
    monkeypatch.setattr(kept_rates, "FROM", 1)
    Publication.objects.all().delete()
    _answer(cast.planner, asked)

    assert _reads(cast.planner, asked)[2] > 0


def test_nobodys_account_lies_in_redis(cast: Cast) -> None:
    table = _answer(cast.planner, _asked(cast.planner, by="person"))

    kept = pickle.dumps(kept_rates._bare(table))

    assert any(row.node is not None for row in table.members)
    assert cast.rao.password.encode() not in kept
    assert cast.rao.email.encode() not in kept


def test_without_redis_everything_is_read_anew(cast: Cast) -> None:
    asked = _asked(cast.planner)
    _answer(cast.planner, asked)
    away = {**caches.settings, "redis": {**caches.settings["redis"], "LOCATION": "redis://127.0.0.1:1"}}

    with override_settings(CACHES=away):
        table, _queries, trials = _reads(cast.planner, asked)

    assert trials > 0
    assert table == _answer(cast.planner, asked, anew=True)
    kept_rates.breaker.reset()
