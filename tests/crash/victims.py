"""The programs that the crash tests kill: `python -m tests.crash.victims NAME ARGUMENTS…`."""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import django

ROWS = 60
MONTHS = 2  # a record of so many months is made in a few seconds


def begin() -> None:
    """Say that the work begins: from here on a kill counts."""
    sys.stdout.write("begun\n")
    sys.stdout.flush()


def job(day: str, *, again: bool = False) -> str:
    """Carry out a job of `core.jobs` that writes its rows slowly, one by one."""
    from django.db import connection

    from core import jobs
    from core.models import JobRun

    def write(run: JobRun, rows: int) -> int:
        with connection.cursor() as cursor:
            for number in range(rows):
                cursor.execute("INSERT INTO crash_row (run, number) VALUES (%s, %s)", [run.pk, number])
                cursor.execute("SELECT pg_sleep(0.003)")
        return rows

    begin()

    def clock() -> datetime:
        return datetime.now(UTC)

    run = jobs.due(job="tests.crash", scope="1", business_date=date.fromisoformat(day), now=clock(), again=again)
    return jobs.carry_out(run, reckon=lambda: ROWS, write=write, clock=clock)


def naive_job(day: str) -> str:
    """Do the same work without any guard: delete what readers see, insert it anew."""
    from django.db import connection

    from core import jobs

    begin()
    run = jobs.current(job="tests.crash", scope="1")
    assert run is not None
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crash_row WHERE run = %s", [run.pk])
        for number in range(ROWS):
            cursor.execute("INSERT INTO crash_row (run, number) VALUES (%s, %s)", [run.pk, number])
            cursor.execute("SELECT pg_sleep(0.003)")
    return "published"


def nightly(day: str) -> str:
    """Run the product's night."""
    from django.core.management import call_command

    begin()
    call_command("run_nightly", f"--date={day}")
    return ""


def naive_nightly(day: str) -> str:
    """Forecast as the night does, but write the rows that readers see in place."""
    from planning.models import NodeForecast, Plan
    from planning.queries.snapshot import snapshot

    plan = Plan.objects.get()
    shown = NodeForecast.objects.current(plan)
    run = shown.first()
    assert run is not None
    night = snapshot(plan=plan, as_of=date.fromisoformat(day))
    begin()
    shown.delete()
    for row in night.nodes:
        row.run_id = run.run_id
        row.save()
        time.sleep(0.005)  # a real night writes a hundred times as many rows
    return ""


def monthly(today: str) -> str:
    """Judge the forecasts of the last two months that are over, as the step of the month does."""
    from planning import services

    begin()
    day = date.fromisoformat(today)
    return services.run_track_record(today=day, clock=lambda: datetime.now(UTC), months=MONTHS)


def naive_monthly(_today: str) -> str:
    """Judge them too, but write the rows that readers see in place."""
    from planning.models import PastForecast

    shown = PastForecast.objects.current()
    rows = list(shown)
    begin()
    shown.delete()
    for row in rows:
        row.pk = None
        row.save(force_insert=True)
        time.sleep(0.005)
    return ""


VICTIMS: dict[str, Callable[[str], str]] = {
    "job": job,
    "naive-job": naive_job,
    "nightly": nightly,
    "naive-nightly": naive_nightly,
    "monthly": monthly,
    "naive-monthly": naive_monthly,
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.stdout.write(f"{VICTIMS[sys.argv[1]](*sys.argv[2:])}\nended\n")
    sys.stdout.flush()
