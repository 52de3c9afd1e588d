"""Celery doors of customers: they wake up and look; what is to be done stands in the rows."""

import logging

from celery import shared_task
from django.db import DatabaseError
from django.utils import timezone

from customers import services
from customers.models import ImportFile

log = logging.getLogger(__name__)


@shared_task
def work_on_import(key: int) -> None:
    """Check a file or bring it in, if nobody else is at it."""
    services.work_on_import(key, clock=timezone.now)


@shared_task
def resume_imports() -> None:
    """Take up every import that waits, or whose worker died; one that fails stops no other."""
    for key in ImportFile.objects.unfinished().order_by("pk").values_list("pk", flat=True):
        try:
            services.work_on_import(key, clock=timezone.now)
        except DatabaseError:
            log.exception("import %s did not get through; the next look takes it up", key)
