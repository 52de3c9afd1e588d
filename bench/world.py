"""The invented company of the measurement: the same deals for the same day."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import numpy as np
from django.db import connection

from customers import services as customers
from customers.models import Channel, Customer, Deal, Pipeline, ProductLine, Region, Stage
from planning import services as planning
from planning.models import Plan, PlanVersion, Target
from teams import services as teams
from teams.models import Capability, Company, OrgUnit, User

DEALS = int(os.environ.get("DEALS", "100000"))
TEAMS, REPS_A_TEAM, CUSTOMERS, YEARS = 20, 10, 2_000, 3
BATCH = 5_000
SEED = 20_260_101
ADVANCE = (0.85, 0.8, 0.75, 0.4)  # chance to go on from each open stage; else the deal is lost there
DAYS_IN_STAGE = 14.0
AMENDMENTS = 0.3  # chance of a change of the amount in each stage


@dataclass(frozen=True)
class World:
    """
    Whom the pages are asked as.

    :param supervisor: of a region with all reps but one, and all deals but one
    :param lead: of one of its teams
    :param small: supervisor of a region with one rep, who has one deal
    """

    plan: Plan
    supervisor: User
    lead: User
    small: User


def build(now: datetime) -> World:
    """Fill an empty database."""
    today = now.date()
    first = today - timedelta(days=366 * (YEARS + 1))
    admin = User.objects.create_user("admin@bench.example", name="Administrator", capabilities=[*Capability])
    Company.objects.create(name="Bench")
    company = teams.create_unit(actor=admin, name="Bench", kind=OrgUnit.Kind.COMPANY, parent=None)
    managers: dict[str, User] = {}
    units: list[OrgUnit] = [company]
    people: list[User] = []

    def unit(name: str, kind: str, parent: OrgUnit, role: str, reps: int) -> OrgUnit:
        made = teams.create_unit(actor=admin, name=name, kind=kind, parent=parent, position=len(units))
        units.append(made)
        managers[name] = _person(admin, f"Manager of {name}", role, made, first)
        teams.appoint_manager(actor=admin, unit=made, user=managers[name], from_date=first)
        for _ in range(reps):
            people.append(_person(admin, f"Rep {len(people):03}", Capability.REP, made, first))
        return made

    large = unit("Large region", OrgUnit.Kind.REGION, company, Capability.SUPERVISOR, 0)
    for number in range(TEAMS):
        unit(f"Team {number:02}", OrgUnit.Kind.TEAM, large, Capability.LEAD, REPS_A_TEAM)
    small = unit("Small region", OrgUnit.Kind.REGION, company, Capability.SUPERVISOR, 0)
    unit("Small team", OrgUnit.Kind.TEAM, small, Capability.LEAD, 1)
    _tell(admin, people, now)
    plan = _plan(admin, units, people, today)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # autovacuum would come to it within the hour
    return World(plan, managers["Large region"], managers["Team 00"], managers["Small region"])


def _person(admin: User, name: str, role: str, unit: OrgUnit, since: date) -> User:
    email = f"{name.lower().replace(' ', '.')}@bench.example"
    return teams.create_person(
        actor=admin, email=email, name=name, capabilities=[role], unit=unit, from_date=since, hired_date=since
    )


def _plan(admin: User, units: list[OrgUnit], people: list[User], today: date) -> Plan:
    total = Decimal(12_000_000)
    version = planning.begin_year(year=today.year, total=total, actor=admin, split=Target.Split.EVEN)
    for unit in units[1:]:
        _target(version, admin, total / len(units), unit=unit)
    for person in people:
        _target(version, admin, total / len(people), person=person)
    into_force(version, admin, today)
    return version.plan


def into_force(version: PlanVersion, admin: User, today: date) -> None:
    """Hand a draft up, let somebody else approve it, and activate it."""
    approver = User.objects.create_user(
        "planner@bench.example", name="Plan owner", capabilities=[Capability.PLAN_OWNER]
    )
    handed = planning.submit_version(
        version=version, actor=admin, as_of=today, lock_version=version.lock_version, reason="Measured only"
    )
    planning.approve_submission(submission=handed, version=handed.version, actor=approver)
    version.refresh_from_db()
    planning.activate_version(version=version, actor=admin, lock_version=version.lock_version)


def _target(version: PlanVersion, admin: User, total: Decimal, **whose: OrgUnit | User) -> None:
    rounded = total.quantize(Decimal("0.01"))
    planning.split_target(version=version, total=rounded, split=Target.Split.EVEN, actor=admin, lock_version=0, **whose)


def _tell(admin: User, people: list[User], now: datetime) -> None:
    pipeline = customers.create_pipeline(actor=admin, name="Sales")
    words = {
        kind: [customers.add_word(kind=kind, actor=admin, name=f"{kind.__name__} {n}") for n in range(4)]
        for kind in (ProductLine, Region, Channel)
    }
    *reps, alone = people
    Customer.objects.bulk_create(Customer(name=f"Customer {n:05}", owner=reps[n % len(reps)]) for n in range(CUSTOMERS))
    buyers = list(Customer.objects.order_by("pk"))
    own = Customer.objects.create(name="Only customer", owner=alone)
    tales = _tales(pipeline, now)

    def history(number: int) -> customers.DealHistory:
        is_last = number == DEALS - 1
        buyer = own if is_last else buyers[number % len(buyers)]
        deal = Deal(
            title=f"Deal {number:06}",
            source="bench",
            external_id=f"{number:06}",
            customer=buyer,
            owner=alone if is_last else reps[number * 7 % len(reps)],
            product=words[ProductLine][number % 4],
            region=words[Region][number // 4 % 4],
            channel=words[Channel][number // 16 % 4],
            pipeline=pipeline,
        )
        # The only deal of the small region stays open, so that the board has a card there too.
        return customers.DealHistory(deal=deal, lines=next(tales)[: 1 if is_last else None])

    numbers = iter(range(DEALS))
    while batch := list(islice(numbers, BATCH)):
        customers.tell_histories(histories=[history(number) for number in batch], actor=admin, now=now)


def _tales(pipeline: Pipeline, now: datetime) -> Iterator[list[customers.HistoryLine]]:
    """Yield the histories of deals that began within the years before a moment, as far as they had come by then."""
    dice = np.random.default_rng(SEED)
    stages = list(pipeline.stages.order_by("position"))
    path = [stage for stage in stages if stage.is_open]
    lost = next(stage for stage in stages if stage.kind == Stage.Kind.LOST)
    won = next(stage for stage in stages if stage.kind == Stage.Kind.WON)
    while True:
        at = now - timedelta(days=float(dice.uniform(0.1, 365 * YEARS)))
        amount = Decimal(int(dice.lognormal(9, 0.8)) + 1)
        close = (at + timedelta(days=60)).date()
        lines = []
        for stage, onward, after in zip(path, ADVANCE, [*path[1:], won], strict=True):
            lines.append(customers.HistoryLine(stage, at, amount, close))
            stay = timedelta(days=float(dice.exponential(DAYS_IN_STAGE)))
            if dice.random() < AMENDMENTS and at + stay / 2 < now:
                amount = (amount * Decimal("0.95")).quantize(Decimal("0.01"))
                lines.append(customers.HistoryLine(stage, at + stay / 2, amount, close))
            at += stay
            goes_on = dice.random() < onward
            if at >= now:
                break
            if not goes_on or after is won:
                lines.append(customers.HistoryLine(after if goes_on else lost, at, amount, close))
                break
        yield lines
