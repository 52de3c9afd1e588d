"""
`make run`: everything that Yearline needs on one machine, in one terminal (`python -m config.run`).

In this order: one run at a time, what a killed run left, the port, Postgres and Redis, the database and the static files,
then web, worker and beat, the first night, and the address. A child that dies is started again with growing pauses; one that
fails five times in a row stops the whole thing with the end of its log, because a half-running product looks like a working
one. Ctrl-C, SIGTERM and a closed terminal stop everything; a second Ctrl-C does not wait for work in progress.
"""

import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psutil

from config.children import Child, Register
from config.embedded import BASE_DIR, VAR, CannotStart, Part, parts, secret_key, tail

WEB_START_TIMEOUT = 60.0
LOOK_AT_PARTS_EVERY = 5.0
LOOK_AT_WORKER_EVERY = 60.0
WORKER_MAY_BE_SILENT = 300.0


class Stopped(BaseException):
    """The person, or the machine, asked us to stop."""


def main() -> int:
    try:
        host, port = address()
        with one_run(VAR, f"http://{host}:{port}"):
            _listen_for_signals()
            _run(host, port)
    except Stopped:
        say("Stopped.")
        return 0
    except CannotStart as reason:
        say(f"\n{reason}")
        return 1
    return 0


def address() -> tuple[str, int]:
    """Read HOST and PORT. :raises CannotStart: where the port is no port"""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise CannotStart(f"PORT={port} is not a port; for example: make run PORT=8123")
    return host, int(port)


@contextmanager
def one_run(folder: Path, url: str) -> Iterator[None]:
    """Hold this checkout's run. :raises CannotStart: where another one holds it"""
    folder.mkdir(parents=True, exist_ok=True)
    # The kernel lets go of the lock when its holder dies, however it dies: there is no stale lock.
    with (folder / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(f"Yearline already runs from this folder: {lock.read().strip() or 'starting'}.") from None
        lock.truncate(0)
        lock.write(f"{url}, process {os.getpid()}")
        lock.flush()
        yield


def require_free(host: str, port: int) -> None:
    """:raises CannotStart: where the port is taken, by whom if that can be seen"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()  # on some systems only this meets a listener on another address
        except OSError as problem:
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({problem.strerror}){_holder(port)}. Try: make run PORT={port + 1}"
            ) from None


def _holder(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and getattr(connection.laddr, "port", 0) == port
                and connection.pid
            ):
                return f"; process {connection.pid} ({psutil.Process(connection.pid).name()}) listens there"
    return ""


def _run(host: str, port: int) -> None:
    register = Register(VAR / "children.json")
    if left := register.end_what_was_left():
        say(f"Ended {left} processes that a killed run had left.")
    require_free(host, port)
    production(host)
    say("Starting Postgres and Redis ...")
    with parts() as servers, _stopping(register) as children:
        say("Preparing database, translations and static files ...")
        facts = set_up()
        web, *others = web_worker_beat(host, port)
        local = f"http://{_reachable(host)}:{port}"
        _start([web], children, register)
        _wait_for_web(web, local)  # before the others, which people do not wait for
        _start(others, children, register)
        if facts["first_night"]:
            say("Computing the first nightly forecast ...")
            if _manage("run_nightly", "--then-month", stdout=sys.stderr):
                say("The first night did not succeed (see above); the beat tries again every ten minutes.")
        _welcome(local.replace("127.0.0.1", "localhost"), facts)
        _watch(children, servers, register, local)


def _start(new: Sequence[Child], children: list[Child], register: Register) -> None:
    for child in new:
        children.append(child)
        child.start()
        register.write(children)


def production(host: str) -> None:
    """What people see is what is tested: production settings, only without TLS, which a proxy would add."""
    os.environ.setdefault("SECRET_KEY", secret_key(VAR))
    os.environ.setdefault("DEBUG", "0")
    os.environ.setdefault("HTTPS", "0")
    if host not in ("127.0.0.1", "localhost"):
        os.environ.setdefault("ALLOWED_HOSTS", f"localhost,127.0.0.1,{host},{socket.gethostname()}")


def set_up() -> dict[str, Any]:
    """Run `manage.py set_up`; its last line holds what we need to know."""
    read, write = os.pipe()
    with os.fdopen(read) as answer:
        command = [*_python("set_up"), "--demo", "--facts", str(write)]
        if os.environ.get("DEMO") == "0":
            command.remove("--demo")
        with _one_off(command, pass_fds=(write,)) as process:
            os.close(write)
            facts = answer.read()
        if process.returncode:
            raise CannotStart("Setting up did not succeed (see above).")
    return json.loads(facts)


def web_worker_beat(host: str, port: int) -> list[Child]:
    """Name the three processes of the product."""
    logs = VAR / "log"
    binary = str(Path(sys.executable).parent)
    cores = min(os.cpu_count() or 1, 4)
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    jobs = {"STATEMENT_TIMEOUT_MS": "600000"}
    return [
        Child(
            "web",
            [
                *(f"{binary}/gunicorn", "config.wsgi", "--bind", bind, "--workers", str(cores)),
                *shlex.split(
                    "--worker-class gthread --threads 4 --timeout 60 --graceful-timeout 8 --no-control-socket"
                ),
                *shlex.split("--max-requests 5000 --max-requests-jitter 500 --access-logfile -"),
            ],
            logs / "web.log",
        ),
        Child(
            "worker",
            [
                *(f"{binary}/celery", "-A", "config", "worker", "--concurrency", str(cores)),
                *shlex.split("--loglevel INFO --without-gossip --without-mingle"),
            ],
            logs / "worker.log",
            jobs,
            patience=25.0,  # a little above worker_soft_shutdown_timeout
        ),
        Child(
            "beat",
            [
                *(f"{binary}/celery", "-A", "config", "beat", "--schedule", str(VAR / "beat")),
                *("--pidfile", "", "--loglevel", "INFO"),
            ],
            logs / "beat.log",
        ),
    ]


@contextmanager
def _stopping(register: Register) -> Iterator[list[Child]]:
    children: list[Child] = []
    try:
        yield children
    finally:
        say("\nStopping ...")
        _listen_for_signals(hurry=children)
        for child in children:  # ask all at once, then wait for each
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in children:
            child.stop()
        register.write([])


def _watch(children: Sequence[Child], servers: Sequence[Part], register: Register, url: str) -> None:
    """Stay until a signal ends us; start again what dies. :raises CannotStart: when something will not stay up"""
    next_parts = next_worker = time.monotonic()
    while True:
        time.sleep(0.5)
        now = time.monotonic()
        if now >= next_parts:
            next_parts = now + LOOK_AT_PARTS_EVERY
            for server in servers:
                if not server.is_running():
                    say(f"{server.name} has died; starting it again.")
                    server.start()
                    if os.environ[server.variable] != server.url():
                        os.environ[server.variable] = server.url()
                        _start_again(children)
        if now >= next_worker:
            next_worker = now + LOOK_AT_WORKER_EVERY
            _restart_a_deaf_worker(children, url)
        for child in children:
            if child.has_died():
                say(child.bury())
                if child.has_given_up():
                    raise CannotStart(f"{child.name} does not stay up. The end of {child.log}:\n{tail(child.log)}")
            if child.is_due():
                child.start()
                register.write(children)


def _start_again(children: Sequence[Child]) -> None:
    """They know an address that nobody answers at any more."""
    for child in children:
        child.stop()
        child.due_at = time.monotonic()


def _restart_a_deaf_worker(children: Sequence[Child], url: str) -> None:
    """A worker can live and take no work (a lost Redis connection): the canary task that it should do tells."""
    worker = next(child for child in children if child.name == "worker")
    if worker.process is None or time.monotonic() - worker.started_at < WORKER_MAY_BE_SILENT:
        return
    state = _ready(url)
    if state and state.get("redis") and state.get("database") and not state.get("worker"):
        say("The worker has not done its minute's task for a while; starting it again.")
        worker.stop()
        worker.due_at = time.monotonic()


def _ready(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310  # our own address
            return json.load(answer)["ready"]
    except urllib.error.HTTPError as unready:
        with suppress(ValueError, KeyError):
            return json.load(unready)["ready"]
    except OSError:
        pass
    return {}


def _wait_for_web(web: Child, url: str) -> None:
    end = time.monotonic() + WEB_START_TIMEOUT
    while time.monotonic() < end and not web.has_died():
        with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310  # our own address
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise CannotStart(f"The web server does not come up. The end of {web.log}:\n{tail(web.log)}")


def _welcome(url: str, facts: dict[str, Any]) -> None:
    lines = ["", f"Yearline is ready:  {url}", ""]
    if facts["sign_ins"]:
        lines += ["This is a demo company. Sign in as", *(f"    {line}" for line in facts["sign_ins"]), ""]
    lines += [f"Logs are in {VAR / 'log'}, data in {VAR}. Ctrl-C stops everything."]
    say("\n".join(lines))


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _python(*arguments: str) -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]


def _manage(*arguments: str, stdout: IO[str]) -> int:
    with _one_off(_python(*arguments), stdout=stdout) as process:
        process.wait()
    return process.returncode


@contextmanager
def _one_off(command: list[str], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command that we wait for, and end it where we are stopped meanwhile."""
    environment = {**os.environ, "STATEMENT_TIMEOUT_MS": "0", "LOCK_TIMEOUT_MS": "10000"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment, **options)
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listen_for_signals(*, hurry: Sequence[Child] | None = None) -> None:
    """The first signal ends the run; one that comes while stopping forces what has not finished."""

    def act(number: int, frame: FrameType | None) -> None:
        if hurry is None:
            raise Stopped
        for child in hurry:
            if child.process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, act)


def say(sentence: str) -> None:
    with suppress(OSError):  # a closed terminal must not keep us from stopping our children
        sys.stdout.write(sentence + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
