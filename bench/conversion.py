"""The conversion page's figures: reading the trials and reckoning all rates, for a region, a team and one rep."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median
from time import perf_counter

from django.db import connection
from django.utils import timezone

from bench.report import table
from bench.world import World
from customers.models import Activity, StageEvent
from planning.forms import answered_rates
from planning.models import RateSettings
from planning.queries.rate_periods import LAST_12
from planning.queries.trials import trial_book
from teams.models import Company, User

RUNS = 5
_ACTIVITIES = """
INSERT INTO customers_activity (kind, deal_id, customer_id, person_id, subject, note, due_at, done_at, version, created_at)
SELECT CASE WHEN event.seq = 1 THEN 'call' ELSE 'visit' END, deal.id, deal.customer_id, deal.owner_id, 'bench', '', NULL,
       event.occurred_at + interval '2 hours', 1, now()
FROM customers_stageevent event JOIN customers_deal deal ON deal.id = event.deal_id
WHERE event.seq IN (1, 3)
"""


def measure(world: World) -> None:
    """Print what one look at the page costs, without the drawing of it."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVITIES)
        cursor.execute("ANALYZE customers_activity")
    as_of = timezone.localdate()
    rep = User.objects.filter(memberships__unit__managements__user=world.lead).exclude(pk=world.lead.pk).first()
    read = partial(
        trial_book,
        since=as_of - timedelta(days=730),
        as_of=as_of,
        company=Company.objects.the_one(),
        settings=RateSettings.objects.the_one(),
    )
    rows = [("reading two years of trials", _seconds(read))]
    for name, user in (("region", world.supervisor), ("team", world.lead), ("rep", rep)):
        if user is not None:
            rows.append(
                (
                    f"all rates of a {name}, last 12 months",
                    _seconds(partial(answered_rates, {"period": LAST_12}, user=user, as_of=as_of)),
                )
            )
    table(
        f"Conversion: {StageEvent.objects.count():,} lines of history, {Activity.objects.count():,} activities, "
        f"{len(read().begun):,} trials in two years",
        ("step", "seconds"),
        [(name, f"{seconds:.2f}") for name, seconds in rows],
    )


def _seconds(step: Callable[[], object]) -> float:
    found = []
    for _run in range(RUNS):
        begun = perf_counter()
        step()
        found.append(perf_counter() - begun)
    return median(found)
