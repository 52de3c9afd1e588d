from datetime import UTC, date, datetime, timedelta

import pytest

from core.jobs import Outcome
from core.models import AuditEntry
from customers.models import Stage
from planning import services
from planning.models import By, ConversionWarning, Lever, Plan, WarningNight, Watched
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


def test_a_company_without_deals_has_a_quiet_night(cast: Cast) -> None:
    assert _night(make_plan(2026)) is Outcome.PUBLISHED

    assert not ConversionWarning.objects.exists()
    assert Watched.objects.get().cells == 0


def test_a_steady_company_has_no_warning(cast: Cast) -> None:
    others = [cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    make_history(make_pipeline(), [cast.rao, *others], until=DAY, drop=0.0, seed=9)

    _night(make_plan(2026))

    assert not ConversionWarning.objects.exists()
