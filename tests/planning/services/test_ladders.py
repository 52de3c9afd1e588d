from datetime import date
from decimal import Decimal

import pytest

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.ladders import Keep, Rates
from planning.models import PlanVersion, Target
from tests.factories.customers import make_deal
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.3")]
DAY = date(2026, 1, 5)


def win_every_month(cast: Cast, amount: str = "1000.00") -> None:
    for month in range(1, 13):
        created = date(2025, month, 10)
        make_deal(owner=cast.rao, path=("Lead", "Won"), created=created, days_in_stage=0, amount=Decimal(amount))


def climb(cast: Cast, version: PlanVersion, keep: Keep, rates: Rates, **fields: object) -> Target:
    given = {"base": None, "actor": cast.planner, "lock_version": 0, "unit": cast.east, **fields}
    return services.climb_target(version=version, rates=rates, keep=keep, as_of=DAY, **given)  # type: ignore[arg-type]


def test_a_ladder_over_last_years_wins_brings_the_year_to_the_cent(cast: Cast) -> None:
    win_every_month(cast)

    target = climb(cast, make_version(), Keep.YEAR, Rates(0.25))

    assert target.total == Decimal("15000.00")
    assert target.split == Target.Split.LADDER
    assert target.m01 < target.m06 < target.m12
    line = AuditEntry.objects.get()
    assert (line.event, line.facts["base"], line.facts["keep"]) == ("planning.target.climbed", "12000.00", "year")


def test_keeping_the_months_lets_the_year_follow(cast: Cast) -> None:
    win_every_month(cast)
    target = climb(cast, make_version(), Keep.MONTHS, Rates(0.25, None, 0.0125))
    assert target.total == pytest.approx(Decimal("13020"), abs=10)
    assert target.m02 / target.m01 == pytest.approx(Decimal("1.0125"), abs=Decimal("0.0001"))


def test_a_typed_base_stands_in_for_last_year(cast: Cast) -> None:
    target = climb(cast, make_version(), Keep.YEAR, Rates(0.10), base=Decimal("1200.00"))
    assert target.total == Decimal("1320.00")


def test_without_a_base_nothing_grows_and_nothing_is_written(cast: Cast) -> None:
    with pytest.raises(services.NothingToGrowFrom):
        climb(cast, make_version(), Keep.YEAR, Rates(0.25))
    assert not Target.objects.exists()


def test_a_rate_that_was_not_entered_cannot_be_kept(cast: Cast) -> None:
    win_every_month(cast)
    with pytest.raises(services.NothingToGrowFrom):
        climb(cast, make_version(), Keep.QUARTERS, Rates(0.25))


def test_a_stale_ladder_is_refused(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    with pytest.raises(VersionConflict):
        climb(cast, version, Keep.YEAR, Rates(0.25), base=Decimal("1200.00"), lock_version=3)


def test_nobody_climbs_their_own_target(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        climb(cast, make_version(), Keep.YEAR, Rates(0.25), base=Decimal("1200.00"), actor=cast.lin)
