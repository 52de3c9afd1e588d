"""Marking a unit's forecast as reviewed."""

from datetime import datetime

from django.db import transaction

from core import audit
from planning.models import ForecastReview, Plan
from planning.queries.forecasts import shown_run
from teams.models import OrgUnit, User

from .refusals import NothingToReview


@transaction.atomic(durable=True)
def mark_reviewed(*, plan: Plan, unit: OrgUnit, actor: User, at: datetime) -> ForecastReview:
    """
    Mark the published night of a plan as reviewed for a unit; a night that is marked already stays as it was.

    :raises NothingToReview: before the first night
    """
    run = shown_run(plan)
    if run is None:
        raise NothingToReview
    review, is_new = ForecastReview.objects.get_or_create(
        unit=unit, run=run, defaults={"plan": plan, "marked_by": actor, "marked_at": at}
    )
    if is_new:
        audit.record("planning.forecast.reviewed", actor=actor, subject=plan, unit=unit, night=run.business_date)
    return review
