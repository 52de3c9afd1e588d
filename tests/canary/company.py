"""A company in which everybody has something of everything, and in which people's things touch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from itertools import count

from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from config import access
from core import audit
from core.models import ApiToken
from customers.models import Activity, Contact, Deal, DealOwnership, ImportFile, ImportProblem
from planning.services import run_forecast
from teams.models import User
from tests.access.matrix import Identity, Scene
from tests.factories.customers import make_customer, make_deal
from tests.factories.planning import make_target
from tests.routes import Route, named_routes
from tests.samples import World, arguments, make_world

NOBODY = 2_000_000_011  # a key that no row has
_address = count(1)


@dataclass(frozen=True)
class Entwined:
    """The world as each person's own: `of[person]` holds that person's rows in the places of the samples."""

    of: dict[str, World]
    left_behind: list[Activity]  # planned by those who have handed the deal over since

    @property
    def worlds(self) -> list[World]:
        """The worlds whose rows are asked for one by one: of a rep, of a rep elsewhere, of a lead."""
        asked = [self.of[name] for name in ("rao", "west_rep", "mori")]
        return [*asked, *(replace(asked[0], activity=activity) for activity in self.left_behind)]


def make_entwined(today: date) -> Entwined:
    world = make_world(today, deals=15, store_file=False)
    cast = world.cast
    people = {
        name: getattr(cast, name)
        for name in ("rao", "peer", "west_rep", "mori", "diaz", "lin", "sato", "planner", "admin")
    }
    of = {name: _possessions(world, person, today) for name, person in people.items()}
    left_behind = _entwine(of, today)
    run_forecast(plan=world.plan, as_of=today, clock=timezone.now)
    return Entwined(of, left_behind)


def _possessions(world: World, person: User, today: date) -> World:
    """Give a person something of everything: a customer, deals with reasons, activities, an import, a token, targets."""
    customer = make_customer(owner=person, external_id=f"c{person.pk}", industry="x", note="x")
    deal = make_deal(
        owner=person,
        customer=customer,
        path=("Lead", "Visited", "Contacted"),
        created=today - timedelta(days=60),
        source="crm",
        external_id=f"d{person.pk}",
        product=world.product,
    )
    won = make_deal(owner=person, customer=customer, path=("Lead", "Quoted", "Won"), created=today - timedelta(days=30))
    make_deal(owner=person, customer=customer, path=("Lead", "Lost"), created=today - timedelta(days=50))
    now = datetime.combine(today, time(9), UTC)
    planned, done = (
        Activity.objects.create(
            kind=Activity.Kind.VISIT, deal=deal, customer=customer, person=person, subject="x", note="x", **moment
        )
        for moment in ({"due_at": now + timedelta(hours=2)}, {"done_at": now - timedelta(days=3)})
    )
    audit.record("customers.activity.logged", actor=person, subject=done, title="x")
    file = ImportFile.objects.create(
        uploaded_by=person,
        file_name="x.csv",
        sha256="0" * 64,
        source="x",
        shape=ImportFile.Shape.DEALS,
        pipeline=world.pipeline,
        state=ImportFile.State.UPLOADED,
    )
    ended = ImportFile.objects.create(
        uploaded_by=person,
        file_name="y.csv",
        sha256="1" * 64,
        source="y",
        shape=ImportFile.Shape.DEALS,
        pipeline=world.pipeline,
        state=ImportFile.State.REFUSED,
        error="x",
    )
    for each in (file, ended):
        ImportProblem.objects.create(file=each, line=2, column="x", value="x")
    targets = [
        version.targets.filter(person=person).first() or make_target(version, person=person)
        for version in (world.active, world.draft)
    ]
    token, _secret = ApiToken.objects.create(user=person, name="x", scopes=["deals:read"])
    return replace(
        world,
        cast=replace(world.cast, rao=person),
        customer=customer,
        contact=Contact.objects.create(customer=customer, name="x", role="x", phone="x", email="x@test.example"),
        deal=deal,
        won=won,
        activity=planned,
        target=targets[0],
        import_file=file,
        token=token,
    )


def _entwine(of: dict[str, World], today: date) -> list[Activity]:
    """Let a rep of the west and one of the east meet: one deal at the other's customer, one handed over, one taken over."""
    rao, west = of["rao"], of["west_rep"]
    left_behind = []
    make_deal(owner=rao.cast.rao, customer=west.customer, created=today - timedelta(days=20))
    for before, after in ((rao, west), (west, rao)):
        given = make_deal(
            owner=before.cast.rao,
            customer=before.customer,
            path=("Lead", "Visited", "Contacted"),
            created=today - timedelta(days=70),
        )
        done = datetime.combine(today - timedelta(days=9), time(9), UTC)
        Activity.objects.create(
            kind=Activity.Kind.CALL,
            deal=given,
            customer=given.customer,
            person=before.cast.rao,
            subject="x",
            done_at=done,
        )
        due = done + timedelta(days=8)
        left_behind += [
            Activity.objects.create(
                kind=kind, deal=given, customer=whom, person=before.cast.rao, subject="x", due_at=due
            )
            for kind, whom in ((Activity.Kind.CALL, None), (Activity.Kind.VISIT, after.customer))
        ]
        moment = datetime.combine(today - timedelta(days=5), time(9), UTC)
        DealOwnership.objects.filter(deal=given).update(valid_to=moment)
        DealOwnership.objects.create(deal=given, owner=after.cast.rao, valid_from=moment)
        Deal.objects.filter(pk=given.pk).update(owner=after.cast.rao)
        audit.record("customers.deal.moved", actor=before.cast.rao, subject=given, title="x")
    return left_behind


# --- What may be asked ------------------------------------------------------------------------------------------------


def readable_routes() -> list[Route]:
    declared = access.declared()
    return [route for route in named_routes() if "GET" in (declared.get(str(route)) or declared.get(route.name, {}))]


def addresses_of(route: Route, company: Entwined) -> list[str]:
    """Return a route's addresses, one for each person whose things may stand there."""
    taken = (reverse(route.name, kwargs=arguments(route.name, route.arguments, world)) for world in company.worlds)
    return list(dict.fromkeys(taken))


def links_in(text: str) -> Iterator[str]:
    """Return the addresses with a query that a page names: filters, further pages, fragments; one of each kind."""
    kinds = set()
    for found in re.findall(r'(?:href|hx-get|action|data-[a-z-]+)="(/[^"#]*\?[^"#]*)"', text):
        link = unescape(found)
        kind = re.sub(r"=[^&]*", "", link)
        if kind not in kinds:
            kinds.add(kind)
            yield link


def search_fields(text: str) -> list[str]:
    """Return the names of what a page lets people type or choose in its forms that read."""
    forms = re.findall(r'<form[^>]*method="get".*?</form>', text, flags=re.DOTALL)
    return sorted({name for form in forms for name in re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', form)})


def get(scene: Scene, who: Identity, address: str, **headers: str) -> HttpResponseBase:
    """Fetch an address as somebody, from an address of its own; what it wrote is undone, the session is as before."""
    client = scene.clients[who]
    number = next(_address)
    savepoint = transaction.savepoint()
    try:
        return client.get(
            address, headers=headers, REMOTE_ADDR=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        )
    finally:
        transaction.savepoint_rollback(savepoint)
        client.cookies.clear()
        client.cookies.load(scene.cookies[who])


_PASSING = re.compile(
    r'(X-Request-ID: \w+)|(name="csrfmiddlewaretoken" value="\w+")|("X-CSRFToken": "\w+")|("request_id": ?"\w+")'
    r"|(Content-Length: \d+)|(Expires: [^\n]+)|(cursor=[\w:%-]+)"
    r'|(value="[\d-]+T\d\d:\d\d")'
)


def lasting(text: str) -> str:
    """Return an answer without what differs from one request to the next."""
    return _PASSING.sub("", text)
