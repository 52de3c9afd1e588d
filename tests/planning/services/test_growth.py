from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotAllowed
from core.models import AuditEntry
from planning import services
from planning.ladders import Keep, Rates
from planning.models import MONTHS, BaseSource, Target
from tests.factories.customers import make_deal
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.3")]
DAY = date(2026, 1, 5)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def grow(cast: Cast, growth: str | None, **given: Any) -> Target:
    rest = {"source": BaseSource.TYPED, "typed": Decimal(1000), "split": "even", "lock_version": 0, **given}
    return services.grow_target(
        **{"unit": cast.east, "actor": cast.planner, "as_of": DAY, **rest},
        growth=None if growth is None else Decimal(growth),
    )


def win(cast: Cast, month: int, amount: str) -> None:
    day = date(2025, month, 10)
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=day, days_in_stage=0, amount=Decimal(amount))


def test_a_growth_over_a_typed_base_sets_the_total_and_locks_it(cast: Cast) -> None:
    target = grow(cast, "0.25", version=make_version())

    assert (target.total, target.basis, target.growth, target.total_locked) == (1250, "growth", Decimal("0.25"), True)
    assert (target.base_amount, target.base_source, target.base_as_of) == (Decimal(1000), "typed", None)
    assert sum(getattr(target, month) for month in MONTHS) == Decimal(1250)
    line = AuditEntry.objects.get(event="planning.target.grown")
    assert (line.facts["growth"], line.facts["base"]) == ("0.25000000", "1000")


def test_a_growth_over_what_was_won_last_year_remembers_the_day_it_was_read(cast: Cast) -> None:
    win(cast, 3, "700.00")
    win(cast, 9, "100.01")

    target = grow(cast, "0.125", version=make_version(), source=BaseSource.LAST_YEAR, typed=None)

    assert (target.base_amount, target.base_as_of) == (Decimal("800.01"), DAY)
    assert target.total == Decimal("900.01")  # 900.01125, to the cent


def test_where_nothing_was_won_nothing_grows_and_nothing_is_written(cast: Cast) -> None:
    version = make_version()
    for given in ({"source": BaseSource.LAST_YEAR, "typed": None}, {"source": BaseSource.NONE}, {"typed": Decimal(0)}):
        with pytest.raises(services.NothingToGrowFrom):
            grow(cast, "0.25", version=version, **given)
    assert not Target.objects.exists()


def test_a_typed_total_takes_the_lead_and_the_growth_follows(cast: Cast) -> None:
    version = make_version()
    grow(cast, "0.25", version=version)

    target = services.split_target(
        version=version, unit=cast.east, total=Decimal(1100), split="even", actor=cast.planner, lock_version=1
    ).target

    assert (target.basis, target.growth, target.growth_over_base) == ("absolute", None, Decimal("0.1"))
    assert target.base_amount == Decimal(1000)


def test_the_same_total_spread_in_another_way_is_still_the_growth(cast: Cast) -> None:
    version = make_version()
    grow(cast, "0.25", version=version)

    target = services.split_target(
        version=version, unit=cast.east, total=Decimal(1250), split="working_days", actor=cast.planner, lock_version=1
    ).target

    assert (target.basis, target.growth_over_base) == ("growth", Decimal("0.25"))


def test_another_base_moves_the_total_of_a_growth_and_the_growth_of_a_total(cast: Cast) -> None:
    version = make_version()
    grow(cast, "0.25", version=version)
    assert grow(cast, "0.25", version=version, typed=Decimal(2000), lock_version=1).total == Decimal(2500)

    kept = grow(cast, None, version=version, typed=Decimal(1250), lock_version=2)

    assert (kept.total, kept.growth_over_base, kept.basis) == (2500, Decimal(1), "absolute")


def test_without_a_base_the_growth_is_not_known(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)

    target = grow(cast, None, version=version, source=BaseSource.NONE, typed=None, lock_version=1)

    assert (target.base_amount, target.growth_over_base) == (None, None)


def test_months_of_a_growth_move_within_its_total_until_it_is_unlocked(cast: Cast) -> None:
    version = make_version()
    grow(cast, "0.25", version=version)
    change: dict[str, Any] = {"version": version, "unit": cast.east, "actor": cast.planner, "now": NOW}

    inside = services.change_months(**change, amounts={"m01": Decimal(200)}, lock_version=1)
    assert (inside.total, inside.basis) == (Decimal(1250), "growth")

    services.lock_total(version=version, unit=cast.east, locked=False, actor=cast.planner, lock_version=2)
    outside = services.change_months(**change, amounts={"m01": Decimal(450)}, lock_version=3)
    assert (outside.total, outside.basis, outside.growth_over_base) == (1500, "absolute", Decimal("0.5"))


def test_a_growth_is_spread_around_the_months_set_by_hand(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    services.change_months(
        version=version,
        unit=cast.east,
        actor=cast.planner,
        now=NOW,
        lock_version=1,
        amounts={"m03": Decimal(150)},
        reason="The fair",
    )

    grown = grow(cast, "0.25", version=version, lock_version=2)
    climbed = services.climb_target(
        version=version,
        unit=cast.east,
        rates=Rates(0.5),
        keep=Keep.YEAR,
        base=Decimal(1000),
        as_of=DAY,
        actor=cast.planner,
        lock_version=3,
    )

    assert [grown.m03, grown.total, grown.m01] == [150, 1250, 100]
    assert [climbed.m03, climbed.total, climbed.growth_over_base] == [150, 1500, Decimal("0.5")]
    assert climbed.all_overrides["m03"].reason == "The fair"


@pytest.mark.parametrize("growth", ["-1", "10.01"])
def test_a_growth_beyond_reason_is_refused(cast: Cast, growth: str) -> None:
    with pytest.raises(services.AmountIsInvalid):
        grow(cast, growth, version=make_version())


def test_a_growth_without_a_row_needs_a_rate(cast: Cast) -> None:
    with pytest.raises(services.NoTargetYet):
        grow(cast, None, version=make_version())


def test_nobody_grows_their_own_target(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        grow(cast, "0.25", version=make_version(), actor=cast.lin)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"basis": "growth"}, "target_growth_has_a_base"),
        ({"growth": Decimal("0.1")}, "target_growth_has_a_base"),
        ({"base_source": "typed"}, "target_base_names_its_origin"),
        ({"base_amount": Decimal(5)}, "target_base_names_its_origin"),
        ({"overrides": {"m13": {}}}, "target_overrides_are_by_month"),
        ({"overrides": []}, "target_overrides_are_by_month"),
    ],
)
def test_the_database_keeps_growth_base_and_months_together(cast: Cast, wrong: dict[str, Any], rule: str) -> None:
    make_target(make_version(), unit=cast.east)

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Target.objects.update(**wrong)
