from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import MONTHS, PlanVersion, Target
from planning.queries import Basis
from teams.models import OrgUnit, User, WorkdayOverride
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
TWELVE = tuple(Decimal(step) for step in range(1, 13))


def months_of(target: Target) -> tuple[Decimal, ...]:
    return tuple(getattr(target, month) for month in MONTHS)


def win(owner: User, month: int, amount: str, *, times: int = 1, year: int = 2025) -> None:
    for _ in range(times):
        make_deal(
            owner=owner,
            path=("Lead", "Won"),
            created=date(year, month, 10),
            days_in_stage=0,
            amount=Decimal(amount),
        )


def test_set_target_writes_twelve_months_and_one_audit_line(cast: Cast) -> None:
    version = make_version()
    target = services.set_target(version=version, unit=cast.east, months=TWELVE, actor=cast.planner, lock_version=0)
    assert months_of(target) == TWELVE
    assert (target.q1, target.total, target.lock_version) == (Decimal(6), Decimal(78), 1)
    line = AuditEntry.objects.get()
    assert (line.event, line.facts["was"]) == ("planning.target.set", None)


def test_set_target_changes_the_row_that_the_person_looked_at(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    target = services.set_target(version=version, unit=cast.east, months=TWELVE, actor=cast.planner, lock_version=1)
    assert (months_of(target), target.lock_version) == (TWELVE, 2)
    assert AuditEntry.objects.get().facts["was"] == ["100.00"] * 12


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_a_stale_edit_is_told_both_values_and_writes_nothing(cast: Cast, seen: int) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    Target.objects.update(lock_version=2)
    with pytest.raises(VersionConflict) as refused:
        services.set_target(version=version, unit=cast.east, months=TWELVE, actor=cast.planner, lock_version=seen)
    assert refused.value.extra == {
        "current_version": 2,
        "theirs": ["100.00"] * 12,
        "mine": [str(amount) for amount in TWELVE],
    }
    assert months_of(Target.objects.get()) == (Decimal(100),) * 12
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("status", [PlanVersion.Status.ACTIVE, PlanVersion.Status.SUPERSEDED])
def test_a_version_that_counted_takes_no_change(cast: Cast, status: str) -> None:
    version = make_version(status=status)
    with pytest.raises(services.PlanIsActive):
        services.set_target(version=version, unit=cast.east, months=TWELVE, actor=cast.planner, lock_version=0)


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "1000000000000.00", "NaN", "Infinity"])
def test_an_amount_that_no_target_can_hold_is_refused_by_its_month(cast: Cast, amount: str) -> None:
    months = (*TWELVE[:11], Decimal(amount))
    with pytest.raises(services.AmountIsInvalid) as refused:
        services.set_target(version=make_version(), unit=cast.east, months=months, actor=cast.planner, lock_version=0)
    assert [problem.field for problem in refused.value.problems] == ["m12"]
    assert not Target.objects.exists()


def test_a_currency_without_cents_takes_no_cents(cast: Cast) -> None:
    version = make_version(make_plan(currency="JPY"))
    with pytest.raises(services.AmountIsInvalid):
        services.split_target(
            version=version, unit=cast.east, total=Decimal("0.50"), split="even", actor=cast.planner, lock_version=0
        )
    spread = services.split_target(
        version=version, unit=cast.east, total=Decimal(100), split="even", actor=cast.planner, lock_version=0
    )
    assert months_of(spread.target) == (Decimal(9),) * 4 + (Decimal(8),) * 8


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("who", "whose", "allowed"),
    [
        ("rao", "rao", False),
        ("rao", "peer", False),
        ("mori", "rao", True),
        ("mori", "mori", False),
        ("mori", "east_one", False),
        ("mori", "west_rep", False),
        ("lin", "rao", True),
        ("lin", "mori", True),
        ("lin", "east_one", True),
        ("lin", "east", False),
        ("lin", "company", False),
        ("lin", "west_one", False),
        ("sato", "rao", False),
        ("planner", "company", True),
        ("planner", "rao", True),
        ("planner", "planner", False),
        ("admin", "east", True),
        ("admin", "admin", False),
    ],
)
def test_managers_set_what_is_below_them_and_nobody_their_own(cast: Cast, who: str, whose: str, allowed: bool) -> None:
    subject = getattr(cast, whose)
    of = {"unit": subject} if isinstance(subject, OrgUnit) else {"person": subject}
    version = make_version()

    def setting() -> None:
        services.set_target(version=version, months=TWELVE, actor=getattr(cast, who), lock_version=0, **of)

    if allowed:
        setting()
        assert Target.objects.count() == 1
    else:
        with pytest.raises(NotAllowed):
            setting()
        assert not Target.objects.exists()


def test_an_even_split_gives_the_cents_left_over_to_the_first_months(cast: Cast) -> None:
    spread = services.split_target(
        version=make_version(),
        unit=cast.east,
        total=Decimal("100.00"),
        split="even",
        actor=cast.planner,
        lock_version=0,
    )
    assert months_of(spread.target) == (Decimal("8.34"),) * 4 + (Decimal("8.33"),) * 8
    assert (spread.target.split, spread.basis) == ("even", Basis.EVEN)


@given(
    total=st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2), split=st.sampled_from(Target.Split)
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_way_of_splitting_keeps_the_total_to_the_cent(cast: Cast, total: Decimal, split: str) -> None:
    version = PlanVersion.objects.first() or make_version()
    seen = Target.objects.filter(unit=cast.east).values_list("lock_version", flat=True).first() or 0
    spread = services.split_target(
        version=version, unit=cast.east, total=total, split=split, actor=cast.planner, lock_version=seen
    )
    assert sum(months_of(spread.target)) == spread.target.total == total


def test_working_days_are_the_countrys_with_the_companys_own_table_on_top(cast: Cast) -> None:
    def february() -> Decimal:
        return services.split_target(
            version=make_version(make_plan(2026 if not PlanVersion.objects.exists() else 2027)),
            unit=cast.east,
            total=Decimal(24800),
            split="working_days",
            actor=cast.planner,
            lock_version=0,
        ).target.m02

    in_2026 = february()  # the Spring Festival of 2026 lies in February
    assert in_2026 < Decimal(24800) / 12
    for day in range(1, 29):
        WorkdayOverride.objects.create(day=date(2027, 2, day), is_workday=False)
    assert february() == 0


def test_last_years_shape_is_that_of_the_whole_subtree(cast: Cast) -> None:
    for month in range(1, 13):
        win(cast.rao, month, "100.00" if month < 12 else "900.00")
    win(cast.west_rep, 6, "50000.00", times=12)
    spread = services.split_target(
        version=make_version(),
        unit=cast.east,
        total=Decimal("4000.00"),
        split="last_year",
        actor=cast.planner,
        lock_version=0,
    )
    assert spread.basis == Basis.OWN_YEAR
    assert months_of(spread.target) == (Decimal(200),) * 11 + (Decimal(1800),)


def test_with_too_little_history_of_its_own_a_row_takes_the_companys_shape_and_says_so(cast: Cast) -> None:
    for month in range(1, 13):
        win(cast.west_rep, month, "100.00" if month < 12 else "900.00")
    win(cast.rao, 3, "100.00", times=2)
    spread = services.split_target(
        version=make_version(),
        person=cast.peer,
        total=Decimal("2200.00"),
        split="last_year",
        actor=cast.planner,
        lock_version=0,
    )
    assert spread.basis == Basis.COMPANY_YEAR
    assert spread.target.m12 == Decimal("900.00")
    assert "whole company" in str(spread.basis.label)


def test_without_any_history_last_years_shape_is_even_and_says_so(cast: Cast) -> None:
    spread = services.split_target(
        version=make_version(),
        unit=cast.company,
        total=Decimal(1200),
        split="last_year",
        actor=cast.planner,
        lock_version=0,
    )
    assert (spread.basis, spread.target.m01) == (Basis.NO_HISTORY, Decimal(100))


def test_a_new_total_by_hand_keeps_the_shape_of_the_row(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east, month=Decimal(0), m01=Decimal(300), m12=Decimal(100))
    spread = services.split_target(
        version=version,
        unit=cast.east,
        total=Decimal(1000),
        split="manual",
        actor=cast.planner,
        lock_version=1,
    )
    assert (spread.target.m01, spread.target.m12, spread.basis) == (Decimal(750), Decimal(250), Basis.KEPT)


@pytest.mark.parametrize("call", [services.set_target, services.split_target])
def test_a_target_is_of_one_subject(cast: Cast, call: Callable[..., object]) -> None:
    rest = {"months": TWELVE} if call is services.set_target else {"total": Decimal(1), "split": "even"}
    with pytest.raises(ValueError, match="of a unit or of a person"):
        call(
            version=make_version(),
            unit=cast.east,
            person=make_person(unit=cast.east),
            actor=cast.planner,
            lock_version=0,
            **rest,
        )
