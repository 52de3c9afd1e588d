from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning import policies, queries, services
from planning.models import Plan, PlanVersion
from planning.queries.below import plan_tree
from planning.queries.capacity import Capacity, heads_of
from planning.queries.capacity_ground import Origin
from planning.queries.cascades import Proposal, Wish
from planning.queries.spreading import proposal
from planning.queries.weights import Method, weights_by
from teams import services as teams
from teams.models import Capability, Membership, OrgUnit
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
NEW_YEAR = date(2026, 1, 1)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """A plan whose company target is the same in every month, so that each has a twelfth of a full quota."""
    version = make_version(make_plan(2026), by=cast.planner, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal("300000.00"))
    return version.plan


def everybody(plan: Plan, cast: Cast, amount: str = "1200000.00") -> None:
    services.set_full_quota(plan=plan, actor=cast.planner, unit=cast.company, amount=Decimal(amount), version=0)


def nobody_leaves(cast: Cast) -> None:
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.0, survival=0.8)


def of_2026(plan: Plan) -> Capacity:
    return queries.capacity_of(plan, as_of=NEW_YEAR)


def test_without_a_full_quota_capacity_is_not_set_and_not_zero(plan: Plan, cast: Cast) -> None:
    capacity = of_2026(plan)
    assert capacity.of(person=cast.rao.pk) is None
    assert capacity.of(unit=cast.company.pk) is None
    assert capacity.units[cast.company.pk].without == 3
    assert capacity.people[cast.rao.pk].quota.origin is Origin.NOT_SET


def test_ramped_people_carry_a_twelfth_of_their_full_quota_each_month_and_units_add_up(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    capacity = of_2026(plan)
    assert capacity.of(person=cast.rao.pk) == (Decimal("100000.00"),) * 12
    assert capacity.total(unit=cast.east_one.pk) == Decimal("2400000.00")
    assert capacity.total(unit=cast.east.pk) == Decimal("2400000.00")
    assert capacity.total(unit=cast.company.pk) == Decimal("3600000.00")


def test_the_nearest_typed_quota_counts_and_a_persons_own_before_all(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    services.set_full_quota(plan=plan, actor=cast.lin, unit=cast.east_one, amount=Decimal(600000), version=0)
    services.set_full_quota(plan=plan, actor=cast.mori, person=cast.rao, amount=Decimal(900000), version=0)
    found = of_2026(plan).people
    assert (found[cast.rao.pk].quota.amount, found[cast.rao.pk].quota.origin) == (Decimal(900000), Origin.PERSON)
    assert (found[cast.peer.pk].quota.amount, found[cast.peer.pk].quota.origin) == (Decimal(600000), Origin.UNIT)
    assert found[cast.west_rep.pk].quota.amount == Decimal(1200000)
    services.set_full_quota(plan=plan, actor=cast.mori, person=cast.rao, amount=None, version=1)
    assert of_2026(plan).people[cast.rao.pk].quota.amount == Decimal(600000)


def test_four_ramped_people_give_the_median_of_last_year_and_three_do_not(plan: Plan, cast: Cast) -> None:
    reps = [cast.rao, cast.peer, make_person(unit=cast.east_one)]
    for rep, amount in zip(reps, (100, 200, 400), strict=True):
        make_deal(owner=rep, path=("Lead", "Won"), created=date(2025, 6, 2), amount=Decimal(amount))
    assert of_2026(plan).quotas[cast.east_one.pk].amount == Decimal(150)  # the company's: with the west's nothing
    assert of_2026(plan).quotas[cast.east_one.pk].origin is Origin.COMPANY_MEDIAN
    fourth = make_person(unit=cast.east_one)
    make_deal(owner=fourth, path=("Lead", "Won"), created=date(2025, 6, 2), amount=Decimal(600))
    newcomer = make_person(unit=cast.east_one, since=date(2025, 3, 1))  # was still ramping up
    make_deal(owner=newcomer, path=("Lead", "Won"), created=date(2025, 6, 2), amount=Decimal(90_000))
    quota = of_2026(plan).quotas[cast.east_one.pk]
    assert (quota.amount, quota.origin) == (Decimal(300), Origin.UNIT_MEDIAN)


def test_a_newcomer_ramps_up_from_the_month_of_the_hire(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    late = make_person(unit=cast.west_one, since=date(2026, 5, 1))
    explicit = make_person(unit=cast.west_one, since=date(2026, 5, 1), hired_date=date(2026, 3, 1))
    months = of_2026(plan)
    hundred = Decimal("100000.00")
    assert months.of(person=late.pk) == (*[0] * 4, hundred / 4, hundred / 2, hundred * 3 / 4, *[hundred] * 5)
    assert months.of(person=explicit.pk) == (*[0] * 4, hundred * 3 / 4, *[hundred] * 7)


def test_a_unit_may_ramp_slower_than_the_company(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    teams.set_capacity_rule(actor=cast.lin, unit=cast.east_two, version=0, ramp=[0.1, 0.2])
    late = make_person(unit=cast.east_two, since=date(2026, 10, 1))
    found = of_2026(plan).of(person=late.pk)
    assert found is not None
    assert found[9:] == (Decimal("10000.00"), Decimal("20000.00"), Decimal("100000.00"))


def test_part_time_and_leave_multiply(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    teams.set_presence(actor=cast.mori, person=cast.rao, first_month=date(2026, 7, 1), share=0.5)
    teams.set_presence(
        actor=cast.mori, person=cast.rao, first_month=date(2026, 8, 1), last_month=date(2026, 8, 1), share=0.25
    )
    found = of_2026(plan).of(person=cast.rao.pk)
    assert found is not None
    assert found[5:9] == (Decimal("100000.00"), Decimal("50000.00"), Decimal("12500.00"), Decimal("50000.00"))


def test_a_move_in_may_splits_the_month_by_its_days_and_loses_no_cent(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    teams.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=date(2026, 5, 11))
    capacity = of_2026(plan)
    east, west = capacity.of(unit=cast.east_one.pk), capacity.of(unit=cast.west_one.pk)
    assert east is not None
    assert west is not None
    assert (east[3], west[3]) == (Decimal("200000.00"), Decimal("100000.00"))
    assert east[4] == Decimal("100000.00") + Decimal("32258.06")  # ten of 31 days
    assert (east[5], west[5]) == (Decimal("100000.00"), Decimal("200000.00"))
    assert capacity.total(unit=cast.company.pk) == Decimal("3600000.00")


def test_people_leave_by_the_rate_from_the_day_on_and_whoever_left_carries_nothing(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.19)
    teams.deactivate_person(actor=cast.admin, person=cast.peer, version=cast.peer.version, left_date=date(2026, 7, 1))
    capacity = queries.capacity_of(plan, as_of=date(2026, 7, 1))
    rao, peer = capacity.of(person=cast.rao.pk), capacity.of(person=cast.peer.pk)
    assert rao is not None
    assert peer is not None
    assert rao[:7] == (Decimal("100000.00"),) * 7
    assert float(rao[11]) == pytest.approx(100_000 * 0.81 ** (5 / 12), abs=0.01)
    assert peer[6:] == (Decimal("0.00"),) * 6


def test_planned_hires_count_from_their_month_by_ramp_and_survival(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    nobody_leaves(cast)
    hire = teams.plan_hires(actor=cast.lin, unit=cast.east_two, start_month=date(2026, 9, 1), count=2)
    unit = of_2026(plan).units[cast.east_two.pk]
    assert unit.hires == (*[0] * 8, *map(Decimal, ("40000.00", "80000.00", "120000.00", "160000.00")))
    assert of_2026(plan).units[cast.company.pk].planned == 2
    teams.plan_hires(actor=cast.lin, unit=cast.east_two, start_month=date(2026, 9, 1), count=0, hire=hire, version=1)
    assert cast.east_two.pk not in of_2026(plan).units


def test_the_months_have_the_shape_of_the_companys_target(cast: Cast) -> None:
    version = make_version(make_plan(2026), by=cast.planner)
    make_target(version, unit=cast.company, month=Decimal(100), m12=Decimal(900))
    everybody(version.plan, cast)
    nobody_leaves(cast)
    capacity = queries.capacity_of(version.plan, as_of=NEW_YEAR, version=version)
    found = capacity.of(person=cast.rao.pk)
    assert found is not None
    assert (found[0], found[11]) == (Decimal("60000.00"), Decimal("540000.00"))


def test_thirty_people_cost_as_many_queries_as_three(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    with CaptureQueriesContext(connection) as few:
        of_2026(plan)
    for number in range(30):
        rep = make_person(unit=(cast.east_one, cast.west_one)[number % 2])
        teams.set_presence(actor=cast.admin, person=rep, first_month=NEW_YEAR, share=0.5)
        services.set_full_quota(plan=plan, actor=cast.planner, person=rep, amount=Decimal(1000), version=0)
        teams.plan_hires(actor=cast.admin, unit=cast.east_two, start_month=date(2026, 9, 1), count=1)
    with CaptureQueriesContext(connection) as many:
        of_2026(plan)
    assert len(many) == len(few)
    assert Membership.objects.count() > 30


def test_a_cascade_spreads_by_capacity(plan: Plan, cast: Cast) -> None:
    everybody(plan, cast)
    services.set_full_quota(plan=plan, actor=cast.mori, person=cast.rao, amount=Decimal(2_400_000), version=0)
    version = plan.versions.get()
    tree = plan_tree(version)
    weights = weights_by(Method.CAPACITY, version=version, tree=tree, as_of=NEW_YEAR).by_key
    assert weights[f"person-{cast.rao.pk}"].amount == 2 * weights[f"person-{cast.peer.pk}"].amount > 0


# --- Who would be taken for zero -------------------------------------------------------------------------------------


def looked_at(plan: Plan, cast: Cast, unit: OrgUnit, *, fill: bool = False, deep: bool = False) -> Proposal:
    return proposal(
        version=plan.versions.get(),
        unit=unit.pk,
        wish=Wish(Method.CAPACITY, fill=fill, deep=deep),
        reach=policies.target_reach(cast.planner),
        as_of=NEW_YEAR,
    )


def test_who_has_no_full_quota_is_named_and_stops_a_spread_by_capacity(plan: Plan, cast: Cast) -> None:
    services.set_full_quota(plan=plan, actor=cast.planner, person=cast.rao, amount=Decimal(1_200_000), version=0)
    version = plan.versions.get()
    make_target(version, unit=cast.east_one, month=Decimal(100))
    for unit in (cast.east_one, cast.company):
        ((field, why),) = looked_at(plan, cast, unit).problems
        assert field == "fill"
        assert str(cast.peer) in why
        assert "Enter it on the page Capacity" in why
    assert str(cast.west_rep) in looked_at(plan, cast, cast.company).problems[0][1]


def test_hires_that_are_planned_without_a_full_quota_are_named_too(plan: Plan, cast: Cast) -> None:
    for person in (cast.rao, cast.peer, cast.west_rep):
        services.set_full_quota(plan=plan, actor=cast.planner, person=person, amount=Decimal(1_200_000), version=0)
    assert not looked_at(plan, cast, cast.company).problems
    teams.plan_hires(actor=cast.lin, unit=cast.east_two, start_month=date(2026, 3, 1), count=1)
    assert "planned hires of East two" in looked_at(plan, cast, cast.company).problems[0][1]
    assert not looked_at(plan, cast, cast.company, fill=True).problems


def test_the_planner_may_give_them_the_mean_of_their_unit(plan: Plan, cast: Cast) -> None:
    newcomer = make_person("Newcomer", unit=cast.east_one, since=date(2026, 7, 1))
    nobody_leaves(cast)
    for person, amount in ((cast.rao, 1_000_000), (cast.peer, 2_000_000), (cast.west_rep, 9_000_000)):
        services.set_full_quota(plan=plan, actor=cast.planner, person=person, amount=Decimal(amount), version=0)
    make_target(plan.versions.get(), unit=cast.east_one, month=Decimal(1000))
    found = looked_at(plan, cast, cast.east_one, fill=True)
    assert not found.problems
    weights = {share.spot.name: share.weight for share in found.direct if share.weight}
    assert weights["Newcomer"].origin == "mean of those beside, as asked for"
    assert weights["Newcomer"].amount == Decimal(1_500_000) / 12 * Decimal(
        "4.5"
    )  # half a year, of which three to ramp up
    assert found.planned == Decimal(12000)
    assert newcomer.name in looked_at(plan, cast, cast.east_one).problems[0][1]


def test_where_nobody_beside_or_above_is_known_a_mean_does_not_help(plan: Plan, cast: Cast) -> None:
    assert looked_at(plan, cast, cast.company, fill=True).problems[0][0] == "method"
    lead = make_person("Lead with a target", unit=cast.east_one, capabilities=(Capability.LEAD,))
    make_target(plan.versions.get(), person=lead)
    everybody(plan, cast)
    ((field, why),) = looked_at(plan, cast, cast.company, fill=True).problems
    assert (field, why.split(":")[0]) == ("fill", "Lead with a target")
    services.set_full_quota(plan=plan, actor=cast.planner, person=lead, amount=Decimal(100), version=0)
    assert not looked_at(plan, cast, cast.company).problems


def test_people_count_month_by_month_by_ramp_presence_hires_and_leavers(plan: Plan, cast: Cast) -> None:
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.19, survival=0.8)
    make_person(unit=cast.east_one, since=date(2026, 3, 1))
    teams.set_presence(actor=cast.mori, person=cast.rao, first_month=date(2026, 2, 1), share=0.5)
    teams.plan_hires(actor=cast.lin, unit=cast.east_one, start_month=date(2026, 4, 1), count=1)
    heads = heads_of(plan, as_of=NEW_YEAR)

    def stay(months: int) -> float:
        return float(0.81 ** (months / 12))

    team = heads.of(unit=cast.east_one.pk)
    assert team[0] == pytest.approx(2)
    assert team[1] == pytest.approx(1.5 * stay(1))
    assert team[2] == pytest.approx(1.75 * stay(2))
    assert team[3] == pytest.approx(2 * stay(3) + 0.8 * 0.25)
    assert heads.hires[cast.company.pk][3] == pytest.approx(0.2)
    capacity = queries.capacity_of(plan, as_of=NEW_YEAR)
    assert heads.of(person=cast.rao.pk) == capacity.people[cast.rao.pk].factors
    assert heads.of(unit=cast.east_two.pk) == (0.0,) * 12
