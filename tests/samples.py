"""
A small company with a year behind it, and which of its rows stand for a route's arguments.

The browser crawl and the access test visit every URL name. A name with arguments finds them here by the longest prefix:
`customers:deal-` serves `customers:deal-detail`, `customers:deal-edit` and whatever comes later. Nothing is pasted twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256

from django.core.files.base import ContentFile

from core.models import ApiToken
from customers.models import (
    Activity,
    Contact,
    Customer,
    Deal,
    ImportFile,
    MarketSize,
    Pipeline,
    ProductLine,
    Stage,
    Strategy,
)
from planning import services as planning
from planning.models import (
    By,
    Commitment,
    ConversionWarning,
    FullQuota,
    Plan,
    PlanVersion,
    Potential,
    Scenario,
    Scope,
    ShareTarget,
    StageGoal,
    Submission,
    Target,
)
from teams.models import CapacityRule, PlannedHire, Presence, WorkdayOverride
from tests.factories.customers import make_channel, make_customer, make_deal, make_pipeline, make_product, make_region
from tests.factories.planning import make_metric, make_plan, make_submission, make_target, make_version
from tests.factories.teams import Cast, make_cast
from tests.factories.warnings import make_warning

PATHS = (
    ("Lead",),
    ("Lead", "Contacted"),
    ("Lead", "Contacted", "Visited"),
    ("Lead", "Contacted", "Visited", "Quoted"),
    ("Lead", "Contacted", "Visited", "Quoted", "Won"),
    ("Lead", "Contacted", "Visited", "Quoted", "Won"),
    ("Lead", "Contacted", "Lost"),
)
FAILED = {
    "name": "Diaz",
    "check": "measurable",
    "facts": {"metric": ["", ""], "unit": "money", "currency": "CNY", "base": None},
}
CSV = b"id,title,owner,stage,created,closed,amount\n1,A deal,rao@test.example,Won,2025-01-05,2025-02-01,1000\n"


@dataclass(frozen=True)
class World:
    """What `make_world` made; everything of a person's is Rao's unless it says otherwise."""

    cast: Cast
    pipeline: Pipeline
    stage: Stage
    product: ProductLine
    customer: Customer
    contact: Contact
    deal: Deal
    won: Deal
    activity: Activity
    plan: Plan
    active: PlanVersion
    draft: PlanVersion
    approved: PlanVersion
    submission: Submission  # of team two in the east, by its lead
    target: Target
    other_target: Target
    import_file: ImportFile
    token: ApiToken
    warning: ConversionWarning
    workday: WorkdayOverride
    rule: CapacityRule
    presence: Presence
    hire: PlannedHire
    quota: FullQuota
    scenario: Scenario
    goal: StageGoal
    size: MarketSize
    share: ShareTarget  # of the draft
    potential: Potential
    strategy: Strategy


def make_world(today: date, *, deals: int = 42, store_file: bool = True) -> World:
    """
    Make the company as it stands on a day: deals since a year, a plan with an active version and a draft.

    :param store_file: whether the import's file lies in the media folder, or only its name is known
    """
    cast = make_cast()
    pipeline = make_pipeline()
    owners = (cast.rao, cast.peer, cast.west_rep)
    product, region, channel = make_product("Flagship"), make_region("East coast"), make_channel("Fair")
    made = [
        make_deal(
            owner=owners[number % 3],
            pipeline=pipeline,
            path=PATHS[number % len(PATHS)],
            amount=Decimal(20_000 + 1_500 * number),
            created=today - timedelta(days=40 + 8 * number),
            product=product,
            region=region,
            channel=channel,
            expected_close_date=today + timedelta(days=7 + number),
        )
        for number in range(deals)
    ]
    own = [deal for deal in made if deal.owner == cast.rao]
    deal = next(deal for deal in own if deal.stage.is_open)
    customer = deal.customer or make_customer(owner=cast.rao)
    now = datetime.combine(today, time(9), UTC)
    activity = Activity.objects.create(
        kind=Activity.Kind.CALL, deal=deal, person=cast.rao, subject="Ask for the order", due_at=now - timedelta(days=1)
    )
    Activity.objects.create(
        kind=Activity.Kind.VISIT,
        deal=deal,
        person=cast.rao,
        subject="Show the machine",
        done_at=now - timedelta(days=9),
    )
    plan = make_plan(today.year)
    active = make_version(plan, status=PlanVersion.Status.ACTIVE, by=cast.planner, at=now)
    for unit, monthly in (
        (cast.company, 600_000),
        (cast.east, 400_000),
        (cast.west, 200_000),
        (cast.east_one, 200_000),
    ):
        make_target(active, unit=unit, month=Decimal(monthly))
    target = make_target(active, person=cast.rao, month=Decimal(90_000))
    draft = make_version(plan, number=2, by=cast.planner, based_on=active)
    make_target(draft, unit=cast.company, month=Decimal(650_000))
    make_target(draft, unit=cast.east_one, month=Decimal(220_000))
    make_target(draft, unit=cast.east_two, month=Decimal(210_000))
    make_target(draft, person=cast.rao, month=Decimal(95_000))
    make_target(draft, person=cast.diaz, month=Decimal(70_000))
    approved = make_version(plan, number=3, status=PlanVersion.Status.APPROVED, by=cast.planner, based_on=active)
    make_target(approved, unit=cast.company, month=Decimal(640_000))
    submission = make_submission(
        draft, unit=cast.east_two, by=cast.diaz, failed=[FAILED], reason="The base is checked in March."
    )
    PlanVersion.objects.filter(pk=draft.pk).update(talk=PlanVersion.Talk.BLIND)
    Commitment.objects.create(
        version=draft,
        person=cast.rao,
        act="commit",
        amount=1_080_000,
        note="Two renewals",
        said_by=cast.rao,
        said_at=now,
    )
    other = make_target(draft, person=cast.rao, scope=Scope(make_metric(), product), month=Decimal(3))
    planning.derive_goals(version=active, actor=cast.planner, today=today, now=now)
    import_file = ImportFile(
        uploaded_by=cast.rao,
        file_name="history.csv",
        sha256=sha256(CSV).hexdigest(),
        source="history",
        shape=ImportFile.Shape.DEALS,
        pipeline=pipeline,
        header=CSV.decode().splitlines()[0].split(","),
        mapping={"external_id": "id", "stage": "stage", "created": "created"},
        profile={"stage": {"samples": ["Won"], "words": {"Won": 1}, "blanks": 0, "rows": 1}},
    )
    if store_file:
        import_file.file.save("history.csv", ContentFile(CSV), save=False)
    import_file.save()
    token, _secret = ApiToken.objects.create(user=cast.rao, name="Reports", scopes=["deals:read"])
    return World(
        cast=cast,
        pipeline=pipeline,
        stage=pipeline.stages.get(name="Visited"),
        product=product,
        customer=customer,
        contact=Contact.objects.create(customer=customer, name="Buyer", role="Purchasing"),
        deal=deal,
        won=next(deal for deal in own if deal.stage.kind == Stage.Kind.WON),
        activity=activity,
        plan=plan,
        active=active,
        draft=draft,
        approved=approved,
        submission=submission,
        target=target,
        other_target=other,
        import_file=import_file,
        token=token,
        warning=make_warning(
            plan=plan, stage=pipeline.stages.get(name="Quoted"), by=By.PERSON, member=cast.rao.pk, found_date=today
        ),
        workday=WorkdayOverride.objects.create(
            day=date(today.year, 12, 30), is_workday=False, note="Year-end closing", made_by=cast.planner, made_at=now
        ),
        rule=CapacityRule.objects.create(unit=cast.east_one, ramp=[0.2, 0.6, 1.0], note="Own cohorts of two years"),
        presence=Presence.objects.create(person=cast.rao, first_month=plan.fiscal_year.first_date, share=0.8),
        hire=PlannedHire.objects.create(
            unit=cast.east_one, start_month=plan.fiscal_year.first_date, count=1, name="Second key account seat"
        ),
        scenario=Scenario.objects.create(version=active, slot=1, name="More leads", leads=1.2, author=cast.mori),
        quota=FullQuota.objects.create(plan=plan, unit=cast.east_one, amount=Decimal(2_000_000), changed_by=cast.lin),
        size=MarketSize.objects.create(
            product=product,
            region=region,
            first_date=date(today.year, 1, 1),
            after_date=date(today.year + 1, 1, 1),
            size=Decimal(9_000_000),
            currency="CNY",
            source="Association",
            estimated_date=today,
            recorded_by=cast.planner,
            recorded_at=now,
        ),
        potential=Potential.objects.create(
            plan=plan, person=cast.rao, amount=Decimal(900_000), origin="typed", set_by=cast.mori, set_at=now
        ),
        share=ShareTarget.objects.create(
            version=draft, product=product, region=region, share=0.3, set_by=cast.planner, set_at=now
        ),
        strategy=Strategy.objects.create(name="Win the coast", owner=cast.lin),
        goal=StageGoal.objects.get(funnel__target=target, stage__name="Visited"),
    )


Sample = Callable[[World], Mapping[str, object]]

# URL name or its beginning: the arguments. The longest beginning counts.
SAMPLES: dict[str, Sample] = {
    "api:person": lambda world: {"pk": world.cast.rao.pk},
    "api:unit": lambda world: {"pk": world.cast.east_one.pk},
    "api:capacity-rule": lambda world: {"pk": world.rule.pk},
    "api:presence": lambda world: {"pk": world.presence.pk},
    "api:planned-hire": lambda world: {"pk": world.hire.pk},
    "api:full-quota": lambda world: {"pk": world.quota.pk},
    "api:customer": lambda world: {"pk": world.customer.pk},
    "api:deal": lambda world: {"pk": world.deal.pk},
    "api:activity": lambda world: {"pk": world.activity.pk},
    "api:pipeline": lambda world: {"pk": world.pipeline.pk},
    "api:product-line": lambda world: {"pk": world.deal.product_id},
    "api:region": lambda world: {"pk": world.deal.region_id},
    "api:channel": lambda world: {"pk": world.deal.channel_id},
    "api:plan": lambda world: {"pk": world.plan.pk},
    "api:plan-version": lambda world: {"pk": world.draft.pk},
    "api:warning": lambda world: {"pk": world.warning.pk},
    "api:market-size": lambda world: {"pk": world.size.pk},
    "api:potential": lambda world: {"pk": world.potential.pk},
    "api:share-target": lambda world: {"pk": world.share.pk},
    "api:strategy": lambda world: {"pk": world.strategy.pk},
    "api:stage-goal": lambda world: {"pk": world.goal.pk},
    "api:target": lambda world: {"pk": world.target.pk},
    "account_reset_password_from_key": lambda world: {"uidb36": "1", "key": "x-y"},
    "openid_connect_": lambda world: {"provider_id": "company"},
    "teams:person": lambda world: {"pk": world.cast.rao.pk},
    "teams:unit": lambda world: {"pk": world.cast.east_one.pk},
    "teams:capacity-rule": lambda world: {"pk": world.cast.east_one.pk},
    "teams:presence": lambda world: {"pk": world.presence.pk},
    "teams:hire": lambda world: {"pk": world.hire.pk},
    "teams:token": lambda world: {"key": world.token.token_key},
    "customers:deal": lambda world: {"pk": world.deal.pk},
    "customers:activity": lambda world: {"pk": world.activity.pk},
    "customers:customer": lambda world: {"pk": world.customer.pk},
    "customers:contact": lambda world: {"pk": world.contact.pk},
    "customers:contact-new": lambda world: {"pk": world.customer.pk},
    "customers:pipeline": lambda world: {"pk": world.pipeline.pk},
    "customers:stage-new": lambda world: {"pk": world.pipeline.pk},
    "customers:stage": lambda world: {"pk": world.stage.pk},
    "customers:import": lambda world: {"pk": world.import_file.pk, "shape": "deals", "kind": "csv"},
    "customers:word": lambda world: {"kind": "products", "pk": world.product.pk},
    "planning:forecast": lambda world: {"unit": world.cast.east_one.pk},
    "planning:deal": lambda world: {"pk": world.deal.pk},
    "planning:warning": lambda world: {"pk": world.warning.pk},
    "planning:workday": lambda world: {"pk": world.workday.pk},
    "api:scenario": lambda world: {"pk": world.scenario.pk},
    "planning:scenario": lambda world: {"pk": world.scenario.pk, "version": world.active.pk},
    "planning:full-quota": lambda world: {
        "plan": world.plan.pk,
        "person": world.cast.rao.pk,
        "unit": world.cast.east_one.pk,
    },
    "planning:share-target": lambda world: {"version": world.draft.pk, "kind": "csv"},
    "planning:target-links": lambda world: {"pk": world.target.pk},
    "customers:strategy": lambda world: {"pk": world.strategy.pk},
    "planning:stage-goal": lambda world: {"pk": world.goal.pk},
    "planning:funnel-goals-export": lambda world: {"kind": "csv"},
    "planning:funnel-derive": lambda world: {"version": world.draft.pk},
    "planning:plan": lambda world: {"pk": world.plan.pk},
    "planning:conversion-export": lambda world: {"kind": "csv"},
    "planning:targets-export": lambda world: {"version": world.draft.pk, "kind": "csv"},
    "planning:potentials": lambda world: {
        "version": world.draft.pk,
        "unit": world.cast.east_one.pk,
        "kind": "csv",
    },
    "planning:versions-compare": lambda world: {"pk": world.plan.pk},
    "planning:plan-activate": lambda world: {"pk": world.approved.pk},
    "planning:version": lambda world: {"pk": world.draft.pk, "unit": world.cast.east_one.pk},
    "planning:version-close": lambda world: {"pk": world.active.pk},
    "planning:submission": lambda world: {"pk": world.submission.pk},
    "api:submission": lambda world: {"pk": world.submission.pk},
    "planning:other-target": lambda world: {"version": world.draft.pk, "pk": world.other_target.pk},
    "planning:metric-edit": lambda world: {"code": "wins"},
    "planning:target-smart": lambda world: {"version": world.active.pk, "pk": world.target.pk},
    "planning:target": lambda world: {
        "pk": world.target.pk,
        "version": world.draft.pk,
        "person": world.cast.rao.pk,
        "unit": world.cast.east_one.pk,
    },
}


def arguments(name: str, wanted: frozenset[str], world: World) -> dict[str, object]:
    """
    Return the arguments of a URL name that takes those wanted.

    :raises KeyError: where no sample serves the name: add one to SAMPLES
    """
    if not wanted:
        return {}
    beginnings = [beginning for beginning in SAMPLES if name.startswith(beginning)]
    if not beginnings:
        raise KeyError(f"{name} takes {sorted(wanted)}: add a sample to tests/samples.py")
    given = SAMPLES[max(beginnings, key=len)](world)
    missing = wanted - given.keys()
    if missing:
        raise KeyError(f"{name} takes {sorted(missing)} besides: add them to its sample in tests/samples.py")
    return {key: given[key] for key in wanted}
