"""Celery doors of the whole product. Each only wakes up and looks: what is to be done stands in the database."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from config import health, nightly
from core.api.idempotency import forget_old_answers
from customers.tasks import resume_imports as resume_waiting_imports
from planning import services as planning
from planning.models import Plan


@shared_task
def note_worker_seen() -> None:
    """Leave a sign of life: a worker that is connected but takes no work does not get here."""
    health.note_worker_seen(now=timezone.now())


@shared_task
def run_due_nights() -> None:
    """Forecast every plan whose night has come and is not published yet; a plan that fails stops no other."""
    nightly.run_nights(clock=timezone.now)


@shared_task
def judge_due_month() -> None:
    """Hold the forecasts of the months that are over against what came, where this month has not done so yet."""
    nightly.run_month(clock=timezone.now)


@shared_task
def send_warning_digests() -> None:
    """Mail this week's warnings to the managers who have not had them, from Monday morning on in the plan's time zone."""
    now = timezone.now()
    plans = Plan.objects.order_by("-fiscal_year__year", "pk")[:1]
    weeks = {planning.due_week(now=now, time_zone=plan.time_zone) for plan in plans}
    for week in sorted(week for week in weeks if week):
        planning.send_digests(week=week, clock=timezone.now, link_base=settings.PUBLIC_URL)


@shared_task
def resume_imports() -> None:
    """Take up every import that waits for a worker, or whose worker died."""
    resume_waiting_imports()


@shared_task
def forget_old_requests() -> None:
    """Delete the Idempotency-Keys that nobody will send again."""
    forget_old_answers(now=timezone.now())
