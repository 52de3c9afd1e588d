"""What always holds of warnings, whoever writes."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from planning.models import By, ConversionWarning, WarningDigest, WarningNight
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast
from tests.factories.warnings import make_warning

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.9")]
Status = ConversionWarning.Status
DAY = date(2026, 6, 1)


@pytest.fixture
def warning(cast: Cast) -> ConversionWarning:
    return make_warning(plan=make_plan(2026), stage=make_pipeline().stages.get(name="Quoted"), found_date=DAY)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("warning_recovered_on_a_day", {"status": Status.RECOVERED}),
        ("warning_faded_on_a_day", {"status": Status.FADED}),
        ("warning_faded_for_a_reason", {"faded_date": DAY}),
        ("warning_faded_for_a_reason", {"faded_why": "no_gap"}),
        ("warning_put_off_until_a_day", {"status": Status.SNOOZED}),
        ("warning_put_off_until_a_day", {"snoozed_until": DAY}),
        ("warning_days_in_order", {"last_date": date(2026, 5, 1)}),
        ("warning_stake_not_negative", {"at_stake": Decimal(-1)}),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(
    warning: ConversionWarning, rule: str, change: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ConversionWarning.objects.filter(pk=warning.pk).update(**change)


def test_a_cell_has_one_warning_until_it_is_back(warning: ConversionWarning) -> None:
    with pytest.raises(IntegrityError, match="warning_one_current_per_cell"), transaction.atomic():
        make_warning(plan=warning.plan, stage=warning.stage)
    ConversionWarning.objects.filter(pk=warning.pk).update(status=Status.RECOVERED, recovered_date=DAY)

    assert make_warning(plan=warning.plan, stage=warning.stage).pk != warning.pk


def test_a_cell_whose_warning_faded_may_have_a_new_one(warning: ConversionWarning) -> None:
    ConversionWarning.objects.filter(pk=warning.pk).update(
        status=Status.FADED, faded_date=DAY, faded_why=ConversionWarning.Fading.NO_GAP
    )

    assert make_warning(plan=warning.plan, stage=warning.stage).pk != warning.pk


def test_a_night_writes_once_of_each_warning(warning: ConversionWarning) -> None:
    seen = {"is_found": True, "is_pushed": True, "observed": 1, "expected": 5, "low": 0, "high": 1, "at_stake": 1}
    WarningNight.objects.create(warning=warning, date=DAY, **seen)

    with pytest.raises(IntegrityError, match="warningnight_once_per_night"), transaction.atomic():
        WarningNight.objects.create(warning=warning, date=DAY, **seen)


def test_a_digest_is_of_a_person_and_a_week_that_begins_on_monday(cast: Cast) -> None:
    given = {"person": cast.lin, "warnings": 1, "claimed_at": "2026-06-01T00:00:00Z"}
    WarningDigest.objects.create(week_date=DAY, **given)

    with pytest.raises(IntegrityError, match="warningdigest_once_per_person_and_week"), transaction.atomic():
        WarningDigest.objects.create(week_date=DAY, **given)
    with pytest.raises(IntegrityError, match="warningdigest_week_begins_on_monday"), transaction.atomic():
        WarningDigest.objects.create(week_date=date(2026, 6, 2), **given)


def test_who_sees_which_warnings(cast: Cast, warning: ConversionWarning) -> None:
    plan, stage = warning.plan, warning.stage
    team = make_warning(plan=plan, stage=stage, by=By.UNIT, member=cast.east_one.pk)
    own = make_warning(plan=plan, stage=stage, by=By.PERSON, member=cast.rao.pk)
    product = make_warning(plan=plan, stage=stage, by=By.PRODUCT, member=7)

    def seen(person: str) -> set[int]:
        rows = ConversionWarning.objects.visible_to(getattr(cast, person))
        return set(rows.values_list("pk", flat=True))

    assert seen("rao") == {own.pk}
    assert seen("peer") == seen("diaz") == seen("sato") == set()
    assert seen("mori") == seen("lin") == {team.pk, own.pk}
    assert seen("planner") == seen("admin") == {warning.pk, team.pk, own.pk, product.pk}
    cast.rao.is_active = False
    assert seen("rao") == set()
