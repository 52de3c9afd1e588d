"""
Wake-ups: after something was written down, ask a worker to look now instead of at beat's next minute.

A wake-up carries no work, so losing one costs a minute and nothing else. That is why it may fail silently, and why it may not
cost a person more than half a second: stock `.delay()` on a Redis that hangs still blocked after 45 s. Doors call it.
"""

import logging
import time
from collections.abc import Mapping

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

PROBE = 0.3  # seconds for an answer to PING
PUBLISH = 0.5  # seconds for each answer while publishing
PAUSE = 30.0  # seconds without further tries after a failure: the cost is paid once, not by every request

logger = logging.getLogger(__name__)


class Breaker:
    """Remembers a failure for a while. :param pause: seconds"""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    def trip(self) -> None:
        self._until = time.monotonic() + self.pause

    def reset(self) -> None:
        self._until = 0.0


breaker = Breaker(PAUSE)


def wake(task: str, **arguments: object) -> None:
    """
    Ask a worker to run a task, after the transaction that wrote its work down. Never raises, never waits long.

    :param task: its full name; names, not functions, so that a door of a lower app imports nothing from above
    :param arguments: keys of rows only
    """
    transaction.on_commit(lambda: _send(task, arguments), robust=True)


def _send(task: str, arguments: Mapping[str, object]) -> None:
    if breaker.is_open:
        return
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PROBE, socket_timeout=PROBE) as probe:
            probe.ping()
        # A connection of its own, with a short patience: the worker's waits longer, and a pool would hand out dead ones.
        with current_app.connection_for_write() as connection:
            connection.transport_options = {
                **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
                "socket_connect_timeout": PROBE,
                "socket_timeout": PUBLISH,
                "max_retries": 0,
            }
            current_app.send_task(task, kwargs=dict(arguments), connection=connection, retry=False, ignore_result=True)
    except (redis.RedisError, OperationalError, OSError) as problem:
        breaker.trip()
        logger.warning("No wake-up for %s, a worker will find the work by itself: %s", task, problem)
