"""Celery doors of the whole product. Each only wakes up and looks: what is to be done stands in the database."""

from celery import shared_task
from django.utils import timezone

from config import health


@shared_task
def note_worker_seen() -> None:
    """Leave a sign of life: a worker that is connected but takes no work does not get here."""
    health.note_worker_seen(now=timezone.now())
