"""A job that is killed -9 anywhere leaves the last good snapshot, and the next launch completes it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, connections

from core import jobs
from core.models import AuditEntry, JobRun, Publication
from tests.crash import harness, victims
from tests.crash.victims import ROWS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("R1.8")]
YESTERDAY, TODAY = "2026-03-01", "2026-03-02"


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    with closing(connection.cursor()) as cursor:
        cursor.execute("CREATE TABLE crash_row (run bigint NOT NULL, number int NOT NULL)")
        yield
        cursor.execute("DROP TABLE crash_row")


def reset() -> None:
    """Bring back the morning of yesterday's snapshot."""
    Publication.objects.all().delete()
    JobRun.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE crash_row")
    victims.job(YESTERDAY)


def twice() -> None:
    """Launch today's job twice at once; in threads, which start faster than programs."""

    def launch(_number: int) -> None:
        try:
            victims.job(TODAY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(launch, range(2)))


def fault(done: bool) -> str:
    """Return what is wrong with what readers see now."""
    run = jobs.current(job="tests.crash", scope="1")
    assert run is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM crash_row WHERE run = %s ORDER BY number", [run.pk])
        numbers = [number for (number,) in cursor.fetchall()]
    if numbers != list(range(ROWS)):
        return f"{len(numbers)} rows of {ROWS}"
    if not done:
        return ""
    lines = AuditEntry.objects.filter(event="core.job.published", facts__date=TODAY, subject_id=str(run.pk)).count()
    runs = JobRun.objects.filter(business_date=TODAY, state=JobRun.State.PUBLISHED).count()
    return "" if (str(run.business_date), runs, lines) == (TODAY, 1, 1) else f"{run}: {runs} runs, {lines} lines"


def test_killed_anywhere_a_job_shows_only_whole_snapshots_and_two_launches_complete_it_once() -> None:
    reset()
    seconds = harness.duration("job", TODAY)
    tally = harness.kill_at_random_points(
        "job", TODAY, points=5, seconds=seconds, reset=reset, fault=fault, launch_twice=twice
    )
    assert tally.killed_at_work >= 1
    assert (tally.wrong_after_kill, tally.wrong_at_the_end) == ([], [])


def test_without_the_guard_the_same_kills_show_half_a_snapshot() -> None:
    reset()
    seconds = harness.duration("naive-job", TODAY)
    for part in (0.5, 0.3, 0.7, 0.2, 0.4, 0.6, 0.1):  # a busy machine may be early or late
        reset()
        harness.kill_after(seconds * part, "naive-job", TODAY)
        if fault(False).endswith(f"rows of {ROWS}"):  # noqa: FBT003
            return
    pytest.fail("no kill hit the work: the test above shows nothing")
