"""
What a night costs by the size of the company: 10,000, 100,000 and a million deals, ten lines of history each.

`python -m bench.scale [--arithmetic | --stored] [--keep] [DEALS …]` measures the arithmetic on lines in memory (the one
half), and what is stored (the other): it invents the company, lays the groundwork of the month in one process and again with
a Celery worker that helps, and makes the night and the watch on it. Each step runs in a process of its own, so that its peak
memory is its own. The floor is binary COPY of the rows that a whole reading takes, out of Postgres, thrown away. Seconds are
of the clock; beside them those of the processor, of the step's process and of its Postgres backend: on a busy machine only
these say what the work costs. --keep leaves the databases (bench_scale_DEALS) for the next time.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil

from bench.database import throw_away
from bench.report import table

SIZES = (10_000, 100_000, 1_000_000)
ROWS = (
    "SELECT deal_id, seq, to_stage_id, occurred_at, amount, expected_close_date FROM customers_stageevent",
    "SELECT id, product_id, channel_id, region_id, created_date FROM customers_deal",
    "SELECT deal_id, owner_id, valid_from, valid_to FROM customers_dealownership",
)
STEPS = {
    "copy": "COPY of the rows, thrown away",
    "lay": "groundwork laid, one worker",
    "lay_helped": "groundwork laid, two workers",
    "night": "night: lines read, hazards and chances",
    "forecast": "night: the whole forecast, simulation included",
    "publish": "night: read, forecast, conversions, cover; all rows written",
    "watch": "watch over conversions: read, judged, written",
}
PEAKS = {"lay": "groundwork", "publish": "night", "watch": "watch over conversions"}
OPTIONS = ("--arithmetic", "--stored", "--keep")
NOWHERE = {  # for a step that asks no database
    "DJANGO_SETTINGS_MODULE": "bench.settings",
    "DATABASE_URL": "postgres://none/none",
    "REDIS_URL": "redis://none",
    "SECRET_KEY": "bench",
    "DEBUG": "1",
}
ARITHMETIC = {
    "lessons": "groundwork: lessons (of at most 2,000,000 lines)",
    "replays": "groundwork: replays of past days (of at most 300,000 lines)",
    "past": "groundwork: the past as tables, deals condensed",
    "settled": "groundwork: conversions, pipeline and steps as tables",
    "hazards": "night: hazards of the day",
    "chances": "night: chances and expected values",
}
SUMS = {"groundwork": ("lessons", "replays", "past", "settled"), "night": ("hazards", "chances")}


_GAINS: dict[str, Callable[[dict[str, float], dict[str, float]], str]] = {
    "one alone": lambda one, _: f"{one['seconds']:.1f} ({one['cpu']:.2f})",
    "the leader of two": lambda _, two: f"{two['seconds']:.1f} ({two['cpu']:.2f})",
    "the helper": lambda _, two: f"({two['helper']:.2f})",
    "times as fast by the clock": lambda one, two: f"{one['seconds'] / two['seconds']:.2f}",
    "by the processor": lambda one, two: f"{one['cpu'] / max(two['cpu'], two['helper']):.2f}",
}


def main() -> None:
    """Measure each size and print the tables."""
    sizes = [int(asked) for asked in sys.argv[1:] if asked not in OPTIONS] or SIZES
    if "--stored" not in sys.argv:
        _reckon(sizes)
    if "--arithmetic" in sys.argv:
        return
    found = {size: _measure(size, keep="--keep" in sys.argv) for size in sizes}
    table(
        "A night by size: seconds (of the processor: ours + Postgres), ratio to COPY",
        ("step", *(f"{size:,} deals" for size in sizes)),
        [(text, *(_cell(found[size], step) for size in sizes)) for step, text in STEPS.items()],
    )
    table(
        "One worker and two: seconds (of the processor, Postgres' aside); what two gain where each has a processor of its own",
        ("", *(f"{size:,} deals" for size in sizes)),
        [
            (name, *(say(found[size]["lay"], found[size]["lay_helped"]) for size in sizes))
            for name, say in _GAINS.items()
        ],
    )
    table(
        "Peak memory, MB",
        ("process", *(f"{size:,} deals" for size in sizes)),
        [(text, *(f"{found[size][step]['peak']:.0f}" for size in sizes)) for step, text in PEAKS.items()],
    )
    table(
        "What was read",
        ("", *(f"{size:,} deals" for size in sizes)),
        [
            (name, *(f"{found[size]['facts'][name]:,}" for size in sizes))
            for name in ("lines", "lines of the month", "open deals", "parts")
        ],
    )
    print(f"\n{os.cpu_count()} processors; load at the end {os.getloadavg()[0]:.1f}.")


def _reckon(sizes: Sequence[int]) -> None:
    found = {size: _child("reckon", size) for size in sizes}
    table(
        "Arithmetic alone, lines in memory: seconds (of the processor)",
        ("step", *(f"{size:,} deals, {found[size]['lines']['n']:,} lines" for size in sizes)),
        [
            (text, *(f"{found[size][step]['seconds']:.2f} ({found[size][step]['cpu']:.2f})" for size in sizes))
            for step, text in ARITHMETIC.items()
        ]
        + [
            (f"sum: {name}", *(f"({sum(found[size][step]['cpu'] for step in steps):.2f})" for size in sizes))
            for name, steps in SUMS.items()
        ]
        + [("peak memory of all, MB", *(f"{found[size]['chances']['peak']:.0f}" for size in sizes))],
    )
    print(f"\n{os.cpu_count()} processors; load {os.getloadavg()[0]:.1f}.", flush=True)


def _cell(found: dict[str, Any], step: str) -> str:
    one = found[step]
    return f"{one['seconds']:.2f} ({one['cpu']:.2f} + {one['postgres']:.2f}) {spent(one) / spent(found['copy']):.1f}×"


def spent(one: dict[str, Any]) -> float:
    """Seconds of the processor in all: what a ratio can be made of on a busy machine."""
    return float(one["cpu"] + one["postgres"])


def _measure(size: int, *, keep: bool) -> dict[str, Any]:
    with throw_away(f"bench_scale_{size}" if keep else "") as is_there:
        _set_up()
        facts = _child("count") if is_there else _child("load", size)
        found = {step: _child(step) for step in ("copy", "lay")}
        with _worker() as helper:
            before = _used(helper)
            found["lay_helped"] = _child("lay_helped")
            found["lay_helped"]["helper"] = _used(helper) - before
        found |= {step: _child(step) for step in ("night", "forecast", "publish", "watch")}
    facts |= {name: found["night"][name] for name in ("lines of the month", "open deals", "parts")}
    return found | {"facts": facts}


def _set_up() -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True)


def _child(step: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.scale", f"--{step}", *map(str, arguments)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**NOWHERE, **os.environ})
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    print(f"{step}: {found}", file=sys.stderr, flush=True)
    return found


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    """A Celery worker of one process, until the end of the block."""
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-c", "1", "-l", "ERROR"]
    worker = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _child("wait")
        yield psutil.Process(worker.pid)
    finally:
        worker.terminate()
        worker.wait(60)


def _used(process: psutil.Process) -> float:
    """Seconds of the processor that a process and its children have used."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def timed(act: Callable[[], object], *, backend: int | None = None) -> dict[str, float]:
    """Run it, and say what it took. backend: process of the Postgres that serves it, None where there is none."""
    begun, used, served = time.perf_counter(), time.process_time(), _served(backend)
    act()
    taken = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - used}
    taken["postgres"] = _served(backend) - served
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return taken | {"peak": held / 1024 if sys.platform.startswith("linux") else held / 1024**2}


def _served(backend: int | None) -> float:
    """Seconds of the processor that a process of this machine has used; 0 where it cannot be seen."""
    try:
        fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _step(name: str, *arguments: str) -> dict[str, Any]:
    """One step in this process."""
    import django

    django.setup()
    from bench import scale_steps
    from core.jobs import patient_statements

    step: Callable[..., dict[str, Any]] = getattr(scale_steps, name)
    with nullcontext() if name == "reckon" else patient_statements():
        return step(*map(int, arguments))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--") and sys.argv[1] not in OPTIONS:
        print(json.dumps(_step(sys.argv[1].removeprefix("--"), *sys.argv[2:])))
    else:
        main()
