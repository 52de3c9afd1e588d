from datetime import date, timedelta

import pytest

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import By, ConversionWarning
from planning.queries.warnings import waiting_count
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast
from tests.factories.warnings import make_warning

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.9")]

TODAY = date(2026, 6, 15)
Status = ConversionWarning.Status


@pytest.fixture
def warning(cast: Cast) -> ConversionWarning:
    """A warning about team one in the east."""
    stage = make_pipeline().stages.get(name="Quoted")
    return make_warning(plan=make_plan(2026), stage=stage, by=By.UNIT, member=cast.east_one.pk)


def test_who_manages_the_unit_puts_somebody_in_charge_with_a_day(cast: Cast, warning: ConversionWarning) -> None:
    due = TODAY + timedelta(days=7)

    kept = services.assign_warning(
        warning=warning,
        version=1,
        actor=cast.mori,
        today=TODAY,
        owner=cast.rao,
        due_date=due,
        note="Ask five customers",
    )

    assert (kept.status, kept.owner, kept.due_date, kept.note) == (
        Status.ACKNOWLEDGED,
        cast.rao,
        due,
        "Ask five customers",
    )
    line = AuditEntry.objects.get(event="planning.warning.assigned")
    assert (line.actor_id, line.subject_id) == (cast.mori.pk, str(warning.pk))


def test_who_is_in_charge_sees_the_warning_and_takes_note_but_does_not_close_it(
    cast: Cast, warning: ConversionWarning
) -> None:
    assert not ConversionWarning.objects.visible_to(cast.rao).exists()
    kept = services.assign_warning(warning=warning, version=1, actor=cast.lin, today=TODAY, owner=cast.rao)

    assert list(ConversionWarning.objects.visible_to(cast.rao)) == [warning]
    kept = services.acknowledge_warning(warning=kept, version=2, actor=cast.rao, note="Called all of them")
    assert kept.note == "Called all of them"
    with pytest.raises(NotAllowed):
        services.close_warning(warning=kept, version=3, actor=cast.rao, note="Nothing to it")


def test_nobody_handles_a_warning_about_their_own_work_alone(cast: Cast) -> None:
    stage = make_pipeline().stages.get(name="Quoted")
    own = make_warning(plan=make_plan(2026), stage=stage, by=By.PERSON, member=cast.rao.pk)

    with pytest.raises(NotAllowed):
        services.snooze_warning(
            warning=own, version=1, actor=cast.rao, today=TODAY, snoozed_until=TODAY + timedelta(days=3)
        )


def test_a_lead_of_another_team_may_not_handle_it(cast: Cast, warning: ConversionWarning) -> None:
    with pytest.raises(NotAllowed):
        services.close_warning(warning=warning, version=1, actor=cast.diaz, note="Not mine")


def test_a_stale_version_loses_nothing(cast: Cast, warning: ConversionWarning) -> None:
    services.acknowledge_warning(warning=warning, version=1, actor=cast.mori)

    with pytest.raises(VersionConflict):
        services.close_warning(warning=warning, version=1, actor=cast.lin, note="Late")
    warning.refresh_from_db()
    assert warning.status == Status.ACKNOWLEDGED


@pytest.mark.parametrize("days", [0, 93])
def test_a_warning_is_put_off_until_a_day_ahead_and_not_for_ever(
    cast: Cast, warning: ConversionWarning, days: int
) -> None:
    with pytest.raises(services.DayIsInvalid):
        services.snooze_warning(
            warning=warning, version=1, actor=cast.mori, today=TODAY, snoozed_until=TODAY + timedelta(days=days)
        )


def test_it_is_not_given_to_somebody_out_of_sight_nor_until_a_day_that_is_over(
    cast: Cast, warning: ConversionWarning
) -> None:
    with pytest.raises(services.PersonIsUnknown):
        services.assign_warning(warning=warning, version=1, actor=cast.mori, today=TODAY, owner=cast.west_rep)
    with pytest.raises(services.DayIsInvalid):
        services.assign_warning(
            warning=warning,
            version=1,
            actor=cast.mori,
            today=TODAY,
            owner=cast.rao,
            due_date=TODAY - timedelta(days=1),
        )


def test_a_closed_warning_can_be_opened_again_and_not_closed_twice(cast: Cast, warning: ConversionWarning) -> None:
    closed = services.close_warning(warning=warning, version=1, actor=cast.mori, note="Trade fair is over")

    with pytest.raises(services.WarningIsOver):
        services.close_warning(warning=closed, version=2, actor=cast.mori, note="Again")
    assert services.reopen_warning(warning=closed, version=2, actor=cast.mori).status == Status.OPEN


def test_a_recovered_warning_takes_no_more(cast: Cast, warning: ConversionWarning) -> None:
    ConversionWarning.objects.filter(pk=warning.pk).update(status=Status.RECOVERED, recovered_date=TODAY)

    with pytest.raises(services.WarningIsOver):
        services.acknowledge_warning(warning=warning, version=1, actor=cast.mori)
    with pytest.raises(services.WarningIsOver):
        services.reopen_warning(warning=warning, version=1, actor=cast.mori)


def test_the_bell_counts_what_waits_for_each_person(cast: Cast, warning: ConversionWarning) -> None:
    stage = warning.stage
    plan = warning.plan
    make_warning(plan=plan, stage=stage)  # the company's
    make_warning(plan=plan, stage=stage, by=By.PERSON, member=cast.west_rep.pk)
    make_warning(plan=plan, stage=stage, by=By.PERSON, member=cast.rao.pk, pushed_date=None)  # not sure enough to call
    make_warning(plan=plan, stage=stage, by=By.UNIT, member=cast.east.pk, status=Status.CLOSED)

    people = (cast.rao, cast.mori, cast.lin, cast.sato, cast.west_rep, cast.planner)
    assert [waiting_count(person) for person in people] == [0, 1, 1, 1, 1, 3]
