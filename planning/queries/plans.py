"""Which plan and which version a page speaks of."""

from datetime import date

from django.db.models import QuerySet

from planning.models import IN_FORCE, Plan, PlanVersion
from teams.models import User


def plan_on(user: User, day: date) -> Plan | None:
    """Return the plan of the year that holds a day; else of the next one to begin; else of the last one."""
    plans = list(Plan.objects.visible_to(user).select_related("fiscal_year").order_by("fiscal_year__first_date"))
    running = [plan for plan in plans if plan.fiscal_year.first_date <= day < plan.fiscal_year.after_date]
    coming = [plan for plan in plans if plan.fiscal_year.first_date > day]
    return next(iter([*running, *coming, *reversed(plans)]), None)


def visible_versions(user: User) -> QuerySet[PlanVersion]:
    """Return the versions that a person may look at, newest first, with plan and year."""
    versions = PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year", "activated_by")
    return versions.order_by("-plan__fiscal_year__year", "-number")


def version_in_force(user: User, plan: Plan) -> PlanVersion | None:
    """Return the version of a plan that counts; before there is one, what is planned, if the person may see it."""
    versions = list(visible_versions(user).filter(plan=plan).exclude(status=PlanVersion.Status.SUPERSEDED))
    return next((version for version in versions if version.status in IN_FORCE), next(iter(versions), None))
