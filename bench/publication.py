"""What it costs to publish 36,000 targets, against what it costs the database to copy and to update the same rows."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from statistics import median
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from bench.report import table
from planning import services
from planning.models import MONTHS, Plan, PlanVersion, PublishedBalance, Submission, Target
from planning.queries import extent_of
from planning.services.submissions import _keep_targets
from teams.models import Capability, Membership, OrgUnit, User

TARGETS, TEAMS, ROUNDS = 36_000, 600, 3
COLUMNS = ", ".join((*Target.own_fields(), "lock_version"))
Status = PlanVersion.Status


def measure(plan: Plan) -> None:
    """Print how long a publication of as many targets takes, and how that compares with moving them."""
    admin = User.objects.get(email="admin@bench.example")
    approver = User.objects.get(email="planner@bench.example")
    version = _many_targets(plan, admin)
    seconds: dict[str, list[float]] = {"COPY out and in": [], "UPDATE": [], "handing up": [], "publication": []}
    balances = 0
    for number in range(ROUNDS):
        if number:
            version = _again(version, admin)
        seconds["COPY out and in"].append(_copy(version))
        seconds["UPDATE"].append(_update(version))
        seconds["handing up"].append(_hand_up(version, admin, approver))
        begun = perf_counter()
        services.activate_version(version=version, actor=admin, lock_version=1)
        seconds["publication"].append(perf_counter() - begun)
        balances = PublishedBalance.objects.filter(publication__version=version).count()
    taken = {name: median(each) for name, each in seconds.items()}
    rows = [
        (name, f"{one:.2f}", f"{one / taken['COPY out and in']:.1f}×", f"{one / taken['UPDATE']:.2f}×")
        for name, one in taken.items()
    ]
    table(
        f"Publication: {TARGETS:,} targets, {balances:,} balances of units, median of {ROUNDS}",
        ("what", "seconds", "against COPY", "against UPDATE"),
        rows,
    )


def _many_targets(plan: Plan, admin: User) -> PlanVersion:
    """A draft with one target for each of some teams and all the people in them."""
    company = OrgUnit.objects.get(kind=OrgUnit.Kind.COMPANY)
    units = OrgUnit.objects.bulk_create(
        OrgUnit(name=f"Published {n:03}", kind=OrgUnit.Kind.TEAM, parent=company) for n in range(TEAMS)
    )
    people = User.objects.bulk_create(
        User(email=f"published{n}@bench.example", name=f"Published {n}", capabilities=[Capability.REP])
        for n in range(TARGETS - TEAMS)
    )
    Membership.objects.bulk_create(
        Membership(user=person, unit=units[n % TEAMS], valid_from=date(2020, 1, 1)) for n, person in enumerate(people)
    )
    version = _draft(plan, admin)
    month = dict.fromkeys(MONTHS, Decimal("1000.01"))
    Target.objects.bulk_create([Target(version=version, unit=unit, **month) for unit in units], batch_size=5_000)
    Target.objects.bulk_create([Target(version=version, person=one, **month) for one in people], batch_size=5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return version


def _draft(plan: Plan, admin: User) -> PlanVersion:
    number = 1 + max(plan.versions.values_list("number", flat=True))
    return PlanVersion.objects.create(plan=plan, number=number, created_by=admin)


def _again(version: PlanVersion, admin: User) -> PlanVersion:
    """Another draft with the same targets."""
    draft = _draft(version.plan, admin)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO planning_target (version_id, updated_at, {COLUMNS}) "  # noqa: S608  # columns of ours
            f"SELECT %s, now(), {COLUMNS} FROM planning_target WHERE version_id = %s",
            [draft.pk, version.pk],
        )
    return draft


def _copy(version: PlanVersion) -> float:
    """Copy the rows to the client and into a table like theirs."""
    begun, held = perf_counter(), BytesIO()
    with transaction.atomic(), connection.cursor() as cursor:
        rows = f"SELECT {COLUMNS} FROM planning_target"  # noqa: S608  # columns of ours
        cursor.execute(f"CREATE TEMPORARY TABLE moved ON COMMIT DROP AS {rows} LIMIT 0")
        cursor.copy_expert(f"COPY ({rows} WHERE version_id = {version.pk}) TO STDOUT", held)
        held.seek(0)
        cursor.copy_expert(f"COPY moved ({COLUMNS}) FROM STDIN", held)
    return perf_counter() - begun


def _update(version: PlanVersion) -> float:
    """Update every row, as an edit of the whole grid would."""
    begun = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE planning_target SET m01 = m01 + 0 WHERE version_id = %s", [version.pk])
    return perf_counter() - begun


def _hand_up(version: PlanVersion, admin: User, approver: User) -> float:
    """Keep what is asked for, as handing up does, without judging every target; then approve it."""
    now = timezone.now()
    decided = {"status": Submission.Status.APPROVED, "decided_by": approver, "decided_at": now}
    made = Submission.objects.create(plan_version=version, round=1, submitted_by=admin, submitted_at=now, **decided)
    begun = perf_counter()
    with transaction.atomic():
        _keep_targets(made, extent_of(None))
    took = perf_counter() - begun
    for status in (Status.SUBMITTED, Status.APPROVED):
        PlanVersion.objects.filter(pk=version.pk).update(status=status)
    return took
