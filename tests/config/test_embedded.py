"""The embedded servers: joined, left, hurt and found again; in folders of their own."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from config.embedded import BASE_DIR, CannotStart, Postgres, Redis, parts, secret_key
from config.embedded.postgres import LONGEST_SOCKET

pytestmark = pytest.mark.requirement("R7.2")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place that Postgres may enter where the tests run as root, and an environment that names no server."""
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="yl-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        for part in (Postgres(path / "postgres", durable=False), Redis(path / "redis")):
            part.stop() if (path / part.name.lower()).exists() else None


def test_the_block_names_its_servers_and_the_last_one_out_stops_them(folder: Path) -> None:
    with parts(folder, durable=False) as outer:
        postgres, broker = outer
        psycopg2.connect(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")).close()
        redis.Redis.from_url(os.environ["REDIS_URL"]).close()
        urls = (os.environ.pop("DATABASE_URL"), os.environ.pop("REDIS_URL"))
        # Another command meanwhile: it finds the same servers, and its end does not end them.
        script = "import os; from pathlib import Path; from config.embedded import parts\n"
        script += f"with parts(Path({str(folder)!r}), durable=False):\n"
        script += "    print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
        said = subprocess.run(
            [sys.executable, "-c", script], cwd=BASE_DIR, capture_output=True, text=True, check=True
        ).stdout.split()
        assert tuple(said) == urls
        assert postgres.is_running()
        assert broker.is_running()
    assert not postgres.is_running()
    assert not broker.is_running()
    assert "DATABASE_URL" not in os.environ


def test_urls_in_the_environment_replace_the_embedded_servers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with parts(folder) as running:
        assert running == []
    assert os.environ["DATABASE_URL"] == "postgres://elsewhere"
    assert list(folder.iterdir()) == []


def test_data_outlives_a_killed_server_and_a_stale_number(folder: Path) -> None:
    postgres = Postgres(folder / "postgres", durable=True)
    postgres.start()
    url = postgres.url().replace("postgres://", "postgresql://")
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    connection.close()
    process = postgres._postmaster()
    assert process is not None
    process.kill()
    process.wait(20) if process.ppid() == os.getpid() else None
    # What a reboot leaves: a file whose number belongs to somebody else now.
    number = postgres.data / "postmaster.pid"
    lines = number.read_text().splitlines()
    number.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not postgres.is_running()
    postgres.start()
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchall() == [(7,)]
    connection.close()
    postgres.stop()


def test_the_product_is_an_owner_and_not_a_superuser(folder: Path) -> None:
    postgres = Postgres(folder / "postgres", durable=False)
    postgres.start()
    connection = psycopg2.connect(postgres.url().replace("postgres://", "postgresql://"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, True)
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("",)
    connection.close()
    assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700
    postgres.stop()


def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    deep = folder / ("a-rather-long-name-of-a-folder/" * 4)
    sockets = Postgres(deep / "postgres", durable=False).sockets
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= LONGEST_SOCKET
    assert not sockets.is_relative_to(deep)


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    postgres = Postgres(folder / "postgres", durable=False)
    (folder / "trap").mkdir()
    postgres.folder.mkdir()
    postgres.sockets.symlink_to(folder / "trap")
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        postgres.start()


def test_redis_asks_for_its_password(folder: Path) -> None:
    server = Redis(folder / "redis")
    server.start()
    with redis.Redis(port=port_of(server)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert stat.S_IMODE(server.settings.stat().st_mode) == 0o600
    server.stop()
    assert not server.is_running()


def test_a_redis_that_died_is_found_again_at_its_address(folder: Path) -> None:
    """Web and worker outlive it, and know no other address."""
    server = Redis(folder / "redis")
    server.start()
    address = server.url()
    psutil.Process(pid_of(server)).kill()
    while server.is_running():
        time.sleep(0.05)

    server.start()

    assert server.url() == address
    assert server.is_running()
    server.stop()


def test_redis_moves_where_its_port_was_taken_meanwhile(folder: Path) -> None:
    server = Redis(folder / "redis")
    server.start()
    port = port_of(server)
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        server.start()
        assert port_of(server) != port
        assert server.is_running()
    server.stop()


def port_of(server: Redis) -> int:
    return int(server.url().rpartition(":")[2].partition("/")[0])


def pid_of(server: Redis) -> int:
    with redis.Redis.from_url(server.url()) as client:
        return int(client.info("server")["process_id"])


def test_the_secret_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    first = secret_key(folder)
    assert len(first) >= 64
    assert secret_key(folder) == first
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
