"""
The nightly forecast and the watch over conversions, in a process of their own so that its peak memory is theirs:
`python -m bench.night PLAN DAY`.

The floor is binary COPY of the columns that it reads, out of Postgres into memory, in whatever order they lie.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO
from statistics import median
from time import perf_counter

from bench.report import table

RUNS = 3
ROWS = (
    "SELECT deal_id, seq, to_stage_id, occurred_at, amount, expected_close_date FROM customers_stageevent",
    "SELECT id, product_id, channel_id, region_id, created_date FROM customers_deal",
    "SELECT deal_id, owner_id, valid_from, valid_to FROM customers_dealownership",
)


def measure(plan: int, as_of: date) -> None:
    """Print what the night costs."""
    answer = subprocess.run(
        [sys.executable, "-m", "bench.night", str(plan), as_of.isoformat()],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(answer.stdout)
    copy = found["seconds"]["COPY of the rows it reads"]
    table(
        f"The night: {found['deals']:,} deals, {found['events']:,} lines of history, {found['nodes']} units and people",
        ("step", "seconds", "× COPY"),
        [(name, f"{seconds:.2f}", f"{seconds / copy:.1f}") for name, seconds in found["seconds"].items()],
    )
    print(f"\nPeak memory {found['peak']:.0f} MB, of which {found['idle']:.0f} MB before the first row.")


def main() -> None:
    """Measure in this process and say the numbers as JSON."""
    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from customers.models import Deal, StageEvent
    from planning import services
    from planning.models import Plan
    from planning.queries.history import deal_history
    from planning.queries.snapshot import snapshot

    plan, as_of = Plan.objects.select_related("fiscal_year").get(pk=int(sys.argv[1])), date.fromisoformat(sys.argv[2])

    def copy() -> None:
        with connection.cursor() as cursor:
            for select in ROWS:
                cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", BytesIO())

    def whole() -> None:
        outcome = services.run_forecast(plan=plan, as_of=as_of, clock=timezone.now, again=True)
        assert outcome == "published", outcome

    def watch() -> None:
        outcome = services.watch_conversions(plan=plan, as_of=as_of, clock=timezone.now, again=True)
        assert outcome == "published", outcome

    idle = _peak()
    nodes = snapshot(plan=plan, as_of=as_of).places.node_count
    seconds = {
        "COPY of the rows it reads": _median(copy),
        "history read into arrays": _median(lambda: deal_history(as_of=as_of, time_zone=plan.time_zone)),
        "snapshot reckoned": _median(lambda: snapshot(plan=plan, as_of=as_of)),
        "whole night, published": _median(whole),
        "watch over conversions, published": _median(watch),
    }
    facts = {"deals": Deal.objects.count(), "events": StageEvent.objects.count(), "nodes": nodes}
    json.dump({"seconds": seconds, "idle": idle, "peak": _peak(), **facts}, sys.stdout)


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        begun = perf_counter()
        act()
        taken.append(perf_counter() - begun)
    return median(taken)


def _peak() -> float:
    """MB that this process held at most so far."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1024 if sys.platform.startswith("linux") else held / 1024**2


if __name__ == "__main__":
    main()
