"""The Celery application: workers and beat start from here, settings stand in `config.settings` under CELERY_."""

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("yearline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def say_that_the_worker_works(**kwargs: object) -> None:
    """Send the canary at once: readiness need not wait for beat's next minute."""
    app.send_task("config.tasks.note_worker_seen")
