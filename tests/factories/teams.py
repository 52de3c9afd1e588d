"""People and units for tests: plain functions, everything has a default, a test names only what it is about."""

from dataclasses import dataclass
from datetime import date
from itertools import count

from django.test import Client

from teams.models import Capability, Company, Management, Membership, OrgUnit, User

_number = count(1)
LONG_AGO = date(2020, 1, 1)
PASSWORD = "a-long-test-password"


def make_company(**fields: object) -> Company:
    return Company.objects.create(**{"name": "Test company", **fields})


def make_unit(
    name: str = "", *, kind: str = OrgUnit.Kind.TEAM, parent: OrgUnit | None = None, manager: User | None = None
) -> OrgUnit:
    if kind != OrgUnit.Kind.COMPANY and parent is None:
        parent = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).first() or make_unit(kind=OrgUnit.Kind.COMPANY)
    unit = OrgUnit.objects.create(name=name or f"Unit {next(_number)}", kind=kind, parent=parent)
    if manager is not None:
        Management.objects.create(unit=unit, user=manager, valid_from=LONG_AGO)
    return unit


def make_person(
    name: str = "",
    *,
    unit: OrgUnit | None = None,
    capabilities: tuple[str, ...] = (Capability.REP,),
    since: date = LONG_AGO,
    password: str | None = None,
    **fields: object,
) -> User:
    number = next(_number)
    user = User(email=f"person{number}@test.example", name=name or f"Person {number}", capabilities=list(capabilities))
    for field, value in fields.items():
        setattr(user, field, value)
    user.set_password(password)  # hashing costs; most tests sign in by force
    user.save()
    if unit is not None:
        Membership.objects.create(user=user, unit=unit, valid_from=since)
    return user


def signed_in(user: User) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)
    return client


@dataclass(frozen=True)
class Cast:
    """The company of the tests: two regions, the first with two teams; every test speaks of the same people."""

    company: OrgUnit
    east: OrgUnit
    west: OrgUnit
    east_one: OrgUnit
    east_two: OrgUnit
    west_one: OrgUnit
    lin: User  # supervisor of the east
    sato: User  # supervisor of the west
    mori: User  # lead of team one in the east
    diaz: User  # lead of team two in the east
    rao: User  # rep of team one in the east
    peer: User  # rep beside Rao
    west_rep: User
    planner: User  # plan owner
    admin: User


def make_cast() -> Cast:
    make_company()
    company = make_unit("Company", kind=OrgUnit.Kind.COMPANY)
    lin = make_person("Lin", capabilities=(Capability.SUPERVISOR,))
    sato = make_person("Sato", capabilities=(Capability.SUPERVISOR,))
    mori = make_person("Mori", capabilities=(Capability.LEAD,))
    diaz = make_person("Diaz", capabilities=(Capability.LEAD,))
    east = make_unit("East", kind=OrgUnit.Kind.REGION, parent=company, manager=lin)
    west = make_unit("West", kind=OrgUnit.Kind.REGION, parent=company, manager=sato)
    east_one = make_unit("East one", parent=east, manager=mori)
    east_two = make_unit("East two", parent=east, manager=diaz)
    west_one = make_unit("West one", parent=west)
    for person, unit in ((lin, east), (sato, west), (mori, east_one), (diaz, east_two)):
        Membership.objects.create(user=person, unit=unit, valid_from=LONG_AGO)
    return Cast(
        company=company,
        east=east,
        west=west,
        east_one=east_one,
        east_two=east_two,
        west_one=west_one,
        lin=lin,
        sato=sato,
        mori=mori,
        diaz=diaz,
        rao=make_person("Rao", unit=east_one),
        peer=make_person("Peer of Rao", unit=east_one),
        west_rep=make_person("Rep in the west", unit=west_one),
        planner=make_person("Planner", capabilities=(Capability.PLAN_OWNER,)),
        admin=make_person("Administrator", capabilities=(Capability.ADMINISTRATOR,)),
    )
