from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotAllowed
from core.models import AuditEntry
from planning import queries, services
from planning.models import MONTHS, PlanVersion, Target
from planning.queries.replans import made_up
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import activate, make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = pytest.mark.requirement("R0.1")
JULY = date(2026, 7, 1)
END_OF_JUNE = date(2026, 6, 30)
Shortfall = PlanVersion.Shortfall
Status = PlanVersion.Status


def months_of(version: PlanVersion, **whose: object) -> list[Decimal]:
    row = Target.objects.get(version=version, **whose)
    return [getattr(row, month) for month in MONTHS]


@pytest.fixture
def active(cast: Cast) -> PlanVersion:
    """Rao won 250 of the 600 that half a year asked for; the peer, of as much, won 900."""
    version = make_version(make_plan(2026), status=Status.ACTIVE, by=cast.planner)
    for person in (cast.rao, cast.peer):
        make_target(version, person=person, month=Decimal(100))
    make_target(version, unit=cast.east_one, month=Decimal(200))
    pipeline = make_pipeline()
    for owner, amount in ((cast.rao, 250), (cast.peer, 900)):
        make_deal(
            owner=owner,
            pipeline=pipeline,
            path=("Lead", "Won"),
            amount=Decimal(amount),
            created=date(2026, 1, 5),
            days_in_stage=10,
        )
    return version


def revise(active: PlanVersion, cast: Cast, shortfall: str, **fields: object) -> PlanVersion:
    return services.revise_plan(
        plan=active.plan,
        actor=cast.planner,
        **{"as_of": END_OF_JUNE, "effective_date": JULY, "shortfall": shortfall, **fields},  # type: ignore[arg-type]
    )


@pytest.mark.django_db
def test_what_is_over_keeps_its_targets_and_the_shortfall_is_carried_into_three_months(
    cast: Cast, active: PlanVersion
) -> None:
    draft = revise(active, cast, Shortfall.CARRY)
    assert (draft.effective_date, draft.shortfall, draft.closed_months) == (JULY, "carry", 6)
    third = [Decimal("216.67"), Decimal("216.67"), Decimal("216.66")]
    assert months_of(draft, person=cast.rao) == [Decimal(100)] * 6 + third + [Decimal(100)] * 3
    assert months_of(draft, person=cast.peer) == [Decimal(100)] * 12  # who is ahead keeps what is to come
    a_third = [Decimal("216.67"), Decimal("216.67"), Decimal("216.66")]  # 1,150 won of 1,200: 50 are missing
    assert months_of(draft, unit=cast.east_one) == [Decimal(200)] * 6 + a_third + [Decimal(200)] * 3
    assert AuditEntry.objects.get().facts["shortfall"] == "carry"


@pytest.mark.django_db
def test_a_shortfall_is_spread_over_all_months_to_come_in_the_learnt_season(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.SPREAD)
    months = months_of(draft, person=cast.rao)
    assert months[:6] == [Decimal(100)] * 6
    assert sum(months) == Decimal(1200 + 350)
    season = queries.learned_season(plan=active.plan).season.shares[6:]
    added = [float(month - 100) for month in months[6:]]
    assert added == pytest.approx([350 * share / sum(season) for share in season], abs=0.01)


@pytest.mark.django_db
def test_a_shortfall_that_is_let_go_changes_nothing(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.DROP)
    assert months_of(draft, person=cast.rao) == [Decimal(100)] * 12


@pytest.mark.django_db
def test_what_is_made_up_later_is_asked_for_once_in_the_year_to_date(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.CARRY)
    row = Target.objects.get(version=draft, person=cast.rao)
    assert (row.total, row.own_total) == (Decimal(1550), Decimal(1200))
    grid = queries.target_grid(version=draft, user=cast.planner, as_of=date(2026, 12, 31))
    assert next(line.to_date for line in grid.rows if line.name == "Rao") == Decimal(1200)


@pytest.mark.django_db
def test_a_second_revision_does_not_count_the_same_shortfall_twice(cast: Cast, active: PlanVersion) -> None:
    activate(revise(active, cast, Shortfall.CARRY), by=cast.planner, approver=cast.admin)
    make_deal(owner=cast.rao, path=("Lead", "Won"), amount=Decimal(650), created=date(2026, 8, 3))
    again = revise(
        active, cast, Shortfall.CARRY, as_of=date(2026, 9, 30), effective_date=date(2026, 10, 1)
    )  # 900 won of 900: caught up
    row = Target.objects.get(version=again, person=cast.rao)
    assert months_of(again, person=cast.rao)[9:] == [Decimal(100)] * 3
    assert sum(row.carried) == Decimal(350)


@pytest.mark.django_db
def test_the_former_version_stays_and_is_compared_with_the_new_one(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.CARRY)
    assert months_of(active, person=cast.rao) == [Decimal(100)] * 12
    found = queries.version_changes(before=active, after=draft, user=cast.planner, as_of=END_OF_JUNE)
    changed = next(row for row in found.changed if row.name == "Rao")
    assert changed.quarters == (Decimal(0), Decimal(0), Decimal(350), Decimal(0))


@pytest.mark.django_db
def test_the_choice_is_demanded_where_months_are_over(cast: Cast, active: PlanVersion) -> None:
    for shortfall in ("", "forget"):
        with pytest.raises(services.ShortfallIsUndecided):
            revise(active, cast, shortfall)
    whole = revise(active, cast, "", as_of=date(2026, 1, 20), effective_date=None)
    assert (whole.effective_date, whole.shortfall) == (None, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("as_of", "effective"),
    [
        (END_OF_JUNE, date(2026, 5, 1)),  # over
        (END_OF_JUNE, None),  # the whole year, of which five months are over
        (END_OF_JUNE, date(2026, 7, 2)),
        (END_OF_JUNE, date(2027, 1, 1)),
        (date(2027, 1, 5), date(2026, 12, 1)),
    ],
)
def test_a_month_that_is_over_is_not_planned_anew(
    cast: Cast, active: PlanVersion, as_of: date, effective: date | None
) -> None:
    with pytest.raises(services.MonthIsClosed):
        revise(active, cast, Shortfall.DROP, as_of=as_of, effective_date=effective)


@pytest.mark.django_db
def test_in_the_new_draft_what_is_over_stays_whoever_writes(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.DROP)
    with pytest.raises(services.MonthIsClosed) as refused:
        services.set_target(
            version=draft, person=cast.rao, months=[Decimal(1)] * 12, actor=cast.planner, lock_version=1
        )
    assert [problem.field for problem in refused.value.problems] == ["m01", "m02", "m03", "m04", "m05", "m06"]
    services.split_target(
        version=draft, person=cast.rao, total=Decimal(1800), split="even", actor=cast.planner, lock_version=1
    )
    assert months_of(draft, person=cast.rao) == [Decimal(100)] * 6 + [Decimal(200)] * 6
    with pytest.raises(services.AmountIsInvalid, match="600"):
        services.split_target(
            version=draft, person=cast.rao, total=Decimal(500), split="even", actor=cast.planner, lock_version=2
        )


@pytest.mark.django_db
def test_who_joins_after_the_months_that_are_over_has_none_for_them(cast: Cast, active: PlanVersion) -> None:
    draft = revise(active, cast, Shortfall.DROP)
    services.split_target(
        version=draft, person=cast.west_rep, total=Decimal(600), split="even", actor=cast.planner, lock_version=0
    )
    assert months_of(draft, person=cast.west_rep) == [Decimal(0)] * 6 + [Decimal(100)] * 6


@pytest.mark.django_db
def test_the_preview_is_what_the_draft_becomes(cast: Cast, active: PlanVersion) -> None:
    chosen = {"effective_date": JULY, "shortfall": Shortfall.SPREAD, "as_of": END_OF_JUNE}
    lines = queries.replan_lines(base=active, user=cast.planner, **chosen)  # type: ignore[arg-type]
    rao = next(line for line in lines if line.row.name == "Rao")
    assert (rao.after.due, rao.after.won, rao.after.shortfall) == (Decimal(600), Decimal(250), Decimal(350))
    draft = revise(active, cast, Shortfall.SPREAD)
    assert list(rao.after.months) == months_of(draft, person=cast.rao)


@pytest.mark.django_db
def test_only_who_plans_makes_it_anew(cast: Cast, active: PlanVersion) -> None:
    with pytest.raises(NotAllowed):
        services.revise_plan(plan=active.plan, actor=cast.lin, as_of=END_OF_JUNE)


@pytest.mark.django_db
def test_the_database_itself_demands_the_choice_with_the_month(cast: Cast, active: PlanVersion) -> None:
    with pytest.raises(IntegrityError, match="planversion_effective_month_with_its_shortfall"):
        PlanVersion.objects.filter(pk=active.pk).update(effective_date=JULY)


CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))


@given(
    months=st.lists(CENTS, min_size=12, max_size=12).map(tuple),
    lack=CENTS,
    closed=st.integers(1, 11),
    shortfall=st.sampled_from(["carry", "spread"]),
    season=st.lists(st.integers(0, 1000).map(Decimal), min_size=12, max_size=12),
)
def test_what_is_made_up_is_the_shortfall_to_the_cent_and_never_in_a_month_that_is_over(
    months: tuple[Decimal, ...], lack: Decimal, closed: int, shortfall: str, season: list[Decimal]
) -> None:
    extra = made_up(months, lack, closed=closed, shortfall=shortfall, season=season, least=Decimal("0.01"))
    assert sum(extra) == lack
    assert len(extra) == 12
    assert not any(extra[:closed])
    assert all(part >= 0 for part in extra)
