"""Wake-ups are a best effort: whatever Redis does, the person's request goes on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.db import transaction

from core import wake as wake_module
from core.wake import wake

TASK = "tests.nobody_has_this_task"
AT_LAST = 20.0  # seconds: far above what a bounded wake-up takes, far below the 45 s of an unbounded one


@pytest.fixture(autouse=True)
def _closed_breaker() -> Iterator[None]:
    wake_module.breaker.reset()
    yield
    wake_module.breaker.reset()


@contextmanager
def freezing_redis(after: int) -> Iterator[SimpleNamespace]:
    """The real Redis, behind a door that lets so many answers through and then stays silent on every connection."""
    real = urlsplit(settings.REDIS_URL)
    seen = SimpleNamespace(port=0, connections=0, answers=0)
    people: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                people.append(server.accept()[0])
                seen.connections += 1
                threads.append(threading.Thread(target=relay, args=(people[-1],), daemon=True))
                threads[-1].start()

    def relay(person: socket.socket) -> None:
        with suppress(OSError), person, socket.create_connection((real.hostname, real.port)) as redis_side:
            while asked := person.recv(65536):
                if seen.answers >= after:
                    continue
                redis_side.sendall(asked)
                person.sendall(redis_side.recv(65536))
                seen.answers += 1

    with socket.create_server(("127.0.0.1", 0)) as server:
        seen.port = server.getsockname()[1]
        threads.append(threading.Thread(target=serve, args=(server,), daemon=True))
        threads[0].start()
        yield seen
        for ending in (server, *people):
            with suppress(OSError):
                ending.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(AT_LAST)


def finishes(act: Callable[[], None]) -> bool:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(AT_LAST)
    return not thread.is_alive()


def _use(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    from celery import current_app

    real = urlsplit(settings.REDIS_URL)
    url = real._replace(netloc=f"{real.netloc.rpartition('@')[0]}@127.0.0.1:{port}".lstrip("@")).geturl()
    monkeypatch.setattr(settings, "REDIS_URL", url)
    monkeypatch.setattr(current_app.conf, "broker_url", url)
    monkeypatch.setattr(current_app.conf, "broker_write_url", url)


@pytest.mark.parametrize("after", range(8))
def test_a_redis_that_hangs_at_any_point_does_not_hold_a_request(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    with freezing_redis(after) as server:
        _use(monkeypatch, server.port)
        assert finishes(lambda: wake_module._send(TASK, {}))
        assert wake_module.breaker.is_open


def test_the_door_itself_lets_a_wake_up_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with freezing_redis(1000) as server:
        _use(monkeypatch, server.port)
        assert finishes(lambda: wake_module._send(TASK, {}))
        assert not wake_module.breaker.is_open
        assert server.answers >= 8, "the test above must freeze within this many answers"
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete("celery")


def test_a_refused_connection_is_only_a_log_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _use(monkeypatch, port)
    assert finishes(lambda: wake_module._send(TASK, {}))
    assert "No wake-up for" in caplog.text


def test_after_a_failure_nobody_else_pays_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with freezing_redis(0) as server:
        _use(monkeypatch, server.port)
        for _ in range(5):
            wake_module._send(TASK, {})
        assert server.connections == 1


@pytest.mark.django_db(transaction=True)
def test_the_wake_up_leaves_after_the_commit_and_not_before() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")
        with transaction.atomic():
            wake(TASK, key=1)
            assert client.llen("celery") == 0
        assert client.llen("celery") == 1
        client.delete("celery")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_wakes_nobody() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("celery")
        with transaction.atomic():
            wake(TASK, key=1)
            transaction.set_rollback(True)
        assert client.llen("celery") == 0
