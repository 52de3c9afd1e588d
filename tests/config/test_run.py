"""`make run`, for real: started, hurt and stopped; afterwards no process and no surprise is left."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.embedded import BASE_DIR

LONG_ENOUGH = 240  # seconds: nobody waits for them where all is well


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of its own in a place that Postgres may enter where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="yl-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        for process in left(path):
            process.kill()


class Run:
    """One `python -m config.run` with a folder and a port of its own."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.output = folder / f"output-{self.port}"
        unset = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "HOST", "PYTEST_XDIST_WORKER"}
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"VAR_FOLDER": str(folder / "var"), "PORT": str(self.port), "DEMO": "0"}
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.run"],
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(self.said)
        return "Yearline is ready" in self.said

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()
        except OSError:
            return 0, b""

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(LONG_ENOUGH)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(true: Callable[[], Any]) -> bool:
    end = time.monotonic() + LONG_ENOUGH
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def left(folder: Path) -> list[psutil.Process]:
    """Every living process that this folder's run started: by its command, its environment or its place."""
    return named(folder, "")


def named(folder: Path, word: str) -> list[psutil.Process]:
    """The same, of those whose command has the word."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            command = process.cmdline()
            signs = [*command, process.environ().get("VAR_FOLDER", ""), process.cwd()]  # Redis rewrites its command
            if (
                any(str(folder) in sign for sign in signs)
                and not is_gone(process)
                and any(word in part for part in command)
            ):
                found.append(process)
    return found


@pytest.mark.long
@pytest.mark.requirement("R7.2")
def test_a_run_lives_heals_and_leaves_nothing_behind(folder: Path) -> None:
    run = Run(folder)
    assert eventually(run.is_ready)
    assert run.get("/healthz") == (200, b"ok\n")
    assert eventually(lambda: run.get("/readyz")[0] == 200), run.get("/readyz")
    answer = json.loads(run.get("/readyz")[1])
    assert answer["ready"] == {"database": True, "migrations": True, "redis": True, "worker": True}
    secret = (folder / "var" / "secret_key").read_text()
    assert secret not in json.dumps(answer)

    # Everything that can die does, and comes back.
    for word in ("gunicorn", "celery", "postgres", "redis-server"):
        victims = named(folder, word)
        assert victims, word
        victims[0].kill()
        assert eventually(partial(is_gone, victims[0])), word
    assert eventually(lambda: "again" in run.said)
    assert eventually(lambda: run.get("/readyz")[0] == 200), run.said

    # A second one in the same folder steps aside and harms nothing.
    second = Run(folder)
    assert second.process.wait(LONG_ENOUGH) == 1
    assert "already runs" in second.said
    assert run.get("/healthz")[0] == 200

    assert run.end(signal.SIGINT) == 0
    assert left(folder) == []


@pytest.mark.thorough
@pytest.mark.requirement("R7.2")
def test_after_a_killed_run_the_next_one_cleans_up_and_keeps_the_data(folder: Path) -> None:
    killed = Run(folder)
    assert eventually(killed.is_ready)
    number = (folder / "var" / "postgres" / "data" / "global" / "pg_control").stat().st_ino
    killed.end(signal.SIGKILL)
    assert left(folder), "the negative control: a killed run does leave processes"

    run = Run(folder, killed.port)
    assert eventually(run.is_ready)
    assert "a killed run had left" in run.said
    assert run.get("/healthz")[0] == 200
    assert (folder / "var" / "postgres" / "data" / "global" / "pg_control").stat().st_ino == number
    assert run.end(signal.SIGTERM) == 0
    assert left(folder) == []


def test_a_busy_port_is_named_before_anything_starts(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(folder, port)
        assert run.process.wait(LONG_ENOUGH) == 1
    assert f"Port {port}" in run.said
    assert f"make run PORT={port + 1}" in run.said
    assert not (folder / "var" / "postgres").exists()


def test_a_port_that_is_none_is_explained(folder: Path) -> None:
    run = Run(folder, 70_000)
    assert run.process.wait(LONG_ENOUGH) == 1
    assert "is not a port" in run.said
    assert "Traceback" not in run.said
