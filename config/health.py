"""What is ready: the parts that the product needs, asked one by one, with a short patience for each."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

from core.models import JobRun, WorkerSeen

QUEUE = "celery"
WORKER_SILENCE = timedelta(seconds=180)
PATIENCE = 0.5  # seconds


@dataclass(frozen=True)
class Readiness:
    """
    Which parts are ready. `night` tells of the last nightly run and does not count: readers keep the last good snapshot.
    """

    database: bool = False
    migrations: bool = False
    redis: bool = False
    worker: bool = False
    night: dict[str, object] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        return self.database and self.migrations and self.redis and self.worker


def readiness(now: datetime) -> Readiness:
    """Ask every part. Never raises: a part that does not answer is not ready."""
    broker = _redis_answers()
    try:
        connection.ensure_connection()
    except DatabaseError:
        return Readiness(redis=broker)
    try:
        if _pending():
            return Readiness(database=True, redis=broker)
        return Readiness(
            database=True,
            migrations=True,
            redis=broker,
            worker=WorkerSeen.objects.filter(seen_at__gte=now - WORKER_SILENCE).exists(),
            night=_last_night(),
        )
    except DatabaseError:
        return Readiness(redis=broker)


def note_worker_seen(*, now: datetime) -> None:
    """Write down that a worker did some work."""
    WorkerSeen.objects.update_or_create(queue=QUEUE, defaults={"seen_at": now})


def _pending() -> list[tuple[Migration, bool]]:
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def _redis_answers() -> bool:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)
        with client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _last_night() -> dict[str, object]:
    run = JobRun.objects.exclude(finished_at=None).order_by("-finished_at").first()
    if run is None:
        return {}
    return {"business_date": run.business_date.isoformat(), "state": run.state, "finished_at": run.finished_at}
