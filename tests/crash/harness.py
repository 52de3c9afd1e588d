"""
Killing a program of ours at any line: starting it on the test's database, killing it at a moment, looking at what is left.

A victim is a function of `victims`; it says "begun" when its work starts, so that no kill is wasted on Python's imports.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from django.conf import settings
from django.db import connection

NAME = "yearline-victim"
PATIENCE = 60


@dataclass
class Tally:
    """What readers saw: after each kill, and after two later launches."""

    points: int = 0
    killed_at_work: int = 0
    wrong_after_kill: list[str] = field(default_factory=list)
    wrong_at_the_end: list[str] = field(default_factory=list)


def start(victim: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a victim on the test's database and return once its work begins (or it ended)."""
    one = connection.settings_dict
    password = quote(str(one["PASSWORD"]), safe="")
    # A socket folder as host cannot stand in the address itself.
    address = (
        f"postgres://{one['USER']}:{password}@/{one['NAME']}?host={quote(str(one['HOST']), safe='')}&port={one['PORT']}"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.victims", victim, *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address, "PGAPPNAME": NAME, "DEBUG": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() in {"begun\n", ""}
    return process


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a victim's end and return what it said. :raises AssertionError: when it failed"""
    said, wrong = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, wrong
    return said.removesuffix("ended\n").strip()


def duration(victim: str, *arguments: str) -> float:
    """Return the seconds that a victim works when nobody kills it."""
    process = start(victim, *arguments)
    begun = time.monotonic()
    assert process.stdout is not None
    while process.stdout.readline() not in {"ended\n", ""}:
        pass
    seconds = time.monotonic() - begun
    finish(process)
    return seconds


def kill_after(seconds: float, victim: str, *arguments: str) -> bool:
    """Start a victim and kill it -9 so long after its work began. Return whether it was still at work."""
    process = start(victim, *arguments)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said, _wrong = process.communicate()
    _wait_until_postgres_knows()
    return "ended" not in said


def kill_at_random_points(
    victim: str,
    *arguments: str,
    points: int,
    seconds: float,
    reset: Callable[[], None],
    fault: Callable[[bool], str],
    launch_twice: Callable[[], None] | None = None,
) -> Tally:
    """
    Kill a victim at points spread over its work, and launch it twice at once after each.

    :param seconds: how long its work lasts
    :param reset: brings back the state before it
    :param launch_twice: launches the same work twice at once; None = as two programs
    :param fault: what is wrong with what readers see, "" if nothing; its argument says whether the work must be done by now
    """
    tally = Tally()
    for moment in _moments(points, seconds):
        reset()
        tally.points += 1
        tally.killed_at_work += kill_after(moment, victim, *arguments)
        tally.wrong_after_kill += filter(None, [fault(False)])  # noqa: FBT003  # see `fault`
        if launch_twice is not None:
            launch_twice()
        else:
            for process in [start(victim, *arguments), start(victim, *arguments)]:
                finish(process)
        tally.wrong_at_the_end += filter(None, [fault(True)])  # noqa: FBT003
    return tally


def _moments(points: int, seconds: float) -> Iterator[float]:
    """Spread points evenly over the work and a little beyond it, each at random within its part."""
    chance = random.Random(points)
    return ((point + chance.random()) / points * seconds * 1.05 for point in range(points))


def _wait_until_postgres_knows() -> None:
    """A killed client's session ends with its statement; until then it holds its locks, and a launch would find it busy."""
    deadline = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
            if cursor.fetchall() == [(0,)]:
                return
            time.sleep(0.02)
    raise TimeoutError("a killed program's session still holds its locks")
