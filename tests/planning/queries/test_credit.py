"""A person's own sales are one number, wherever it is shown; overlay stands beside it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from customers.models import Deal, DealCredit
from customers.queries import my_day
from planning import queries, services
from planning.models import NodeForecast, PlanVersion, Scope
from planning.queries.forecasts import Node
from planning.queries.other_targets import other_targets
from teams.models import Company, OrgUnit, User
from tests.factories.customers import make_deal, make_product
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, make_unit, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]

TODAY, TOMORROW = date(2026, 5, 31), date(2026, 6, 1)
EVENING = datetime(2026, 5, 31, 10, tzinfo=UTC)  # six o'clock in Shanghai


def _won(owner: User, day: date, amount: str | None) -> Deal:
    return make_deal(
        owner=owner,
        path=("Lead", "Won"),
        created=day,
        days_in_stage=0,
        amount=None if amount is None else Decimal(amount),
    )


def _share(deal: Deal, *parts: tuple[User, int], overlay: User | None = None) -> None:
    rows = [(person, points, False) for person, points in parts] + ([(overlay, 2500, True)] if overlay else [])
    DealCredit.objects.bulk_create(
        DealCredit(deal=deal, seq=1, valid_from=date(2026, 1, 1), person=person, points=points, is_overlay=on_top)
        for person, points, on_top in rows
    )


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """Rao owns two wins and shares one of them, has a part in one of the west, and overlay on top of a third."""
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    product = make_product()
    for person in (cast.rao, cast.peer, cast.west_rep):
        make_target(version, person=person)
        make_target(version, person=person, scope=Scope(product=product))
    _won(cast.rao, date(2026, 4, 10), "1000.00")
    _share(_won(cast.rao, date(2026, 5, 11), "100.01"), (cast.rao, 3333), (cast.peer, 3333), (cast.west_rep, 3334))
    _share(_won(cast.west_rep, date(2026, 5, 12), "500.00"), (cast.west_rep, 6000), (cast.rao, 4000))
    _share(_won(cast.west_rep, date(2026, 5, 13), "200.00"), (cast.west_rep, 10_000), overlay=cast.rao)
    _share(_won(cast.peer, date(2026, 5, 14), None), (cast.peer, 5000), (cast.rao, 5000))
    Deal.objects.update(product=product)
    return version


def _told(version: PlanVersion, person: User) -> dict[str, Decimal]:
    """What a person sold this quarter, by everything that says so."""
    plan = version.plan
    day = my_day(user=person, company=Company.objects.the_one(), now=EVENING)
    pace = queries.quarter_pace(plan=plan, person=person, user=person, as_of=TODAY)
    row = queries.target_grid(version=version, user=person, as_of=TODAY).row(person=person.pk)
    other = other_targets(version=version, user=person, as_of=TODAY)
    assert pace is not None
    assert row is not None
    quarter = NodeForecast.objects.current(plan).get(person=person, period="Q2")
    return {
        "My day": day.this_quarter.amount,
        "pace": pace.won.revenue,
        "target grid": row.won.revenue,
        "target of a product line": sum((line.achieved.value for line in other.rows), Decimal(0)),
        "forecast": quarter.booked,
    }


def test_a_persons_own_sales_are_the_same_wherever_they_are_shown(cast: Cast, version: PlanVersion) -> None:
    services.run_forecast(plan=version.plan, as_of=TOMORROW, clock=lambda: datetime.now(UTC))

    for person, amount in ((cast.rao, "1233.33"), (cast.peer, "33.33"), (cast.west_rep, "533.35")):
        assert set(_told(version, person).values()) == {Decimal(amount)}, person


def test_my_day_says_of_how_many_deals_one_has_a_share_and_what_has_no_amount(cast: Cast, version: PlanVersion) -> None:
    day = my_day(user=cast.rao, company=Company.objects.the_one(), now=EVENING)
    assert (day.this_quarter.count, day.this_quarter.shared, day.this_quarter.unknown) == (2, 2, 1)
    assert day.this_month.amount == Decimal("233.33")
    text = signed_in(cast.peer).get("/my-day/").content.decode()
    assert "My Q" in text


def test_overlay_stands_beside_a_unit_whose_figure_is_the_sum_of_those_below(cast: Cast, version: PlanVersion) -> None:
    grid = queries.target_grid(version=version, user=cast.planner, as_of=TODAY)
    won = {row.name: row.won.revenue for row in grid.rows}
    assert won["Company"] == won[str(cast.east)] + won[str(cast.west)] == Decimal("1800.01")

    def overlay(unit: OrgUnit) -> list[tuple[User | None, Decimal]]:
        found = queries.overlay_credit(
            plan=version.plan, node=Node(unit=unit), user=cast.planner, first=date(2026, 1, 1), after=TOMORROW
        )
        return [(line.person, line.amount) for line in found.lines] if found else []

    for unit in (cast.company, cast.east, cast.east_one):
        assert overlay(unit) == [(cast.rao, Decimal("50.00"))]
    assert overlay(cast.west) == overlay(cast.east_two) == []


def test_overlay_of_people_out_of_sight_is_summed_without_their_names(cast: Cast, version: PlanVersion) -> None:
    below = make_unit("Key accounts", parent=cast.west_one)
    deal = _won(cast.west_rep, date(2026, 5, 15), "400.00")
    _share(deal, (cast.west_rep, 10_000), overlay=make_person(unit=below))
    found = queries.overlay_credit(
        plan=version.plan, node=Node(unit=cast.company), user=cast.lin, first=date(2026, 1, 1), after=TOMORROW
    )
    assert found is not None
    assert [(line.person, line.amount) for line in found.lines] == [(cast.rao, Decimal(50)), (None, Decimal(100))]
    assert found.total == Decimal(150)


def test_the_grid_names_the_overlay_and_says_how_shares_count(cast: Cast, version: PlanVersion) -> None:
    text = signed_in(cast.planner).get(f"/targets/?version={version.pk}").content.decode()
    assert "Overlay credit" in text
    assert "each has their share of its revenue" in text
