"""
Waking a worker up, as best one can: the work itself is a row that is found anyway.

A publish to a Redis that hangs would hold the request for many seconds, so a short ping comes first, and after a failure
this process does not ask again for half a minute.
"""

import logging
import time

from celery import current_app
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 0.3
SILENCE_SECONDS = 30.0
_silent_until = [0.0]


def wake(task: str, *arguments: int) -> None:
    """Ask a worker, after the commit, to run a task by its name. Never fails: a minute later a look finds the work."""
    transaction.on_commit(lambda: _send(task, arguments))


def _send(task: str, arguments: tuple[int, ...]) -> None:
    if time.monotonic() < _silent_until[0]:
        return
    try:
        with Redis.from_url(
            settings.CELERY_BROKER_URL,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
        ) as redis:
            redis.ping()
        current_app.send_task(task, arguments, retry=False)
    except (RedisError, OSError) as away:
        _silent_until[0] = time.monotonic() + SILENCE_SECONDS
        log.warning("Nobody could be woken for %s: %s", task, away)
