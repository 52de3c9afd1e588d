"""What a scenario costs beside a forecast made anew, and beside only reading the night that it moves."""

from collections.abc import Callable
from decimal import Decimal
from statistics import median
from time import process_time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.report import table
from core.periods import add_months, month_start
from planning.models import FullQuota, Plan
from planning.queries import capacity_of
from planning.queries.forecasts import Node, shown_run
from planning.queries.scenarios import Wish, night_rows, plays
from planning.queries.snapshot import snapshot
from teams.models import Capability, OrgUnit, User

ROUNDS = 9
LIMIT_MS = 300  # from letting a slider go to the figures; the page comes on top of this


def measure(plan: Plan) -> None:
    """Print CPU milliseconds (median of rounds), queries, and the ratio to the forecast made anew."""
    planner = User.objects.filter(capabilities__contains=[Capability.ADMINISTRATOR]).earliest("pk")
    company = OrgUnit.objects.get(kind=OrgUnit.Kind.COMPANY)
    FullQuota.objects.get_or_create(
        plan=plan, unit=company, defaults={"amount": Decimal(1_000_000), "changed_by": planner}
    )
    run = shown_run(plan)
    if run is None:
        raise RuntimeError("There is no night to move.")
    start = add_months(month_start(run.business_date), 1)
    levers = Wish(win_rate=1.1, price=0.95, leads=1.2)
    people = Wish(win_rate=1.1, leads=1.2, ramp=1.5, hires=10, unit=company, month=start)

    top = Node(unit=company)

    def four() -> None:
        plays(plan=plan, run=run, rows=night_rows(run, planner, node=top), wishes=[people, people, levers, Wish()])

    def everybody() -> None:
        plays(plan=plan, run=run, rows=night_rows(run, planner), wishes=[people])

    anew, _queries = _cost(lambda: snapshot(plan=plan, as_of=run.business_date), rounds=1)
    rows = [("a forecast made anew (the baseline)", f"{anew:.0f}", "", "1.000")]
    for name, work in (
        ("recompute of the page: tried and three kept", four),
        ("one scenario of everybody, as a draft needs it", everybody),
        ("capacity of the year", lambda: capacity_of(plan, as_of=run.business_date)),
    ):
        spent, queries = _cost(work)
        rows.append((name, f"{spent:.1f}", str(queries), f"{spent / anew:.3f}"))
    people_there = User.objects.filter(is_active=True).count()
    table(f"Scenarios: {people_there} people, limit {LIMIT_MS} ms", ("what", "CPU ms", "queries", "÷ anew"), rows)


def _cost(work: Callable[[], object], *, rounds: int = ROUNDS) -> tuple[float, int]:
    """Median CPU milliseconds of a piece of work, and its queries."""
    with CaptureQueriesContext(connection) as captured:
        if rounds > 1:
            work()
    spent = []
    for _round in range(rounds):
        begun = process_time()
        work()
        spent.append((process_time() - begun) * 1000)
    return median(spent), len(captured)
