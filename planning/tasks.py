"""Celery doors of planning: they wake up and look; what is to be done stands in the rows."""

from celery import shared_task

from core.wake import wake
from planning import services

MOST_HELPERS = 9  # asked at once; who comes and finds nothing to do goes home


@shared_task
def help_with_groundwork(run: int) -> None:
    """Make the parts of a groundwork that nobody is at."""
    services.help_with_groundwork(run)


def call_helpers(run: int, parts: int) -> None:
    """Ask as many workers as could be of use. With one worker, or none, the asking does no harm."""
    for _ in range(min(parts - 1, MOST_HELPERS)):
        wake("planning.tasks.help_with_groundwork", run=run)
