"""How the demo company comes in: through the services; its deals by the fast path, which passes the same checks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice

import numpy as np
from django.core.management import call_command
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from core.periods import FiscalCalendar
from customers import services as customers
from customers.models import Activity, Channel, Customer, Deal, Pipeline, ProductLine, Region, Stage
from planning import services as planning
from planning.models import NodeForecast, Plan, PlanVersion, Submission, Target
from planning.queries import actuals, by_person, fiscal_months, sum_of
from teams import services as teams
from teams.models import Capability, Company, OrgUnit, User

from . import cast, market, others, story, strength, work

BATCH = 2_000
GROWTH = Decimal("1.12")  # this year's targets over what last year brought
NIGHTS_BACK = (30, 7, 1)  # earlier forecasts, so that "what moved" has something to compare with
REVIEWED_BACK = 7  # which of them was gone through
KINDS = (Activity.Kind.CALL, Activity.Kind.VISIT, Activity.Kind.MAIL, Activity.Kind.MEETING)
SUBJECTS = {
    Activity.Kind.CALL: "Demo call about the next step",
    Activity.Kind.VISIT: "Demo visit on site",
    Activity.Kind.MAIL: "Demo mail with documents",
    Activity.Kind.MEETING: "Demo meeting on terms",
}


class CompanyExists(DomainError):
    """The demo company does not come into an installation that holds a company."""


@dataclass(frozen=True)
class _World:
    """What the deals refer to."""

    people: Mapping[str, User]
    units: Mapping[str, OrgUnit]
    customers: list[Customer]
    products: list[ProductLine]
    channels: list[Channel]
    pipeline: Pipeline
    stages: Mapping[str, Stage]


def load_demo(*, clock: Callable[[], datetime], today: date, say: Callable[[str], object]) -> Company:
    """
    Load the demo company into an empty installation.

    The row of the company comes last: whoever finds it finds all of it. What an interrupted load left behind is cleared away.

    :raises CompanyExists: where there is a company, or people who are no demo
    """
    if Company.objects.exists() or User.objects.filter(is_demo=False).exists():
        raise CompanyExists(
            _("There is a company here already. The demo company comes into an empty installation only.")
        )
    if User.objects.exists():
        say("Clearing away what an interrupted load left behind ...")
        call_command("flush", interactive=False, verbosity=0)
    now = clock()
    admin = _found()
    world = _people_and_words(admin, today)
    say(f"{len(world.people)} people, {len(world.customers)} customers")
    deals = _deals(world, admin, today, now)
    say(f"{deals} deals with their stage history")
    _one_who_left(world, admin, today)
    _activities(world, today, now)
    strength.tell_capacity(world.people, world.units, admin, today=today)
    planner = world.people["Plan owner"]
    plan = _plan(world, planner, today, now)
    strength.share_deals(world.people, first=plan.fiscal_year.first_date, now=now)
    strength.keep_scenarios(plan.versions.active().get(), world.units, planner, today=today)
    company = Company.objects.create(
        name="Demo company", currency="CNY", time_zone="Asia/Shanghai", country="CN", is_demo=True
    )
    for days in NIGHTS_BACK:
        day = today - timedelta(days=days)
        if plan.fiscal_year.first_date <= day:
            planning.run_forecast(plan=plan, as_of=day, clock=clock)
            planning.watch_conversions(plan=plan, as_of=day, clock=clock)
            _calls(world, plan, day, at=now - timedelta(days=days))
        if days == REVIEWED_BACK and plan.fiscal_year.first_date <= day:
            for unit in world.units.values():
                planning.mark_reviewed(plan=plan, unit=unit, actor=planner, at=now - timedelta(days=days))
    say(f"{plan} with its targets, and the forecasts and warnings of earlier nights")
    return company


def _calls(world: _World, plan: Plan, day: date, *, at: datetime) -> None:
    """Let every rep call the running month and quarter: some hopeful, some careful, each by their own habit."""
    month = sum(first <= day for first in fiscal_months(plan.fiscal_year)) - 1
    for habit, rep in enumerate(rep for rep in cast.REPS if not rep.left_months_ago):
        person = world.people[rep.name]
        for period in (f"M{month + 1:02}", f"Q{month // 3 + 1}"):
            row = NodeForecast.objects.current(plan).filter(person=person, period=period).first()
            if row is not None:
                commit = round(row.expected * (85 + 5 * (habit % 7)) / 100, -3)
                best = round(commit * Decimal("1.2"), -3)
                planning.submit_call(
                    plan=plan, actor=person, at=at, period=period, commit=commit, best_case=best, person=person
                )


@transaction.atomic(durable=True)
def _found() -> User:
    """The first administrator of an installation has nobody who could have made them."""
    admin = User.objects.create_user(
        "admin@demo.example",
        cast.PASSWORD,
        name="Administrator",
        capabilities=[Capability.ADMINISTRATOR],
        is_demo=True,
    )
    audit.record("teams.person.created", actor=None, subject=admin, email=admin.email)
    return admin


def _people_and_words(admin: User, today: date) -> _World:
    first = today - timedelta(days=365 * (cast.YEARS + 1))
    units: dict[str, OrgUnit] = {}
    for position, (name, above, kind) in enumerate(cast.UNITS):
        units[name] = teams.create_unit(actor=admin, name=name, kind=kind, parent=units.get(above), position=position)
    people = {"Administrator": admin}

    def join(name: str, email: str, unit: str, since: date, *capabilities: str, hired: date | None = None) -> User:
        people[name] = teams.create_person(
            actor=admin,
            email=email,
            name=name,
            capabilities=capabilities,
            unit=units[unit],
            from_date=since,
            hired_date=hired,
            password=cast.PASSWORD if email in cast.SIGN_INS else "",
        )
        return people[name]

    join("Plan owner", "planner@demo.example", "Demo company", first, Capability.PLAN_OWNER)
    for unit, (name, email) in cast.MANAGERS.items():
        role = Capability.LEAD if units[unit].kind == OrgUnit.Kind.TEAM else Capability.SUPERVISOR
        teams.appoint_manager(actor=admin, unit=units[unit], user=join(name, email, unit, first, role), from_date=first)
    for rep in cast.REPS:
        hired = rep.hired(today)
        email = rep.email or f"{rep.name.lower().replace(' ', '.')}@demo.example"
        person = join(rep.name, email, rep.unit, max(hired, first), Capability.REP, hired=hired)
        if rep.moved_to and date(today.year, 5, 1) < today:
            teams.move_person(actor=admin, user=person, unit=units[rep.moved_to], from_date=date(today.year, 5, 1))
    User.objects.update(is_demo=True)
    OrgUnit.objects.update(is_demo=True)

    products = [customers.add_word(kind=ProductLine, actor=admin, name=n, name_zh=zh) for n, zh, _x in cast.PRODUCTS]
    regions = [customers.add_word(kind=Region, actor=admin, name=n, name_zh=zh) for n, zh in cast.REGIONS]
    channels = [customers.add_word(kind=Channel, actor=admin, name=n, name_zh=zh) for n, zh, *_x in cast.CHANNELS]
    pipeline = customers.create_pipeline(actor=admin, name="Sales", name_zh="销售", stages=cast.STAGES)
    return _World(
        people=people,
        units=units,
        customers=_customers(people, regions, admin),
        products=products,
        channels=channels,
        pipeline=pipeline,
        stages={stage.name: stage for stage in pipeline.stages.all()},
    )


def _customers(people: Mapping[str, User], regions: list[Region], admin: User) -> list[Customer]:
    """Each belongs to a rep of its region who is still here; the core customer to the first rep of the east."""
    dice = np.random.default_rng(story.SEED + 1)
    here = [
        [people[rep.name] for rep in cast.REPS if rep.unit.startswith(side) and not rep.left_months_ago]
        for side in ("East", "South", "North")
    ]
    made = []
    for number in range(cast.CUSTOMERS):
        side = (number - 1) % 3 if number else 0
        owner = here[side][0] if number == 0 else here[side][int(dice.integers(len(here[side])))]
        customer = customers.create_customer(
            actor=admin,
            name=story.customer_name(number),
            owner=owner,
            region=regions[side],
            industry=str(dice.choice(("Machinery", "Food", "Electronics", "Chemicals", "Logistics"))),
            tier=others.tier_of(number),
        )
        if number < 80:
            customers.add_contact(
                customer=customer,
                actor=admin,
                name=f"Demo contact {number + 1:03}",
                role=str(dice.choice(("Purchasing", "Production", "Management"))),
                phone=f"+86 10 5555 {number:04}",
                email=f"contact{number + 1:03}@demo.example",
            )
        made.append(customer)
    Customer.objects.update(is_demo=True)
    return made


def _deals(world: _World, admin: User, today: date, now: datetime) -> int:
    tales = iter(story.stories(today))
    written = 0
    while batch := list(islice(tales, BATCH)):
        histories = [_history(world, tale) for tale in batch]
        deals = customers.tell_histories(histories=histories, actor=admin, now=now)
        written += len(deals)
        done = [act for tale, deal in zip(batch, deals, strict=True) for act in _work(world, tale, deal, today)]
        customers.tell_activities(activities=done, actor=admin, now=now)
    return written


def _work(world: _World, tale: story.Story, deal: Deal, today: date) -> Iterator[Activity]:
    """What was done for a deal, by whoever owned it then; nothing is left to do on a deal that has ended."""
    for act in work.acts_of(tale, end=story.dawn(today)):
        at = act.done or act.due
        handed_over = tale.handed_over is not None and at is not None and at >= tale.handed_over
        if act.done is None and not deal.stage.is_open:
            continue
        yield Activity(
            kind=act.kind,
            deal=deal,
            customer=deal.customer,
            person=world.people[tale.rep.heir if handed_over else tale.rep.name],
            subject=SUBJECTS[Activity.Kind(act.kind)],
            due_at=act.due,
            done_at=act.done,
        )


def _history(world: _World, tale: story.Story) -> customers.DealHistory:
    rep = world.people[tale.rep.name]
    heir = world.people.get(tale.rep.heir, rep)
    customer = world.customers[tale.customer]
    begin = tale.steps[0].at
    owners = [(rep, begin), (heir, tale.handed_over)] if tale.handed_over else []
    amount = next((Decimal(step.amount) for step in reversed(tale.steps) if step.amount is not None), None)
    return customers.DealHistory(
        deal=Deal(
            title=f"Demo deal {tale.number:05} · {world.products[tale.product].name}",
            source="demo",
            external_id=f"demo-{tale.number:05}",
            customer=customer,
            owner=heir if tale.handed_over else rep,
            product=world.products[tale.product],
            region=customer.region,
            channel=world.channels[tale.channel],
            pipeline=world.pipeline,
            is_demo=True,
            **others.sold(tale.number, tale.product, amount),
        ),
        lines=[
            customers.HistoryLine(
                stage=world.stages[step.stage],
                occurred_at=step.at,
                amount=None if step.amount is None else Decimal(step.amount),
                expected_close_date=step.expected_close,
                reason=step.reason,
                actor=rep,
            )
            for step in tale.steps
        ],
        owners=owners,
    )


def _one_who_left(world: _World, admin: User, today: date) -> None:
    for rep in cast.REPS:
        left = rep.left(today)
        if left:
            person = world.people[rep.name]
            teams.deactivate_person(actor=admin, person=person, version=person.version, left_date=left)


def _activities(world: _World, today: date, now: datetime) -> None:
    """The last weeks' work on open deals, and what is planned: some overdue, some today, some next week."""
    dice = np.random.default_rng(story.SEED + 2)
    midday = datetime.combine(today, time(4), UTC)
    for rep in cast.REPS:
        if rep.left_months_ago:
            continue
        person = world.people[rep.name]
        for place, deal in enumerate(Deal.objects.open().filter(owner=person).order_by("-stage_since", "-pk")[:14]):
            kind = KINDS[int(dice.integers(len(KINDS)))]
            done = midday - timedelta(days=int(dice.integers(1, 25)), minutes=int(dice.integers(0, 240)))
            customers.log_activity(
                actor=person, kind=kind, subject=SUBJECTS[kind], done_at=max(done, deal.stage_since), now=now, deal=deal
            )
            if place < 6:
                kind = KINDS[int(dice.integers(len(KINDS)))]
                due = midday + timedelta(days=(-2, 0, 0, 1, 3, 6)[place], minutes=int(dice.integers(0, 180)))
                customers.plan_activity(actor=person, kind=kind, subject=SUBJECTS[kind], due_at=due, deal=deal)


def _plan(world: _World, planner: User, today: date, now: datetime) -> Plan:
    """This year's targets: what last year brought and a bit more, spread by the season learnt, active, with funnel goals."""
    year = FiscalCalendar(1).year_of(today)
    last = FiscalCalendar(1).year(year - 1)
    rows = actuals(first=last.first, after=FiscalCalendar(1).year(year).first, time_zone="Asia/Shanghai")
    by_rep = {person: sum_of(months).revenue for person, months in by_person(rows).items()}
    totals = {
        rep.name: _round(by_rep.get(world.people[rep.name].pk, Decimal(0)) * GROWTH, least=Decimal(600_000))
        for rep in cast.REPS
        if not rep.left_months_ago
    }
    at = {rep.name: rep.moved_to or rep.unit for rep in cast.REPS}
    of_unit = {name: Decimal(0) for name in world.units}
    for rep, total in totals.items():
        unit: OrgUnit | None = world.units[at[rep]]
        while unit is not None:
            of_unit[unit.name] += total
            unit = world.units[unit.parent.name] if unit.parent else None
    # What the teams carry is more than what the company promises: usual over-assignment, and the grid shows it.
    company = _round(of_unit["Demo company"] * Decimal("0.95"), least=Decimal(0))
    version = planning.begin_year(year=year, total=company, actor=planner, split=Target.Split.SEASON)
    market.tell(world.people, version, planner, last_year=last.first, now=now)
    for name, unit_row in world.units.items():
        if unit_row.parent:
            _split(version, planner, of_unit[name], unit=unit_row)
    for rep, total in totals.items():
        _split(version, planner, total, person=world.people[rep])
    others.ask_for_more(
        version=version,
        planner=planner,
        units=world.units,
        revenue=of_unit,
        products=world.products,
        stages=world.stages,
    )
    strength.ask_for_levels(version, world.units, planner, at=now)
    strength.talk(world.people, world.units, version, planner, at=now)
    _decide(world, version, planner, today)
    planning.derive_goals(version=version, actor=planner, today=today, now=now)
    Plan.objects.filter(pk=version.plan_id).update(is_demo=True)
    return version.plan


def _decide(world: _World, version: PlanVersion, planner: User, today: date) -> None:
    """A team's part goes up, comes back once and is approved; then the whole plan is handed up, approved and put into force."""
    team, lead, supervisor = (
        world.units["East · Enterprise"],
        world.people["Lead East Enterprise"],
        world.people["Supervisor East"],
    )
    nevertheless = "Two targets are ambitious on purpose: the pipeline of the autumn carries them."

    def hand_up() -> Submission:
        return planning.submit_part(version=version, unit=team, actor=lead, as_of=today, reason=nevertheless)

    first = hand_up()
    comment = "Rep East A carries too much of the team. Please move some of it."
    planning.send_back(submission=first, version=first.version, actor=supervisor, comment=comment)
    for name, change in (("Rep East A", -100_000), ("Rep East B", 100_000)):
        row = version.targets.get(person=world.people[name])
        planning.split_target(
            version=version,
            person=world.people[name],
            total=row.total + change,
            split=Target.Split.SEASON,
            actor=lead,
            lock_version=row.lock_version,
        )
    second = hand_up()
    planning.approve_submission(submission=second, version=second.version, actor=supervisor)
    whole = planning.submit_version(
        version=version, actor=planner, as_of=today, lock_version=version.lock_version, reason=nevertheless
    )
    planning.approve_submission(submission=whole, version=whole.version, actor=world.people["Administrator"])
    version.refresh_from_db()
    planning.activate_version(version=version, actor=planner, lock_version=version.lock_version)


def _split(
    version: PlanVersion, planner: User, total: Decimal, *, unit: OrgUnit | None = None, person: User | None = None
) -> None:
    planning.split_target(
        version=version,
        total=total,
        split=Target.Split.SEASON,
        actor=planner,
        lock_version=0,
        unit=unit,
        person=person,
    )


def _round(amount: Decimal, *, least: Decimal) -> Decimal:
    """To ten thousand: targets are round numbers."""
    return max((amount / 10_000).quantize(Decimal(1)) * 10_000, least)
