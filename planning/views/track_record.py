"""How good the forecast has been."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from core.periods import FiscalCalendar
from core.templatetags.formats import month_name
from planning import charts
from planning.models import PastForecast
from planning.queries import forecasts, plan_on
from planning.queries import track_record as records
from planning.queries.calls import call_records, call_scores
from planning.queries.forecasts import Node
from teams.models import Company, User

from .asking import node_in, number_in

EXAMPLES = 20  # chances that must have been given before a reliability chart says anything


@require_safe
def track_record(request: AuthedRequest) -> HttpResponse:
    """Show predicted against actual, bias and skill of a unit's or person's forecast, and whether chances came true."""
    user = request.user
    node = node_in(request)
    kind = request.GET.get("kind", PastForecast.Kind.MONTH)
    days = number_in(request, "days") or int(records.JUDGED_AT)
    if kind not in PastForecast.Kind.values or days not in records.HORIZONS:
        raise Http404
    rows = records.past_forecasts(node, kind)
    common = {"node": node, "path": forecasts.path_to(user, node), "run": records.judged_run()}
    if not rows:
        return page(request, "planning/track_record.html", common)
    shown = [row for row in rows if row.days_to_go == days]
    verdict = records.verdict_on(node)
    return page(
        request,
        "planning/track_record.html",
        {
            **common,
            "kind": kind,
            "kinds": PastForecast.Kind.choices,
            "days": days,
            "horizons": sorted(PastForecast.Horizon.choices, reverse=True),
            "verdict": verdict,
            "score": records.score_of(rows, days),
            "scores": records.score_table(rows),
            "predicted": _predicted(shown, days) if shown else None,
            **_chances(node, rows),
            "members": records.members_below(user, node, kind),
            **_calls(user, node),
        },
    )


def _predicted(rows: list[PastForecast], days: int) -> charts.Chart:
    company = Company.objects.the_one()
    fiscal = FiscalCalendar(company.fiscal_start_month)
    names = [
        month_name(row.first_date, "year")
        if row.kind == PastForecast.Kind.MONTH
        else f"FY{fiscal.year_of(row.first_date)} Q{fiscal.quarter_of(row.first_date)}"
        for row in rows
    ]
    return charts.predicted_chart(
        rows, names, days_to_go=str(PastForecast.Horizon(days).label), currency=company.currency
    )


def _calls(user: User, node: Node) -> dict[str, Any]:
    """What people called of the periods of the running year that have ended, beside what was computed then."""
    plan = plan_on(user, timezone.localdate())
    run = forecasts.shown_run(plan) if plan else None
    if plan is None or run is None:
        return {}
    calls = call_scores(plan=plan, run=run, user=user, node=node)
    return {"calls": calls, "callers": call_records(calls), "currency": plan.currency}


def _chances(node: Node, rows: list[PastForecast]) -> dict[str, Any]:
    """The two reliability charts, each only where enough chances were given."""
    deals, ladder = records.deal_reliability(node)
    goals = records.goal_reliability(rows)
    return {
        "deals": deals,
        "ladder": ladder,
        "goals": goals,
        "deal_chart": charts.reliability_chart(
            deals,
            chart_id="deal-chances",
            title=_("Chances of open deals"),
            subtitle=_("Given on month starts: won within three months"),
        )
        if deals.n >= EXAMPLES
        else None,
        "goal_chart": charts.reliability_chart(
            goals,
            chart_id="goal-chances",
            title=_("Chances to reach a target"),
            subtitle=_("Tried on 0.9, 1, 1.1 and 1.25 times what the period before had brought"),
        )
        if goals.n >= EXAMPLES
        else None,
    }
