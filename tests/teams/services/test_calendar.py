from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.errors import Invalid, NotAllowed
from core.models import AuditEntry
from teams import services
from teams.models import WorkdayOverride
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def enter(cast: Cast, first: date, last: date | None = None, **given: Any) -> list[WorkdayOverride]:
    said = {"is_workday": False, "name": "Company holiday", "actor": cast.planner, **given}
    return services.list_workdays(now=NOW, first=first, last=last, **said)


def test_days_off_are_entered_with_name_and_whom_to_ask_and_weekends_need_no_entry(cast: Cast) -> None:
    rows = enter(cast, date(2026, 7, 3), date(2026, 7, 7))  # a Friday to a Tuesday

    assert [row.day.day for row in rows] == [3, 6, 7]
    row = WorkdayOverride.objects.earliest("day")
    assert (row.note, row.made_by, row.made_at, row.is_workday) == ("Company holiday", cast.planner, NOW, False)
    lines = AuditEntry.objects.filter(event="teams.workday.listed")
    assert [line.facts["day"] for line in lines.order_by("pk")] == ["2026-07-03", "2026-07-06", "2026-07-07"]


def test_a_make_up_day_is_worked_though_it_is_a_sunday(cast: Cast) -> None:
    assert enter(cast, date(2026, 7, 5), is_workday=True, name="Make-up")[0].is_workday


@pytest.mark.parametrize(
    ("first", "last", "given", "field"),
    [
        (date(2026, 7, 4), None, {}, "first"),  # a Saturday is off anyway
        (date(2026, 7, 3), None, {"is_workday": True}, "first"),  # a Friday is worked anyway
        (date(2026, 7, 3), date(2026, 7, 2), {}, "last"),
        (date(2026, 7, 3), date(2026, 9, 3), {}, "last"),
        (date(2026, 7, 3), None, {"name": "  "}, "name"),
    ],
)
def test_what_would_change_nothing_or_has_no_name_is_refused_by_its_field(
    cast: Cast, first: date, last: date | None, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        enter(cast, first, last, **given)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert not WorkdayOverride.objects.exists()


def test_an_entry_is_not_overwritten_by_another(cast: Cast) -> None:
    enter(cast, date(2026, 7, 6), name="Anniversary")

    with pytest.raises(services.DayIsListed):
        enter(cast, date(2026, 7, 3), date(2026, 7, 7), name="Summer closing")

    assert [row.note for row in WorkdayOverride.objects.all()] == ["Anniversary"]


def test_a_day_taken_out_follows_the_public_calendar_and_is_taken_out_once(cast: Cast) -> None:
    (row,) = enter(cast, date(2026, 7, 6))

    assert services.drop_workday(actor=cast.admin, workday=row) == date(2026, 7, 6)
    assert AuditEntry.objects.get(event="teams.workday.dropped").facts["name"] == "Company holiday"
    with pytest.raises(services.DayIsNotListed):
        services.drop_workday(actor=cast.planner, workday=WorkdayOverride(pk=row.pk or 1, day=row.day))


@pytest.mark.parametrize("who", ["rao", "mori", "lin"])
def test_only_those_who_plan_for_the_company_change_its_calendar(cast: Cast, who: str) -> None:
    (row,) = enter(cast, date(2026, 7, 6))

    with pytest.raises(NotAllowed):
        enter(cast, date(2026, 7, 8), actor=getattr(cast, who))
    with pytest.raises(NotAllowed):
        services.drop_workday(actor=getattr(cast, who), workday=row)
