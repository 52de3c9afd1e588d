from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from core.jobs import Outcome
from core.models import AuditEntry
from customers.models import Stage
from planning import services
from planning.forecasting.alerts import FollowUp
from planning.models import By, ConversionWarning, Lever, Plan, WarningNight, Watched
from planning.queries.watching import Finding, NightWatch
from tests.factories.answers import make_answers
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person
from tests.factories.warnings import make_history, make_warning

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.9")]

DAY = date(2026, 6, 15)
Status = ConversionWarning.Status


def _clock() -> datetime:
    return datetime(2026, 6, 15, 0, 10, tzinfo=UTC)


def _night(plan: Plan, day: date = DAY, *, again: bool = False) -> Outcome:
    return services.watch_conversions(plan=plan, as_of=day, clock=_clock, again=again)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """Rao's second stage has lost most of its conversion in the last six weeks; three others sell as ever."""
    others = [cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    make_history(make_pipeline(), [cast.rao, *others], until=DAY, drop=0.8)
    return make_plan(2026)


def test_a_weak_stage_becomes_a_warning_with_its_evidence_and_the_steady_ones_do_not(cast: Cast, plan: Plan) -> None:
    assert _night(plan) is Outcome.PUBLISHED

    weak = ConversionWarning.objects.get(by=By.PERSON)
    assert (weak.member, weak.stage.name, weak.status) == (cast.rao.pk, "Contacted", Status.OPEN)
    assert weak.pushed_date == DAY
    assert weak.at_stake > 0
    assert weak.facts["observed"] < weak.facts["expected"]
    assert weak.facts["low"] < weak.facts["observed"] / weak.facts["expected"] < weak.facts["high"] < 1
    assert set(weak.facts["splits"]) == {"channel", "product", "band", "owner"}
    assert not ConversionWarning.objects.exclude(stage__name="Contacted").exists()
    looked = Watched.objects.get()
    assert looked.cells > looked.too_few
    assert looked.pushed == ConversionWarning.objects.filter(pushed_date=DAY).count()
    assert AuditEntry.objects.filter(event="planning.warning.found", subject_id=str(weak.pk)).count() == 1
    facts = weak.facts
    lost = (facts["rate_usual"] - facts["rate_now"]) * facts["to_come"] * facts["win_after"] * facts["mean_amount"]
    assert float(weak.at_stake) == pytest.approx(lost, rel=0.01)
    best = Lever.objects.filter(by=By.PERSON).order_by("-gain_usual")[0]
    assert (best.member, best.stage.name, best.is_enough) == (cast.rao.pk, "Contacted", True)
    assert best.rate_now < best.rate_usual


def test_later_answers_to_leads_are_named_as_the_cause_with_numbers_and_the_money_they_explain(cast: Cast) -> None:
    others = [cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    make_history(make_pipeline(), [cast.rao, *others], until=DAY, drop=0.6, per_week=60)
    make_answers(owner=cast.rao, until=DAY)

    _night(make_plan(2026))

    weak = ConversionWarning.objects.get(by=By.PERSON)
    assert weak.facts["cause"] == "response"
    answers, part = weak.facts["answers"], weak.facts["splits"]["response"]
    assert answers["in_time_now"] + 0.2 < answers["in_time_before"]
    assert answers["high"] < 0
    assert (answers["usual"], answers["unit"]) == (0, "days")
    assert sum(row["now"] for row in part["rows"]) == answers["now"]
    assert part["mix"] < part["rate"] / 2 < 0 or part["rate"] >= 0
    share = min(part["mix"] / (part["mix"] + part["rate"]), 1)
    assert part["explains"] == pytest.approx(float(weak.at_stake) * share, rel=0.01)
    assert {lever.cause for lever in Lever.objects.filter(by=By.PERSON, member=cast.rao.pk, stage=weak.stage)} == {
        "response"
    }


def test_where_nobody_writes_answers_down_they_are_no_cause(plan: Plan) -> None:
    _night(plan)

    facts = ConversionWarning.objects.get(by=By.PERSON).facts
    assert facts["answers"] is None
    assert "response" not in facts["splits"]


def test_a_night_started_twice_is_one_and_a_day_reckoned_anew_changes_nothing_twice(plan: Plan) -> None:
    _night(plan)
    before = list(ConversionWarning.objects.order_by("pk").values())

    assert _night(plan) is Outcome.ALREADY
    assert _night(plan, again=True) is Outcome.PUBLISHED
    assert list(ConversionWarning.objects.order_by("pk").values()) == before
    assert WarningNight.objects.count() == len(before)


def test_a_warning_lives_over_nights_and_a_late_night_leaves_newer_figures(plan: Plan) -> None:
    _night(plan, DAY - timedelta(days=2))
    _night(plan)
    newest = list(ConversionWarning.objects.order_by("pk").values("pk", "at_stake", "last_date", "facts"))

    _night(plan, DAY - timedelta(days=1))

    assert list(ConversionWarning.objects.order_by("pk").values("pk", "at_stake", "last_date", "facts")) == newest
    assert WarningNight.objects.filter(warning=newest[0]["pk"]).count() == 2


def test_what_people_did_survives_the_night(cast: Cast, plan: Plan) -> None:
    _night(plan, DAY - timedelta(days=1))
    weak = ConversionWarning.objects.get(by=By.PERSON)
    services.close_warning(warning=weak, version=weak.version, actor=cast.mori, note="Known: trade fair is over")

    _night(plan)

    weak.refresh_from_db()
    assert (weak.status, weak.note) == (Status.CLOSED, "Known: trade fair is over")
    assert ConversionWarning.objects.filter(by=By.PERSON).count() == 1


def test_a_snoozed_warning_wakes_on_its_day(cast: Cast, plan: Plan) -> None:
    _night(plan, DAY - timedelta(days=2))
    weak = ConversionWarning.objects.get(by=By.PERSON)
    services.snooze_warning(
        warning=weak, version=weak.version, actor=cast.mori, today=DAY - timedelta(days=2), snoozed_until=DAY
    )

    _night(plan, DAY - timedelta(days=1))
    weak.refresh_from_db()
    assert weak.status == Status.SNOOZED
    _night(plan)
    weak.refresh_from_db()
    assert (weak.status, weak.snoozed_until) == (Status.OPEN, None)


def test_a_conversion_that_is_back_is_recovered_and_the_weak_one_is_not(cast: Cast, plan: Plan) -> None:
    contacted = Stage.objects.get(name="Contacted")
    reps = (cast.rao, cast.peer, cast.west_rep)
    since = date(2026, 3, 1)
    before = [make_warning(plan=plan, stage=contacted, by=By.PERSON, member=rep.pk, since_date=since) for rep in reps]

    _night(plan)

    weak, *steady = (ConversionWarning.objects.get(pk=warning.pk) for warning in before)
    assert (weak.status, weak.recovered_date, weak.nights.get().is_back) == (Status.OPEN, None, False)
    back = [warning for warning in steady if warning.status == Status.RECOVERED]
    assert back
    assert all(warning.recovered_date == DAY for warning in back)
    for warning in steady:
        night = warning.nights.get()
        assert night.is_back is (night.observed >= 0.9 * night.expected and night.high >= 1)


@pytest.mark.parametrize(("unseen_days", "ends"), [(27, False), (28, True)])
def test_a_warning_that_no_night_finds_for_four_weeks_and_that_shows_no_gap_fades(
    cast: Cast, plan: Plan, unseen_days: int, *, ends: bool
) -> None:
    contacted = Stage.objects.get(name="Contacted")
    last = DAY - timedelta(days=unseen_days)
    given: dict[str, Any] = {"since_date": date(2026, 3, 1), "found_date": last, "last_date": last, "by": By.PERSON}
    steady = [make_warning(plan=plan, stage=contacted, member=one.pk, **given) for one in (cast.peer, cast.west_rep)]
    weak = make_warning(plan=plan, stage=contacted, member=cast.rao.pk, **given)

    _night(plan)

    weak.refresh_from_db()
    assert (weak.faded_date, weak.last_date) == (None, DAY)
    for warning in steady:
        warning.refresh_from_db()
        night = warning.nights.get()
        if night.is_back:
            assert (warning.status, warning.faded_date) == (Status.RECOVERED, None)
        elif ends and night.high >= 1:
            assert (warning.status, warning.faded_date, warning.faded_why) == (Status.FADED, DAY, "no_gap")
        else:
            assert (warning.status, warning.faded_date) == (Status.OPEN, None)


def test_a_cell_that_nobody_passes_any_more_fades_and_its_next_drop_is_a_new_warning(cast: Cast, plan: Plan) -> None:
    contacted, quoted = Stage.objects.get(name="Contacted"), Stage.objects.get(name="Quoted")
    last = DAY - timedelta(days=30)
    given: dict[str, Any] = {"plan": plan, "by": By.PERSON, "found_date": last, "last_date": last}
    gone = make_warning(stage=contacted, member=cast.sato.pk, **given)  # somebody who never had a deal
    shut = make_warning(stage=quoted, member=cast.sato.pk, status=Status.CLOSED, note="Known", **given)

    _night(plan)

    gone.refresh_from_db()
    shut.refresh_from_db()
    assert (gone.status, gone.faded_date, gone.faded_why) == (Status.FADED, DAY, "too_few")
    assert (shut.status, shut.faded_date, shut.note) == (Status.CLOSED, DAY, "Known")
    assert AuditEntry.objects.filter(event="planning.warning.faded", subject_id=str(gone.pk)).count() == 1
    assert not ConversionWarning.objects.current().filter(pk__in=[gone.pk, shut.pk]).exists()
    assert make_warning(plan=plan, stage=contacted, by=By.PERSON, member=cast.sato.pk).is_current


def test_a_gap_that_stays_becomes_the_usual_level_after_half_a_year(cast: Cast) -> None:
    plan, contacted = make_plan(2026), make_pipeline().stages.get(name="Contacted")
    gap = FollowUp(observed=10, expected=30, low=0.2, high=0.5, recovered=False)
    rows = []
    for member, unseen in ((cast.peer.pk, 181), (cast.west_rep.pk, 182)):
        last = DAY - timedelta(days=unseen)
        given: dict[str, Any] = {"found_date": last, "last_date": last, "since_date": last - timedelta(days=30)}
        rows.append(make_warning(plan=plan, stage=contacted, by=By.PERSON, member=member, **given))
    found = [
        Finding(
            cell=(contacted.pk, "person", row.member),
            is_found=False,
            is_pushed=False,
            since_date=row.since_date,
            at_stake=row.at_stake,
            follow_up=gap,
            facts=row.facts,
        )
        for row in rows
    ]

    with patch("planning.services.watching.night_watch", return_value=NightWatch(found, [], 2, 0, DAY)):
        _night(plan)

    stays, ends = (ConversionWarning.objects.get(pk=row.pk) for row in rows)
    assert (stays.status, stays.faded_date) == (Status.OPEN, None)
    assert (ends.status, ends.faded_date, ends.faded_why) == (Status.FADED, DAY, "usual")


def test_a_company_without_deals_has_a_quiet_night(cast: Cast) -> None:
    assert _night(make_plan(2026)) is Outcome.PUBLISHED

    assert not ConversionWarning.objects.exists()
    assert Watched.objects.get().cells == 0


def test_a_steady_company_has_no_warning(cast: Cast) -> None:
    others = [cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    make_history(make_pipeline(), [cast.rao, *others], until=DAY, drop=0.0, seed=9)

    _night(make_plan(2026))

    assert not ConversionWarning.objects.exists()
