"""When a forecast was last gone through."""

from core.models import JobRun
from planning.models import ForecastReview, Plan
from teams.models import OrgUnit


def last_review(plan: Plan, unit: OrgUnit | None, *, before: JobRun) -> ForecastReview | None:
    """Return the newest review of a unit that looked at an earlier night than the given one; None where there is none."""
    if unit is None:
        return None
    reviews = ForecastReview.objects.filter(plan=plan, unit=unit, run__business_date__lt=before.business_date)
    return reviews.select_related("run", "marked_by").first()


def is_reviewed(unit: OrgUnit | None, run: JobRun) -> bool:
    """Say whether a unit's forecast of this very night is marked as reviewed."""
    return unit is not None and ForecastReview.objects.filter(unit=unit, run=run).exists()
