"""A page asks the database as often for two hundred rows as for one."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from core import audit
from core.models import ApiToken, AuditEntry
from customers.models import (
    Activity,
    Channel,
    Contact,
    Customer,
    Deal,
    DealOwnership,
    ImportFile,
    ImportProblem,
    ProductLine,
    Region,
    StageEvent,
)
from planning.models import Target
from planning.services import run_forecast
from teams.models import Membership, OrgUnit, User
from tests.canary.company import Entwined, make_entwined, readable_routes
from tests.once import made_once
from tests.routes import Route
from tests.samples import World, arguments

pytestmark = [pytest.mark.requirement("R7.1"), pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.long]
MANY = 200
WHO = (*(pytest.param(who, marks=pytest.mark.thorough) for who in ("admin", "rao")), "lin")
# Not pages of ours that list anything: sign-in, and the address that only sends people on.
LISTS_NOTHING = ("account_", "mfa_", "socialaccount_", "openid_", "home", "healthz", "readyz")


def pages() -> list[Route]:
    return [route for route in readable_routes() if not route.name.startswith(LISTS_NOTHING)]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Entwined]:
    with made_once(django_db_blocker):
        yield make_entwined(timezone.localdate())


@pytest.mark.parametrize("who", WHO)
def test_no_page_and_no_list_of_the_api_asks_more_often_for_more_rows(who: str, company: Entwined) -> None:
    world = company.of["rao"]
    user = company.of[who].cast.rao
    queries(user, world)  # the first look fills what a process keeps
    few = queries(user, world)
    savepoint = transaction.savepoint()
    try:
        multiply(world)
        many = queries(user, world)
    finally:
        transaction.savepoint_rollback(savepoint)
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}
    assert len(few) > 30


def queries(user: User, world: World) -> dict[str, int]:
    """Return how many queries each page took that answers this person."""
    client = Client()
    client.force_login(user)
    found = {}
    for route in pages():
        address = reverse(route.name, kwargs=arguments(route.name, route.arguments, world))
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(address)
        if answer.status_code == 200:
            found[str(route)] = len(captured)
    return found


def multiply(world: World) -> None:
    """Add two hundred of whatever the company has, most of it Rao's, and let the night reckon with it."""
    rao, now = world.cast.rao, timezone.now()
    numbers = range(MANY)
    products = ProductLine.objects.bulk_create(ProductLine(name=f"Line {n}", position=n) for n in numbers[:40])
    regions = Region.objects.bulk_create(Region(name=f"Market {n}", position=n) for n in numbers[:40])
    channels = Channel.objects.bulk_create(Channel(name=f"Source {n}", position=n) for n in numbers[:40])
    units = [OrgUnit(name=f"Unit {n}", kind="team", parent=world.cast.east) for n in numbers[:30]]
    for unit in units:
        unit.save()
    people = User.objects.bulk_create(User(email=f"many{n}@test.example", name=f"Rep {n}") for n in numbers)
    Membership.objects.bulk_create(
        Membership(user=person, unit=units[n % 30], valid_from=now.date() - timedelta(days=900))
        for n, person in enumerate(people)
    )
    owners = [rao, *people]
    buyers = Customer.objects.bulk_create(
        Customer(name=f"Buyer {n}", owner=rao if n % 2 else people[n], region=regions[n % 40]) for n in numbers
    )
    Contact.objects.bulk_create(
        Contact(customer=customer, name=f"Contact {n}", phone="1")
        for n in numbers
        for customer in (world.customer, buyers[n])
    )
    stages = list(world.pipeline.stages.order_by("position"))
    deals = Deal.objects.bulk_create(
        Deal(
            title=f"More {n}",
            owner=rao if n % 2 else owners[n],
            customer=world.customer if n % 4 == 1 else buyers[n],
            product=products[n % 40],
            region=regions[n % 40],
            channel=channels[n % 40],
            pipeline=world.pipeline,
            stage=stages[n % 4],
            amount=Decimal(1000 + n),
            created_date=now.date() - timedelta(days=30),
            stage_since=now - timedelta(days=30 - n % 4),
            last_seq=n % 4 + 1,
        )
        for n in numbers
    )
    DealOwnership.objects.bulk_create(
        DealOwnership(deal=deal, owner=deal.owner, valid_from=now - timedelta(days=30)) for deal in deals
    )
    StageEvent.objects.bulk_create(
        StageEvent(
            deal=deal,
            seq=seq + 1,
            kind="move" if seq else "create",
            from_stage=stages[seq - 1] if seq else None,
            to_stage=stages[seq],
            amount=deal.amount,
            actor=deal.owner,
            occurred_at=now - timedelta(days=30 - seq),
            recorded_at=now - timedelta(days=30 - seq),
        )
        for n, deal in enumerate(deals)
        for seq in range(n % 4 + 1)
    )
    activities = Activity.objects.bulk_create(
        Activity(kind="visit", deal=deal, customer=deal.customer, person=rao, subject="More", **moment)
        for deal in [*deals, *[world.deal] * 20]
        for moment in ({"due_at": now + timedelta(hours=1)}, {"done_at": now - timedelta(days=2)})
    )
    files = ImportFile.objects.bulk_create(
        ImportFile(uploaded_by=rao, file_name=f"{n}.csv", sha256="2" * 64, source="x", shape="deals", state="done")
        for n in numbers
    )
    ImportProblem.objects.bulk_create(
        ImportProblem(file=file, line=n + 2) for n, file in enumerate([*files[:1], *[world.import_file] * MANY])
    )
    for n in numbers:
        audit.record("customers.deal.moved", actor=rao, subject=deals[n], title="More")
        audit.record("customers.activity.logged", actor=rao, subject=activities[n])
    for n in range(15):
        ApiToken.objects.create(user=rao, name=f"More {n}", scopes=["deals:read"])
    months = {f"m{month:02}": Decimal(10) for month in range(1, 13)}
    Target.objects.bulk_create(
        Target(version=world.draft, **whose, **months)
        for whose in [*({"person": person} for person in people), *({"unit": unit} for unit in units)]
    )
    run_forecast(plan=world.plan, as_of=timezone.localdate(), clock=timezone.now, again=True)
    assert AuditEntry.objects.count() > MANY
