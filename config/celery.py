"""The Celery application: workers and beat start from here, settings stand in `config.settings` under CELERY_."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("yearline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
