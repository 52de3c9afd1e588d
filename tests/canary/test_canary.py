"""Nobody reads what is not theirs: each person fetches everything, and no text or amount of somebody else's is in it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from core.access import Person
from customers.models import Activity, Contact, Customer, Deal, ImportFile
from customers.models.deals import DealQuerySet
from planning.models import NodeForecast, Target
from teams.models import User
from teams.models.people import UserQuerySet
from tests.access.matrix import IDENTITIES, SCOPES_OF, Identity, Scene, Visitor, is_api, make_scene, people_of
from tests.canary.company import (
    NOBODY,
    Entwined,
    addresses_of,
    get,
    lasting,
    links_in,
    make_entwined,
    readable_routes,
    search_fields,
)
from tests.canary.marks import BLIND, Flock, Sight, leaks, mark_everything, sight_of, whole_text, without_audience
from tests.once import made_once
from tests.routes import Route
from tests.samples import World

pytestmark = [pytest.mark.requirement("R7.4"), pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.long]
PRYING = (Person.OWNER, Person.PEER, Person.LEAD, Person.OTHER_REGION)
# Whom make test asks: a rep, a manager, nobody, and a machine. The others are asked by make thorough.
TELLING: set[Identity] = {Person.OWNER, Person.LEAD, Visitor.ANONYMOUS, Visitor.TOKEN_READ}


def first_asked(people: Sequence[Identity], first: Collection[Identity]) -> list[object]:
    """Mark everybody but the first ones as part of make thorough."""
    return [pytest.param(who, marks=() if who in first else pytest.mark.thorough, id=str(who)) for who in people]


@dataclass
class Scan:
    company: Entwined
    scene: Scene
    flock: Flock
    sights: dict[Identity, Sight]

    def text(self, who: Identity, address: str, **headers: str) -> str:
        return whole_text(get(self.scene, who, address, **headers))

    def leaks(self, who: Identity, address: str, **headers: str) -> list[str]:
        """Fetch an address and return what it shows that it should not."""
        found = leaks(self.text(who, address, **headers), self.flock, self.sights[who])
        return [f"{address} shows {canary}" for canary in found]


@pytest.fixture(scope="module")
def scan(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scan]:
    with made_once(django_db_blocker):
        company = make_entwined(timezone.localdate())
        flock = mark_everything()
        scene = make_scene(company.of["rao"])
        sights: dict[Identity, Sight] = {}
        for who, person in people_of(scene.world.cast).items():
            sights[who] = sight_of(User.objects.get(pk=person.pk))
        owner = sights[Person.OWNER]
        for visitor in Visitor:
            sights[visitor] = owner if visitor in SCOPES_OF else BLIND
        yield Scan(company, scene, flock, sights)


def test_every_table_says_who_may_see_its_rows() -> None:
    assert without_audience() == [], (
        "give its manager a visible_to, or say in tests/canary/marks.py with which table it is seen"
    )


def test_the_company_is_full_of_canaries(scan: Scan) -> None:
    kinds = {(canary.table, canary.field) for canary in scan.flock.by_text.values()}
    assert kinds >= {
        ("customers.deal", "title"),
        ("customers.deal", "amount"),
        ("customers.stageevent", "reason"),
        ("customers.activity", "note"),
        ("customers.contact", "phone"),
        ("teams.user", "email"),
        ("planning.target", "m01"),
        ("planning.nodeforecast", "p50"),
        ("core.auditentry", "facts"),
        ("core.apitoken", "name"),
    }
    peers, own = scan.sights[Person.PEER], scan.sights[Person.OWNER]
    deals = [canary for canary in scan.flock.by_text.values() if canary.table == "customers.deal"]
    assert any(own.covers(canary) and not peers.covers(canary) for canary in deals)


@pytest.mark.parametrize("who", first_asked(IDENTITIES, TELLING))
def test_no_answer_shows_what_the_database_does_not_let_this_person_see(who: Identity, scan: Scan) -> None:
    found, further = [], {}
    for route in readable_routes():
        for address in addresses_of(route, scan.company):
            text = scan.text(who, address)
            found += [f"{address} shows {canary}" for canary in leaks(text, scan.flock, scan.sights[who])]
            further.update(dict.fromkeys(links_in(text)))
        if not route.arguments and not is_api(route):
            found += scan.leaks(who, reverse(route.name), HX_Request="true")
    for address in further:
        found += scan.leaks(who, address)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", first_asked(PRYING, {PRYING[0]}))
def test_a_thing_out_of_sight_answers_like_one_that_does_not_exist(who: Identity, scan: Scan) -> None:
    different = []
    for address in (address for route in readable_routes() for address in addresses_of(route, scan.company)):
        hidden = scan.text(who, address)
        if not hidden.startswith("404"):
            continue
        absent = "/".join(str(NOBODY) if part.isdigit() else part for part in address.split("/"))
        nothing = scan.text(who, absent)
        if lasting(hidden).replace(address, "@") != lasting(nothing).replace(absent, "@"):
            different.append(address)
    assert not different, "\n".join(different)


# Who pries, and somebody with whom they share nothing.
STRANGERS = (
    pytest.param(Person.OWNER, "peer", id="owner-peer"),
    pytest.param(Person.OTHER_REGION, "mori", id="other region-mori", marks=pytest.mark.thorough),
)
POINTS_AT: Mapping[str, Callable[[World], int]] = {
    **dict.fromkeys(("owner", "person", "actor"), lambda world: world.cast.rao.pk),
    "customer": lambda world: world.customer.pk,
    "deal": lambda world: world.deal.pk,
    "unit": lambda world: world.cast.east_two.pk,
}
SEARCHED = {"customers.deal", "customers.customer", "customers.contact", "teams.user", "customers.importfile"}


@pytest.mark.parametrize(("who", "whose"), STRANGERS)
def test_no_search_and_no_filter_tells_whether_something_out_of_sight_exists(
    who: Identity, whose: str, scan: Scan
) -> None:
    texts = {
        (canary.table, canary.field): canary.text
        for canary in scan.flock.by_text.values()
        if canary.table in SEARCHED and not scan.sights[who].covers(canary)
    }
    words = [text for text in texts.values() if text.startswith("zq")]
    different, asked = [], 0
    for route in readable_routes():
        if route.arguments:
            continue
        address = reverse(route.name)
        for name in api_filters(route) if is_api(route) else search_fields(scan.text(who, address)):
            tried = words if name in ("q", "external_id", "source") else []
            if name in POINTS_AT and (is_api(route) or name != "customer"):  # the page looks for a part of the name
                tried = [*tried, str(POINTS_AT[name](scan.company.of[whose]))]
            for term in tried:
                asked += 1
                absent = str(NOBODY) if term.isdigit() else "zq99999qz"
                told, untold = (
                    echoless(scan.text(who, f"{address}?{name}={one}"), name, one) for one in (term, absent)
                )
                if told != untold:
                    different.append(f"{address}?{name}={term}")
    assert not different, "\n".join(different)
    assert asked > 50


def echoless(text: str, name: str, term: str) -> str:
    """Return an answer without what differs by itself, and without the term where the answer repeats it."""
    named = lasting(text).replace(f"{name}={term}", "@")
    return named if term.isdigit() else named.replace(term, "@")


def api_filters(route: Route) -> list[str]:
    filters = getattr(route.callback.cls, "filterset_class", None)  # type: ignore[attr-defined]  # a view of the API has one
    return sorted(filters.base_filters) if filters else []


# The sign-in and the own account hold secrets made anew for each answer; readyz tells when it was asked.
OWN_ACCOUNT = ("account_", "mfa_", "readyz")
# Beside their own rates people see the whole company's, where it is the average of enough people to tell of none.
COMPANY_AVERAGE = ("planning:conversion", "api:conversion-rates")


@pytest.mark.parametrize("who", first_asked(PRYING, {PRYING[0]}))
def test_nothing_that_a_person_reads_depends_on_what_they_may_not_see(who: Identity, scan: Scan) -> None:
    addresses = [
        address
        for route in readable_routes()
        for address in addresses_of(route, scan.company)
        if not route.name.startswith(OWN_ACCOUNT + COMPANY_AVERAGE)
    ]
    before = {address: lasting(scan.text(who, address)) for address in addresses}
    savepoint = transaction.savepoint()
    try:
        change_what_is_hidden(scan.sights[who])
        changed = [address for address in addresses if lasting(scan.text(who, address)) != before[address]]
    finally:
        transaction.savepoint_rollback(savepoint)
    assert not changed, "\n".join(changed)


def change_what_is_hidden(sight: Sight) -> None:
    """Change whatever a person may not see: other amounts, other names, fewer rows."""
    hidden = Deal.objects.exclude(pk__in=sight.keys["customers.deal"])
    hidden.update(amount=777_777, title="other", version=77, expected_close_date=None)
    Customer.objects.exclude(pk__in=sight.keys["customers.customer"]).update(name="other", version=77)
    Contact.objects.exclude(pk__in=sight.keys["customers.contact"]).delete()
    Activity.objects.exclude(pk__in=sight.keys["customers.activity"]).delete()
    ImportFile.objects.exclude(pk__in=sight.keys["customers.importfile"]).update(file_name="other", state="done")
    Target.objects.exclude(pk__in=sight.keys["planning.target"]).filter(version__status="draft").update(m01=777_777)
    NodeForecast.objects.exclude(pk__in=sight.keys["planning.nodeforecast"]).update(booked=777_777)
    User.objects.exclude(pk__in=sight.keys["teams.user.name"]).update(name="other", version=77)


# --- The scan can fail: where a visible_to lets everybody see everything, canaries show -------------------------------


@pytest.mark.parametrize(
    ("broken", "address", "shown"),
    [
        (DealQuerySet, "/deals/", "customers.deal.title"),
        (DealQuerySet, "/pipeline/", "customers.deal.title"),
        (DealQuerySet, "/api/v1/deals/", "customers.deal.amount"),
        (UserQuerySet, "/setup/audit/", "core.auditentry.facts"),
        (UserQuerySet, "/customers/", "customers.customer.name"),
    ],
)
def test_a_broken_visible_to_is_found(
    broken: type, address: str, shown: str, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scan.leaks(Person.PEER, address) == []
    monkeypatch.setattr(broken, "visible_to", lambda rows, user: rows)
    assert any(f"({shown} of" in line for line in scan.leaks(Person.PEER, address))
