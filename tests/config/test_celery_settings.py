"""Celery's settings: each line answers a way in which work was seen to be lost or done twice."""

import pytest
from django.conf import settings

from config.celery import app

pytestmark = pytest.mark.requirement("R1.8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),  # an early ack loses the task on kill -9
        ("task_reject_on_worker_lost", True),  # and so does a late one alone
        ("task_acks_on_failure_or_timeout", True),
        ("worker_prefetch_multiplier", 1),
        ("task_publish_retry", False),  # a request does not wait for a broker that is away
        ("task_ignore_result", True),
        ("task_serializer", "json"),
        ("accept_content", ["json"]),  # what stands in Redis is not trusted
        ("worker_soft_shutdown_timeout", 20),
        ("worker_cancel_long_running_tasks_on_connection_loss", True),
        ("worker_max_tasks_per_child", 200),
        ("broker_connection_retry_on_startup", True),
        ("broker_connection_max_retries", None),
        ("timezone", "UTC"),
    ],
)
def test_the_app_runs_with_the_setting(name: str, value: object) -> None:
    assert getattr(app.conf, name) == value


def test_a_healthy_task_is_never_given_out_twice() -> None:
    hidden = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < hidden
    assert hidden == settings.CELERY_VISIBILITY_TIMEOUT


def test_lost_tasks_are_looked_for_every_few_seconds_and_a_hung_redis_is_not_waited_for() -> None:
    options = app.conf.broker_transport_options
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)
    assert options["socket_connect_timeout"] <= 1
    assert options["socket_timeout"] <= 5


def test_every_task_of_the_schedule_exists() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= set(app.tasks)
