"""
The target grid and the reconcile screen for two thousand people with twelve months each.

The company of `bench.world` grows by as many teams as it takes; everybody gets a target in a draft and commits to an amount.
"""

from datetime import date
from decimal import Decimal

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.pages import WORKERS, Ask, compared, signed_in
from bench.report import table
from bench.world import World
from planning.models import MONTHS, Commitment, Plan, PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, User

PEOPLE, REPS_A_TEAM = 2_000, 20
REQUESTS, WARM_UP = 20, 4


def measure(world: World) -> None:
    """Print queries and pace of both pages. The company keeps the people: measure what asks for fewer before."""
    owner = User.objects.get(email="admin@bench.example")
    draft = _draft(world.plan, owner)
    region = OrgUnit.objects.get(name="Large region")
    pages = {
        "target grid": f"{reverse('planning:targets')}?version={draft.pk}",
        "its rows below the region": reverse("planning:targets-below", kwargs={"version": draft.pk, "unit": region.pk}),
        "reconcile, company": reverse("planning:targets-reconcile", kwargs={"version": draft.pk}),
        "reconcile, region": f"{reverse('planning:targets-reconcile', kwargs={'version': draft.pk})}?unit={region.pk}",
    }
    few, before = {name: _queries(owner, path) for name, path in pages.items()}, _sellers()
    _grow(region, draft, timezone.localdate())
    many, after = {name: _queries(owner, path) for name, path in pages.items()}, _sellers()
    table(
        "Queries for two thousand people",
        ("page", f"{before:,} people", f"{after:,} people", ""),
        [(name, few[name], many[name], "equal" if few[name] == many[name] else "DIFFERENT") for name in pages],
    )
    assert few == many, "a page asks more often where more people are"
    headers = signed_in(owner)
    asked = {"empty view": [Ask("/bench/empty")] * (REQUESTS + WARM_UP)}
    asked |= {f"{name}, {after:,} people": [Ask(path, headers)] * (REQUESTS + WARM_UP) for name, path in pages.items()}
    title = f"{after:,} people: {WORKERS} connections, {WORKERS} workers, {REQUESTS} requests each"
    compared(title, asked, connections=WORKERS, warm_up=WARM_UP)
    _forget(draft)


def _draft(plan: Plan, owner: User) -> PlanVersion:
    """A draft of the whole year with the targets in force, open for commitments."""
    active = PlanVersion.objects.active().get(plan=plan)
    draft = PlanVersion.objects.create(
        plan=plan, number=active.number + 1, based_on=active, created_by=owner, talk=PlanVersion.Talk.BLIND
    )
    rows = active.targets.order_by("pk").values(*Target.own_fields())
    Target.objects.bulk_create(Target(version=draft, **row) for row in rows)
    return draft


def _forget(draft: PlanVersion) -> None:
    """Take the draft away again: a plan has one at a time. Commitments let nobody delete them, one by one."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE planning_commitment")
    draft.targets.all().delete()
    draft.delete()


def _sellers() -> int:
    return User.objects.filter(capabilities__contains=[Capability.REP]).count()


def _queries(user: User, path: str) -> int:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    client.get(path)  # the first look fills what a process keeps
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return len(captured)


def _grow(region: OrgUnit, draft: PlanVersion, today: date) -> None:
    """Add teams until the company has its people, each with a target and a commitment."""
    missing = max(PEOPLE - _sellers(), 0)
    teams = [
        OrgUnit.objects.create(
            name=f"Added team {number:03}", kind=OrgUnit.Kind.TEAM, parent=region, position=500 + number
        )
        for number in range(-(-missing // REPS_A_TEAM))
    ]
    people = User.objects.bulk_create(
        User(email=f"added{number:04}@bench.example", name=f"Added {number:04}", capabilities=[Capability.REP])
        for number in range(missing)
    )
    since = today.replace(year=today.year - 1, day=1)
    Membership.objects.bulk_create(
        Membership(user=person, unit=teams[number // REPS_A_TEAM], valid_from=since)
        for number, person in enumerate(people)
    )
    months = dict.fromkeys(MONTHS, Decimal(5_000))
    Target.objects.bulk_create(
        Target(version=draft, **whose, **months)
        for whose in [*({"unit": team} for team in teams), *({"person": person} for person in people)]
    )
    Commitment.objects.bulk_create(
        Commitment(
            version=draft,
            person=person,
            act=Commitment.Act.COMMIT,
            amount=Decimal(55_000),
            said_by=person,
            said_at=timezone.now(),
        )
        for person in people
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
