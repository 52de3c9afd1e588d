"""The embedded servers as the rest of the project sees them: a block in which they run."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .postgres import Postgres
from .programs import Part
from .redis_server import Redis

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("VAR_FOLDER") or BASE_DIR / "var").resolve()


@contextmanager
def parts(folder: Path = VAR, *, durable: bool = True, prefix: str = "") -> Iterator[list[Part]]:
    """
    Keep the embedded servers running for the time of the block and name them in the environment.

    :param durable: False for tests: faster, and a power cut may lose the data
    :param prefix: of the data folders' names, so that tests do not meet a person's data
    """
    folder.mkdir(parents=True, exist_ok=True)
    candidates: list[Part] = [
        Postgres(folder / f"{prefix}postgres", durable=durable),
        Redis(folder / f"{prefix}redis"),
    ]
    wanted = [part for part in candidates if not os.environ.get(part.variable)]
    if not wanted:
        yield []
        return
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = secret_key(folder)
    with (folder / f"{prefix}parts.users").open("w") as users:
        lock = folder / f"{prefix}parts.lock"
        try:
            with _alone(lock):
                fcntl.flock(users, fcntl.LOCK_SH)
                for part in wanted:
                    part.start()
                    os.environ[part.variable] = part.url()
            yield wanted
        finally:
            with _alone(lock):
                for part in wanted:
                    os.environ.pop(part.variable, None)
                with suppress(BlockingIOError):  # somebody else still uses them, and will stop them
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    for part in reversed(wanted):
                        part.stop()


def secret_key(folder: Path) -> str:
    """Return this installation's secret, made at the first call and kept where only its owner reads it."""
    file = folder / "secret_key"
    with suppress(FileExistsError), os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(secrets.token_urlsafe(64))
    return file.read_text()


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
