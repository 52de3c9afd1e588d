"""
Child processes of `make run`: started apart from the terminal, restarted when they die, gone when we go.

Each child leads a session of its own, so that a signal reaches its children too, and its number is written down, so that the
run after a `kill -9` finds and ends what was left. Imports no Django.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LONGEST_PAUSE = 30.0
STEADY_AFTER = 30.0  # seconds after which a start counts as a success
MOST_FAILED_STARTS = 5


@dataclass
class Child:
    """One process that shall always run; when it dies it is started again, later and later."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10.0  # seconds it gets to finish after SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failed_starts: int = 0
    due_at: float = 0.0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        self.started_at = time.monotonic()

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> str:
        """Note a death and when to start anew; returns what to tell the person."""
        if self.process is None:
            return ""
        steady = time.monotonic() - self.started_at > STEADY_AFTER
        self.failed_starts = 1 if steady else self.failed_starts + 1
        pause = min(2.0 ** (self.failed_starts - 1), LONGEST_PAUSE)
        how = _ending(self.process.returncode)
        _end_session(self.process.pid, patience=0)
        self.process = None
        self.due_at = time.monotonic() + pause
        return f"{self.name} {how}; starting it again in {pause:.0f} s (log: {self.log})"

    def has_given_up(self) -> bool:
        return self.failed_starts >= MOST_FAILED_STARTS

    def is_due(self) -> bool:
        return self.process is None and time.monotonic() >= self.due_at

    def stop(self) -> None:
        """End it and everything that it started."""
        if self.process is not None:
            self.process.poll()
            _end_session(self.process.pid, patience=self.patience, leader=self.process)
            self.process = None


class Register:
    """The numbers of our children on disk, for the run after one that could not clean up."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, children: Sequence[Child]) -> None:
        numbers = [child.process.pid for child in children if child.process is not None]
        rows = []
        for number in numbers:
            with suppress(psutil.Error):
                rows.append([number, psutil.Process(number).create_time()])
        self.file.write_text(json.dumps(rows))

    def end_what_was_left(self) -> int:
        """End the sessions of a run that was killed. Returns how many processes that took."""
        try:
            rows = json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        ended = 0
        for number, created in rows:
            try:
                same = abs(psutil.Process(number).create_time() - created) < 1.0
            except psutil.NoSuchProcess:
                same = True  # the leader has gone; nobody else can lead a session of this number while others are in it
            if same:
                ended += _end_session(number, patience=10)
        self.file.unlink()
        return ended


def _end_session(session: int, *, patience: float, leader: "subprocess.Popen[bytes] | None" = None) -> int:
    """Ask everyone in a session to finish, wait, then force them. Returns how many there were."""
    members = _members(session)
    if patience and members:
        # The leader knows how to end its own (gunicorn, Celery); a signal to all of them would cut their work short.
        first = [process for process in members if process.pid == session] or members
        for process in first:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience
        while _members(session) and time.monotonic() < end:
            if leader is not None:
                leader.poll()
            time.sleep(0.05)
    for process in _members(session):
        with suppress(psutil.Error):
            process.kill()
    if leader is not None:
        leader.wait()
    return len(members)


def _members(session: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _ending(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"stopped with exit code {code}"
