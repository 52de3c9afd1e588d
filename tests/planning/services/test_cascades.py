from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import policies, services
from planning.models import PlanVersion, Potential, Target
from planning.queries.cascades import Bound, MonthShape, Proposal, SpotWish, Wish
from planning.queries.spreading import proposal
from planning.queries.weights import Method
from teams.models import OrgUnit, User
from tests.factories.customers import make_deal
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)


def spread(
    version: PlanVersion, unit: OrgUnit, wish: Wish, actor: User, seen: Mapping[str, int] | None = None
) -> Proposal:
    actor = User.objects.get(pk=actor.pk)
    if seen is None:
        seen = looked_at(version, unit, wish, actor).seen
    return services.cascade_target(version=version, unit=unit, wish=wish, seen=seen, actor=actor, as_of=TODAY, at=NOW)


def looked_at(version: PlanVersion, unit: OrgUnit, wish: Wish, actor: User) -> Proposal:
    reach = policies.target_reach(User.objects.get(pk=actor.pk))
    return proposal(version=version, unit=unit.pk, wish=wish, reach=reach, as_of=TODAY)


def total_of(version: PlanVersion, whose: OrgUnit | User) -> Decimal | None:
    of = {"unit": whose} if isinstance(whose, OrgUnit) else {"person": whose}
    return Target.objects.filter(version=version, **of).values_list("total", flat=True).first()


def win(owner: User, day: date, amount: str) -> None:
    make_deal(owner=owner, path=("Lead", "Won"), created=day, days_in_stage=0, amount=Decimal(amount))


def test_a_target_is_spread_evenly_over_those_directly_below_to_the_cent(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("0.00"), m01=Decimal("100.01"))
    spread(version, cast.company, Wish(Method.EVEN), cast.planner)
    assert (total_of(version, cast.east), total_of(version, cast.west)) == (Decimal("50.01"), Decimal("50.00"))
    assert total_of(version, cast.east_one) is None
    line = AuditEntry.objects.get(event="planning.target.cascaded")
    assert line.facts["rows"] == {f"unit-{cast.east.pk}": [None, "50.01"], f"unit-{cast.west.pk}": [None, "50.00"]}


def test_it_goes_all_the_way_down_to_the_people_where_that_is_wished(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("1000.00"))
    spread(version, cast.company, Wish(Method.EVEN, deep=True), cast.planner)
    assert total_of(version, cast.east) == Decimal("6000.00")
    assert total_of(version, cast.east_one) == Decimal("3000.00")
    assert total_of(version, cast.rao) == total_of(version, cast.peer) == Decimal("1500.00")
    assert total_of(version, cast.west_rep) == Decimal("6000.00")


def test_last_years_actuals_weigh_a_unit_by_its_subtree(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("100.00"))
    win(cast.rao, date(2025, 5, 5), "300")
    win(cast.west_rep, date(2025, 12, 5), "100")
    win(cast.west_rep, date(2026, 1, 5), "9999")  # this year
    spread(version, cast.company, Wish(Method.LAST_YEAR), cast.planner)
    assert (total_of(version, cast.east), total_of(version, cast.west)) == (Decimal("900.00"), Decimal("300.00"))


def test_trailing_twelve_months_end_with_the_last_month_that_is_over(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("100.00"))
    win(cast.rao, date(2025, 2, 5), "9999")  # before them
    win(cast.rao, date(2025, 3, 5), "100")
    win(cast.west_rep, date(2026, 2, 5), "300")
    win(cast.west_rep, date(2026, 3, 5), "9999")  # this month
    spread(version, cast.company, Wish(Method.TRAILING), cast.planner)
    assert (total_of(version, cast.east), total_of(version, cast.west)) == (Decimal("300.00"), Decimal("900.00"))


def test_without_any_history_the_spread_is_even_and_says_so(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("100.00"))
    found = spread(version, cast.company, Wish(Method.LAST_YEAR), cast.planner)
    assert total_of(version, cast.west) == Decimal("600.00")
    assert len(found.notes) == 1


def test_potential_is_what_was_typed_or_imported_else_the_open_pipeline(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    make_deal(owner=cast.rao, path=("Lead",), amount=Decimal(500))
    services.import_potentials(plan=version.plan, rows=[(None, cast.peer, Decimal(1000))], actor=cast.planner, at=NOW)
    found = spread(version, cast.east_one, Wish(Method.POTENTIAL), cast.mori)
    assert (total_of(version, cast.rao), total_of(version, cast.peer)) == (Decimal("400.00"), Decimal("800.00"))
    assert {share.spot.name: share.weight.origin for share in found.shares if share.weight} == {
        "Rao": "open pipeline",
        "Peer of Rao": "imported",
    }
    typed = Wish(Method.POTENTIAL, spots={f"person-{cast.rao.pk}": SpotWish(weight=Decimal(1000))})
    spread(version, cast.east_one, typed, cast.mori)
    assert total_of(version, cast.rao) == Decimal("600.00")
    assert Potential.objects.get(person=cast.rao).origin == Potential.Origin.TYPED


def test_buckets_get_their_share_each_evenly_among_those_in_it(cast: Cast) -> None:
    version = make_version()
    third = make_person("Third", unit=cast.east_one)
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    wish = Wish(
        Method.BUCKETS,
        buckets={"Key": Decimal(70), "Rest": Decimal(30)},
        spots={
            f"person-{cast.rao.pk}": SpotWish(bucket="Key"),
            f"person-{cast.peer.pk}": SpotWish(bucket="Rest"),
            f"person-{third.pk}": SpotWish(bucket="Rest"),
        },
    )
    spread(version, cast.east_one, wish, cast.mori)
    assert (total_of(version, cast.rao), total_of(version, third)) == (Decimal("840.00"), Decimal("180.00"))


def test_what_a_cap_cuts_goes_to_the_others(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    spots = {
        f"person-{person.pk}": SpotWish(weight=Decimal(weight)) for person, weight in ((cast.rao, 9), (cast.peer, 1))
    }
    spread(version, cast.east_one, Wish(Method.MANUAL, cap=Bound(percent=Decimal(120)), spots=spots), cast.mori)
    assert (total_of(version, cast.rao), total_of(version, cast.peer)) == (Decimal("720.00"), Decimal("480.00"))


@pytest.mark.parametrize(
    ("wish", "field", "word"),
    [
        (Wish(Method.EVEN, floor=Bound(amount=Decimal(900))), "floor", "Rao"),
        (Wish(Method.EVEN, cap=Bound(percent=Decimal(90))), "cap", "room"),
        (Wish(Method.EVEN, floor=Bound(amount=Decimal(9)), cap=Bound(amount=Decimal(8))), "floor", "above the cap"),
        (Wish(Method.MANUAL), "weight_", "blank is not zero"),
        (Wish(Method.BUCKETS, buckets={"A": Decimal(90)}), "buckets", "100"),
        (Wish(Method.MANUAL, deep=True), "deep", "one level"),
        (Wish(Method.CAPACITY), "method", "capacity"),
    ],
)
def test_a_wish_that_cannot_be_carried_out_says_why_and_writes_nothing(
    wish: Wish, field: str, word: str, cast: Cast
) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    with pytest.raises(services.CascadeIsInvalid) as refused:
        spread(version, cast.east_one, wish, cast.mori)
    assert refused.value.problems[0].field.startswith(field)
    assert word in refused.value.message
    assert Target.objects.count() == 1


def test_who_is_kept_by_a_reason_keeps_the_amount_and_the_rest_is_spread(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    make_target(version, person=cast.rao, month=Decimal("10.00"))
    kept = SpotWish(keep="On leave until summer")
    spread(version, cast.east_one, Wish(Method.EVEN, spots={f"person-{cast.rao.pk}": kept}), cast.mori)
    assert (total_of(version, cast.rao), total_of(version, cast.peer)) == (Decimal("120.00"), Decimal("1080.00"))
    spread(version, cast.east_one, Wish(Method.EVEN), cast.mori)  # the reason stands
    assert total_of(version, cast.rao) == Decimal("120.00")
    spread(version, cast.east_one, Wish(Method.EVEN, spots={f"person-{cast.rao.pk}": SpotWish(keep="")}), cast.mori)
    assert total_of(version, cast.rao) == Decimal("600.00")


def test_nobody_sets_their_own_target_by_a_spread(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east, month=Decimal("100.00"))
    make_target(version, person=cast.lin, month=Decimal("1.00"))  # Lin belongs to the east
    spread(version, cast.east, Wish(Method.EVEN), cast.lin)
    assert total_of(version, cast.lin) == Decimal("12.00")
    assert total_of(version, cast.east_one) == Decimal("594.00")
    for stranger in (cast.rao, cast.diaz, cast.sato):
        with pytest.raises(NotAllowed):
            spread(version, cast.east_one, Wish(Method.EVEN), stranger, seen={})


def test_a_row_that_changed_since_the_preview_stops_the_whole_spread(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    make_target(version, person=cast.rao, month=Decimal("10.00"))
    seen = looked_at(version, cast.east_one, Wish(Method.EVEN), cast.mori).seen
    Target.objects.filter(person=cast.rao).update(lock_version=2)
    with pytest.raises(VersionConflict) as refused:
        spread(version, cast.east_one, Wish(Method.EVEN), cast.mori, seen=seen)
    assert refused.value.extra["changed"] == ["Rao"]
    assert total_of(version, cast.peer) is None


def test_a_version_in_force_is_not_spread_anew(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east_one)
    with pytest.raises(services.PlanIsActive):
        spread(version, cast.east_one, Wish(Method.EVEN), cast.mori)


def test_months_follow_the_target_above_or_each_ones_own_season(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal(0), m02=Decimal(300), m05=Decimal(100))
    spread(version, cast.east_one, Wish(Method.EVEN), cast.mori)
    row = Target.objects.get(version=version, person=cast.rao)
    assert (row.m02, row.m05, row.total) == (Decimal(150), Decimal(50), Decimal(200))
    other = Wish(Method.EVEN, percent=Decimal(110), shape=MonthShape.SEASON)
    spread(version, cast.east_one, other, cast.mori)
    row.refresh_from_db()
    assert (row.total, row.m05 > 0, row.m12 > 0) == (Decimal(220), True, True)


def test_stretch_and_challenge_are_spread_as_the_target_is(cast: Cast) -> None:
    version = make_version()
    target = make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    services.set_levels(
        version=version,
        unit=cast.east_one,
        levels=services.Levels(Decimal("1300.01"), Decimal("1500.00")),
        actor=cast.planner,
        lock_version=target.lock_version,
    )
    spots = {
        f"person-{person.pk}": SpotWish(weight=Decimal(weight)) for person, weight in ((cast.rao, 3), (cast.peer, 1))
    }
    spread(version, cast.east_one, Wish(Method.MANUAL, spots=spots), cast.mori)
    rows = {row.person_id: row for row in Target.objects.filter(version=version, person__isnull=False)}
    assert [rows[cast.rao.pk].stretch, rows[cast.rao.pk].challenge] == [Decimal("975.01"), Decimal("1125.00")]
    assert sum(row.stretch or 0 for row in rows.values()) == Decimal("1300.01")
    assert sum(row.challenge or 0 for row in rows.values()) == Decimal("1500.00")


@pytest.mark.parametrize(
    ("stretch", "challenge", "field"),
    [("1199.99", None, "stretch"), ("1300", "1299", "challenge"), (None, "5", "challenge")],
)
def test_stretch_and_challenge_stand_above_the_target(
    stretch: str | None, challenge: str | None, field: str, cast: Cast
) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal("100.00"))
    levels = services.Levels(*(None if amount is None else Decimal(amount) for amount in (stretch, challenge)))
    with pytest.raises(services.AmountIsInvalid) as refused:
        services.set_levels(version=version, unit=cast.east_one, levels=levels, actor=cast.planner, lock_version=1)
    assert refused.value.problems[0].field == field


@pytest.mark.requirement("R1.2")
def test_a_spread_from_above_keeps_the_months_set_by_hand_and_leads_the_growth(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("200.00"))
    services.grow_target(
        version=version,
        unit=cast.east,
        source="typed",
        typed=Decimal(1000),
        growth=Decimal("0.5"),
        split="even",
        as_of=TODAY,
        actor=cast.planner,
        lock_version=0,
    )
    services.change_months(
        version=version,
        unit=cast.east,
        actor=cast.planner,
        now=NOW,
        amounts={"m03": Decimal(190)},
        reason="The fair",
        lock_version=1,
    )

    spread(version, cast.company, Wish(Method.EVEN), cast.planner)

    target = Target.objects.get(version=version, unit=cast.east)
    assert [target.m03, target.total, target.growth_over_base] == [190, 1200, Decimal("0.2")]
    assert target.all_overrides["m03"].reason == "The fair"


@pytest.mark.requirement("R1.2")
def test_months_set_by_hand_that_exceed_a_share_stop_the_spread(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("10.00"))
    make_target(version, unit=cast.east, month=Decimal("100.00"))
    services.change_months(
        version=version,
        unit=cast.east,
        actor=cast.planner,
        now=NOW,
        amounts={"m03": Decimal(90)},
        reason="The fair",
        lock_version=1,
    )

    found = looked_at(version, cast.company, Wish(Method.EVEN), cast.planner)

    assert "The months of East set by hand do not fit into ¥60.00." in found.problems[0][1]
