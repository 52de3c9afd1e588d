"""What moved since an earlier night or the last review, and marking a forecast as reviewed."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.access import require
from core.models import JobRun
from core.pages import AuthedRequest
from core.templatetags.formats import day, month_name
from planning import charts, policies, services
from planning.models import ForecastReview, Plan
from planning.queries import forecasts, movement, reviews
from planning.queries.calendars import fiscal_months
from planning.queries.forecasts import MONTH_PERIODS, QUARTER_PERIODS, YEAR
from planning.queries.movement import Move
from teams.models import OrgUnit, User

from .asking import Asked, asked_for

SINCE_DAYS = {"day": 1, "week": 7, "month": 30}
SINCE_REVIEW = "review"


@dataclass(frozen=True)
class Moved:
    """
    What the page shows of a movement.

    :param chart: None where there is nothing to compare with
    :param parts: name and part, with the deals behind it
    """

    since: str
    over: str
    overs: list[tuple[str, str]]
    choices: list[tuple[str, str]]
    chart: charts.Chart | None = None
    parts: list[tuple[str, Move]] = field(default_factory=list)
    review: ForecastReview | None = None
    is_reviewed: bool = False
    review_url: str = ""


def moved_since(asked: Asked, user: User, since: str, over: str = YEAR) -> Moved:
    """Take apart what moved since yesterday, last week, last month or the last review. :raises Http404: for anything else"""
    plan, run, node = asked.plan, asked.run, asked.node
    if plan is None or run is None:
        raise Http404
    unit = node.unit or (asked.path[-1].unit if asked.path else None)
    review = reviews.last_review(plan, unit, before=run)
    periods = overs(run, plan)
    choices = [("day", _("Yesterday")), ("week", _("Last week")), ("month", _("Last month"))]
    if review is not None:
        choices.append((SINCE_REVIEW, _("Last review")))
    if since not in {*SINCE_DAYS, SINCE_REVIEW} or over not in dict(periods):
        raise Http404
    may_review = node.unit is not None and policies.can_review(user, node.unit)
    shown = Moved(
        since=since,
        over=over,
        overs=periods,
        choices=choices,
        review=review,
        is_reviewed=reviews.is_reviewed(node.unit, run),
        review_url=reverse("planning:forecast-review", args=[node.unit.pk]) if node.unit and may_review else "",
    )
    earlier = _earlier(asked, run, since, review)
    found = earlier and movement.movement(run=run, since=earlier, node=node, user=user, period=over)
    if not found:
        return shown
    chart = charts.movement_chart(
        found, currency=plan.currency, since=day(found.since.business_date), period=dict(periods)[over]
    )
    parts = [(charts.move_name(move.key), move) for move in found.moves if move.behind]
    return Moved(**{**vars(shown), "chart": chart, "parts": parts})


def _earlier(asked: Asked, run: JobRun, since: str, review: ForecastReview | None) -> JobRun | None:
    if since == SINCE_REVIEW:
        return review.run if review else None
    return forecasts.earlier_run(asked.plan, than=run, days=SINCE_DAYS[since]) if asked.plan else None


def overs(run: JobRun, plan: Plan) -> list[tuple[str, str]]:
    """The periods a forecast page can show: the year, its running quarter and its running month."""
    shown = [(YEAR, _("the year"))]
    month = forecasts.running_month(run, plan)
    if month is not None:
        shown.append((QUARTER_PERIODS[month // 3], QUARTER_PERIODS[month // 3]))
        first = fiscal_months(plan.fiscal_year)[month]
        shown.append((MONTH_PERIODS[month], month_name(first)))
    return shown


@require_POST
def forecast_review(request: AuthedRequest, unit: int) -> HttpResponse:
    """Mark the forecast of a unit, as the last night saw it, as reviewed."""
    reviewed = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    require(policies.can_review(request.user, reviewed))
    asked = asked_for(request)
    if asked.plan is None:
        raise Http404
    review = services.mark_reviewed(plan=asked.plan, unit=reviewed, actor=request.user, at=timezone.now())
    messages.success(
        request,
        _("The forecast of %(unit)s as of %(date)s is marked as reviewed.")
        % {"unit": reviewed, "date": day(review.run.business_date)},
    )
    year = asked.plan.fiscal_year.year
    return redirect(f"{reverse('planning:forecast')}?year={year}&unit={reviewed.pk}#movement")
