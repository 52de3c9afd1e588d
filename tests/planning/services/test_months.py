from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import MONTHS, PlanVersion, Target
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
WHY = "The fair is in March"


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A draft in which the east is to bring 1,200 evenly."""
    version = make_version()
    make_target(version, unit=cast.east)
    return version


def change(cast: Cast, version: PlanVersion, seen: int = 1, /, **given: Any) -> Target:
    amounts = {month: Decimal(amount) for month, amount in given.items() if month in MONTHS}
    rest = {name: value for name, value in given.items() if name not in MONTHS}
    return services.change_months(
        **{"version": version, "unit": cast.east, "actor": cast.planner, "now": NOW, "lock_version": seen, **rest},
        amounts=amounts,
    )


def split(cast: Cast, version: PlanVersion, total: str, seen: int, how: str = Target.Split.EVEN) -> Target:
    return services.split_target(
        version=version, unit=cast.east, total=Decimal(total), split=how, actor=cast.planner, lock_version=seen
    ).target


def amounts_of(target: Target) -> list[Decimal]:
    return [getattr(target, month) for month in MONTHS]


def test_a_month_set_by_hand_keeps_reason_person_and_moment_and_the_total_follows(
    cast: Cast, version: PlanVersion
) -> None:
    target = change(cast, version, m03="250.00", reason=WHY)

    assert (target.m03, target.total, target.split) == (Decimal(250), Decimal(1350), Target.Split.EVEN)
    (told,) = target.all_overrides.values()
    assert (told.reason, told.by, told.at) == (WHY, cast.planner.pk, NOW)
    line = AuditEntry.objects.get(event="planning.target.months_changed")
    assert (line.facts["by_hand"], line.facts["reason"]) == (["m03"], WHY)


@pytest.mark.parametrize(
    "how", [Target.Split.EVEN, Target.Split.SEASON, Target.Split.WORKING_DAYS, Target.Split.MANUAL]
)
def test_an_override_and_its_reason_survive_a_new_split(cast: Cast, version: PlanVersion, how: str) -> None:
    change(cast, version, m03="250.00", reason=WHY)

    target = split(cast, version, "2450.01", seen=2, how=how)

    assert (target.m03, target.total) == (Decimal(250), Decimal("2450.01"))
    assert target.all_overrides["m03"].reason == WHY
    if how == Target.Split.EVEN:
        assert sorted(set(amounts_of(target)) - {Decimal(250)}) == [Decimal("200.00"), Decimal("200.01")]


def test_overrides_above_the_total_are_refused_with_both_figures_and_nothing_is_changed(
    cast: Cast, version: PlanVersion
) -> None:
    change(cast, version, m03="900.00", m04="900.00", reason=WHY)

    with pytest.raises(services.OverridesDoNotFit, match=r"1,800\.00.*1,000\.00"):
        split(cast, version, "1000", seen=2)

    assert Target.objects.get().lock_version == 2


def test_a_locked_total_spreads_the_remainder_over_the_months_not_edited_to_the_cent(
    cast: Cast, version: PlanVersion
) -> None:
    services.lock_total(version=version, unit=cast.east, locked=True, actor=cast.planner, lock_version=1)

    target = change(cast, version, 2, m01="100.01", m02="333.33")

    assert target.total == sum(amounts_of(target)) == Decimal(1200)
    assert (target.m01, target.m02) == (Decimal("100.01"), Decimal("333.33"))
    assert set(amounts_of(target)[2:]) == {Decimal("76.66"), Decimal("76.67")}


def test_the_next_month_edited_moves_no_month_set_by_hand_before(cast: Cast, version: PlanVersion) -> None:
    services.lock_total(version=version, unit=cast.east, locked=True, actor=cast.planner, lock_version=1)
    change(cast, version, 2, m01="200.00", reason=WHY)

    target = change(cast, version, 3, m02="50.00")

    assert (target.m01, target.m02, target.total) == (Decimal(200), Decimal(50), Decimal(1200))
    assert list(target.overrides) == ["m01", "m02"]


def test_a_locked_total_refuses_months_that_exceed_it_and_twelve_that_do_not_add_up(
    cast: Cast, version: PlanVersion
) -> None:
    services.lock_total(version=version, unit=cast.east, locked=True, actor=cast.planner, lock_version=1)

    with pytest.raises(services.OverridesDoNotFit):
        change(cast, version, 2, m01="1200.01")
    with pytest.raises(services.TotalIsLocked):
        change(cast, version, 2, **dict.fromkeys(MONTHS, "99.99"))
    with pytest.raises(services.TotalIsLocked):
        services.set_target(
            version=version, unit=cast.east, months=[Decimal(1)] * 12, actor=cast.planner, lock_version=2
        )
    assert amounts_of(Target.objects.get()) == [Decimal(100)] * 12


def test_unlocking_lets_the_total_follow_the_months(cast: Cast, version: PlanVersion) -> None:
    services.lock_total(version=version, unit=cast.east, locked=True, actor=cast.planner, lock_version=1)
    services.lock_total(version=version, unit=cast.east, locked=False, actor=cast.planner, lock_version=2)

    assert change(cast, version, 3, m01="150.00").total == Decimal(1250)


def test_a_share_of_the_year_keeps_the_total_and_becomes_an_amount_to_the_cent(
    cast: Cast, version: PlanVersion
) -> None:
    target = change(cast, version, shares={"m06": Decimal("0.123456")}, reason=WHY)

    assert (target.m06, target.total) == (Decimal("148.15"), Decimal(1200))
    assert not target.total_locked
    assert target.all_overrides["m06"].reason == WHY


def test_a_cleared_override_goes_back_to_the_split_and_the_total_stays(cast: Cast, version: PlanVersion) -> None:
    change(cast, version, m03="250.00", m04="50.00", reason=WHY)

    target = services.clear_overrides(
        version=version, unit=cast.east, months=["m03"], actor=cast.planner, lock_version=2
    )

    assert (list(target.overrides), target.m04, target.total) == (["m04"], Decimal(50), Decimal(1300))
    assert set(amounts_of(target)) == {Decimal(50), Decimal("113.63"), Decimal("113.64")}
    line = AuditEntry.objects.get(event="planning.target.overrides_cleared")
    assert line.facts["cleared"]["m03"]["reason"] == WHY


def test_twelve_months_by_hand_leave_no_split_to_stand_over(cast: Cast, version: PlanVersion) -> None:
    target = change(cast, version, **{month: str(number) for number, month in enumerate(MONTHS, 1)})

    assert (target.split, target.overrides, target.total) == (Target.Split.MANUAL, {}, Decimal(78))


def test_a_reason_given_later_changes_no_amount(cast: Cast, version: PlanVersion) -> None:
    before = amounts_of(change(cast, version, m03="250.00"))

    target = change(cast, version, 2, m03="250.00", reason=WHY)

    assert (amounts_of(target), target.all_overrides["m03"].reason) == (before, WHY)


def test_setting_all_months_keeps_the_overrides_whose_amount_stays(cast: Cast, version: PlanVersion) -> None:
    change(cast, version, m03="250.00", m04="50.00", reason=WHY)

    months = [Decimal(100), Decimal(100), Decimal(250), Decimal(60)] + [Decimal(100)] * 8
    target = services.set_target(version=version, unit=cast.east, months=months, actor=cast.planner, lock_version=2)

    assert list(target.overrides) == ["m03"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"m13x": None}, "amounts"),
        ({"shares": {"m99": Decimal("0.1")}}, "m99"),
        ({"shares": {"m01": Decimal("1.01")}}, "m01"),
        ({"m01": "5", "shares": {"m01": Decimal("0.1")}}, "m01"),
        ({"m01": "0.001"}, "m01"),
        ({"m01": "5", "reason": "x" * 201}, "reason"),
    ],
)
def test_what_no_month_can_be_is_refused_by_its_field(
    cast: Cast, version: PlanVersion, given: dict[str, Any], field: str
) -> None:
    given.pop("m13x", None)
    with pytest.raises(services.AmountIsInvalid) as refused:
        change(cast, version, **given)

    assert field in [problem.field for problem in refused.value.problems]
    assert Target.objects.get().lock_version == 1


def test_a_stale_change_is_told_both_rows(cast: Cast, version: PlanVersion) -> None:
    change(cast, version, m03="250.00")

    with pytest.raises(VersionConflict) as refused:
        change(cast, version, m04="1.00")

    assert refused.value.extra["theirs"][2:4] == ["250.00", "100.00"]  # type: ignore[index]
    assert refused.value.extra["mine"][2:4] == ["250.00", "1.00"]  # type: ignore[index]


def test_a_row_without_a_target_has_no_month_to_change(cast: Cast, version: PlanVersion) -> None:
    with pytest.raises(services.NoTargetYet):
        change(cast, version, 0, unit=cast.west, m01="1")


@pytest.mark.requirement("R7.4")
def test_nobody_changes_or_locks_their_own(cast: Cast, version: PlanVersion) -> None:
    with pytest.raises(NotAllowed):
        change(cast, version, m01="1", actor=cast.lin)
    with pytest.raises(NotAllowed):
        services.lock_total(version=version, unit=cast.east, locked=True, actor=cast.lin, lock_version=1)
    with pytest.raises(NotAllowed):
        services.clear_overrides(version=version, unit=cast.east, months=["m01"], actor=cast.lin, lock_version=1)


def test_a_copy_of_the_row_in_another_version_takes_overrides_lock_and_base_along() -> None:
    kept = {"overrides", "total_locked", "basis", "growth", "base_amount", "base_source", "base_as_of"}
    assert kept <= set(Target.own_fields())
