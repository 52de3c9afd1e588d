"""The year as the last night saw it: overview, forecast, funnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.models import JobRun
from core.pages import AuthedRequest, page
from planning import charts, policies
from planning.forms import CallForm
from planning.models import ForecastCall, Plan
from planning.queries import forecasts
from planning.queries import funnel as funnels
from planning.queries import overview as headlines
from planning.queries.attainment import attainment
from planning.queries.behind import deals_behind
from planning.queries.calls import call_records, call_scores, calls_beside, period_days
from planning.queries.forecasts import Line, Node
from planning.queries.instead import with_run_rates
from planning.queries.levels import levels
from planning.queries.overlay import OverlayCredit, overlay_credit
from planning.queries.track_record import verdict_on

from .asking import Asked, asked_for, is_key, number_in
from .movements import moved_since, overs

SCORES_SHOWN = 12


def _not_yet(request: AuthedRequest, asked: Asked, template: str) -> HttpResponse:
    """Say why there is nothing to see yet: no plan, no night, or a node that the last night did not know."""
    return page(request, template, {**asked.common, "can_plan": policies.can_plan(request.user)})


def _freshness(run: JobRun) -> dict[str, Any]:
    return {"is_stale": forecasts.is_stale(run, now=timezone.now()), "evidence": forecasts.evidence_of(run)}


def _lines(request: AuthedRequest, asked: Asked, plan: Plan, run: JobRun, period: str = forecasts.YEAR) -> list[Line]:
    """The roll-up of a period, with run rates in place of forecasts that have not shown skill."""
    lines = forecasts.roll_up(run, request.user, asked.node, period=period)
    return with_run_rates(lines, plan=plan, run=run, until=period_days(plan, period)[1])


@require_safe
def overview(request: AuthedRequest) -> HttpResponse:
    """Show how the year is going: target, won, forecast, cover; the fan, the funnel, what moved, where to look."""
    asked = asked_for(request)
    head = headlines.headline(plan=asked.plan, run=asked.run, node=asked.node) if asked.plan and asked.run else None
    if asked.plan is None or asked.run is None or head is None:
        return _not_yet(request, asked, "planning/overview.html")
    currency = asked.plan.currency
    rows = forecasts.by_period(asked.run, asked.node)
    lines = _lines(request, asked, asked.plan, asked.run)
    return page(
        request,
        "planning/overview.html",
        {
            **asked.common,
            **_freshness(asked.run),
            "head": head,
            "own": lines[0],
            "verdict": verdict_on(asked.node),
            "currency": currency,
            "fan": charts.fan_chart(forecasts.fan(rows, as_of=asked.run.business_date), currency=currency),
            "months": charts.months_chart(forecasts.months_of(rows, as_of=asked.run.business_date), currency=currency),
            "funnel": _funnel_chart(asked),
            "movement": moved_since(asked, request.user, "week").chart,
            "watch": forecasts.attain_lines(lines)[:6],
            "reasons": reasons(asked.run),
        },
    )


@require_safe
def forecast(request: AuthedRequest) -> HttpResponse:
    """Show the forecast of a unit or person: roll-up with calls, target, fan, months, deals behind it, and what moved."""
    return forecast_page(request, asked_for(request))


def forecast_page(
    request: AuthedRequest, asked: Asked, *, form: CallForm | None = None, status: int = 200
) -> HttpResponse:
    """Show the forecast page; `form` is a call that was refused."""
    rows = forecasts.by_period(asked.run, asked.node) if asked.run else {}
    if asked.plan is None or asked.run is None or not rows:
        return _not_yet(request, asked, "planning/forecast.html")
    plan, run, node, user = asked.plan, asked.run, asked.node, request.user
    moved = moved_since(asked, user, request.GET.get("since", "week"), over_in(request, asked))
    lines = _lines(request, asked, plan, run, moved.over)
    shown = lines if called_node(request) or request.GET.get("all") == "1" else forecasts.largest(lines)
    months = forecasts.months_of(rows, as_of=run.business_date)
    scores = call_scores(plan=plan, run=run, user=user, node=node)
    return page(
        request,
        "planning/forecast.html",
        {
            **asked.common,
            **_freshness(run),
            "year": rows[forecasts.YEAR],
            "quarters": [rows[period] for period in forecasts.QUARTER_PERIODS],
            "currency": plan.currency,
            "lines": _called_lines(request, shown, plan, over=moved.over, form=form),
            "left_out": len(lines) - len(shown),
            "own": lines[0],
            "verdict": verdict_on(node),
            "fan": charts.fan_chart(forecasts.fan(rows, as_of=run.business_date), currency=plan.currency),
            "months": charts.months_chart(months, currency=plan.currency),
            "moved": moved,
            "overlay": _overlay(request, asked.plan, node, run, over=moved.over),
            "attain": attainment(plan=plan, run=run, node=node, user=user, period=moved.over),
            "levels": levels(plan=plan, node=node, user=user, year=rows[forecasts.YEAR]),
            "behind": deals_behind(run=run, node=node, user=user, period=moved.over),
            "scores": scores[:SCORES_SHOWN],
            "records": call_records(scores),
            "reasons": reasons(run),
        },
        status=status,
    )


def _overlay(request: AuthedRequest, plan: Plan, node: Node, run: JobRun, *, over: str) -> OverlayCredit | None:
    """What is credited on top within a period, as of the night."""
    first, after = period_days(plan, over)
    after = min(after, run.business_date)
    return overlay_credit(plan=plan, node=node, user=request.user, first=first, after=after)


@dataclass(frozen=True)
class ShownCall:
    """A call in force beside the number of the last night: how far it is from it, and how old."""

    call: ForecastCall
    over: Decimal
    days: int


@dataclass(frozen=True)
class CalledLine:
    """A row of the roll-up with the calls about it; `form` is there while the reader is submitting one."""

    line: Line
    mine: ShownCall | None
    others: list[ShownCall]
    key: str
    form: CallForm | None


def _called_lines(
    request: AuthedRequest, lines: Sequence[Line], plan: Plan, *, over: str, form: CallForm | None
) -> list[CalledLine]:
    calls = calls_beside(plan, [line.node for line in lines], period=over, user=request.user)
    called = called_node(request)
    now = timezone.now()
    shown = []
    for line in lines:
        subject = (line.node.unit.pk if line.node.unit else None, line.node.person.pk if line.node.person else None)
        shown_now = line.year.expected if line.run_rate is None else line.run_rate
        about = [
            ShownCall(call, call.commit - shown_now, max((now - call.called_at).days, 0))
            for call in calls.get(subject, [])
        ]
        mine = next((one for one in about if one.call.caller_id == request.user.pk), None)
        shown.append(
            CalledLine(
                line=line,
                mine=mine,
                others=[one for one in about if one is not mine],
                key=line.node.query.replace("=", "-"),
                form=_call_form(request, line.node, mine, form) if called == line.node else None,
            )
        )
    return shown


def _call_form(request: AuthedRequest, node: Node, mine: ShownCall | None, refused: CallForm | None) -> CallForm:
    if refused is not None:
        return refused
    own = policies.is_own_call(request.user, unit=node.unit, person=node.person)
    initial = {"commit": mine.call.commit, "best_case": mine.call.best_case} if mine else {}
    return CallForm(initial=initial, needs_reason=not own)


def called_node(request: AuthedRequest) -> Node | None:
    """Return whom the address wants to call: `call=unit-7`, `call=person-12`. :raises Http404: for anybody out of sight"""
    text = request.GET.get("call", "")
    if not text:
        return None
    kind, _dash, key = text.partition("-")
    if kind not in {"unit", "person"} or not is_key(key):
        raise Http404
    node = forecasts.visible_node(
        request.user,
        unit=int(key) if kind == "unit" else None,
        person=int(key) if kind == "person" else None,
    )
    if node is None:
        raise Http404
    return node


def over_in(request: AuthedRequest, asked: Asked) -> str:
    """Return the period that the address asks for. :raises Http404: for one that the page does not show"""
    over = request.GET.get("over", forecasts.YEAR)
    if asked.plan is None or asked.run is None or over not in dict(overs(asked.run, asked.plan)):
        raise Http404
    return over


@require_safe
def funnel(request: AuthedRequest) -> HttpResponse:
    """Show conversion and time in stage with their counts, for a unit or person, and who does how well at one stage."""
    asked = asked_for(request)
    pipelines = funnels.pipelines()
    if asked.plan is None or asked.run is None or not pipelines:
        return _not_yet(request, asked, "planning/funnel.html")
    key = number_in(request, "pipeline")
    window = request.GET.get("window", funnels.Window.YEAR)
    busiest = funnels.busiest_pipeline(asked.run, window=window, node=asked.node) if key is None else None
    pipeline = next((line for line in pipelines if line.pk == key), busiest)
    by = request.GET.get("by", funnels.By.UNIT if request.user.is_manager else funnels.By.PERSON)
    if pipeline is None or window not in funnels.Window.values or by not in _groupings(request):
        raise Http404
    lines = funnels.funnel(asked.run, pipeline=pipeline, window=window, node=asked.node)
    company = funnels.company_funnel(asked.run, pipeline=pipeline, window=window, user=request.user)
    stage_key = number_in(request, "stage")
    stage = next((line.stage for line in lines if line.stage.pk == stage_key), lines[0].stage if lines else None)
    if stage_key is not None and (stage is None or stage.pk != stage_key):
        raise Http404
    return page(
        request,
        "planning/funnel.html",
        {
            **asked.common,
            **_freshness(asked.run),
            "pipelines": pipelines,
            "pipeline": pipeline,
            "window": window,
            "windows": funnels.Window.choices,
            "by": by,
            "groupings": [(value, label) for value, label in funnels.By.choices if value in _groupings(request)],
            "lines": list(zip(lines, company, strict=True)),
            "stage": stage,
            "members": funnels.members_at(asked.run, user=request.user, stage=stage, window=window, by=by)
            if stage
            else [],
            "chart": charts.funnel_chart(lines, title=_("Funnel"), subtitle=str(funnels.Window(window).label)),
        },
    )


def _groupings(request: AuthedRequest) -> set[str]:
    """Ways to compare that the person may use: who manages nobody compares only themselves."""
    everybody = {*funnels.By.values} - {funnels.By.COMPANY.value}
    return everybody if request.user.is_manager else {funnels.By.PERSON.value}


def _funnel_chart(asked: Asked) -> charts.Chart | None:
    window = funnels.Window.YEAR
    pipeline = funnels.busiest_pipeline(asked.run, window=window, node=asked.node) if asked.run else None
    if asked.run is None or pipeline is None:
        return None
    lines = funnels.funnel(asked.run, pipeline=pipeline, window=window, node=asked.node)
    return charts.funnel_chart(lines, title=_("Pipeline funnel"), subtitle=_("Entered in the last 365 days · went on"))


def reasons(run: JobRun) -> list[str]:
    """Turn the codes of the evidence into sentences."""
    sentences = {
        "no_deals": _("There is no deal yet: the figures are assumptions with wide limits."),
        "few_deals": _("There are few deals so far; each new one may move the figures."),
        "no_wins": _("Nothing has been won yet: win rates are assumptions, not measurements."),
        "few_wins": _("Few deals have been won so far: win rates are uncertain, and the interval says so."),
        "short_history": _("The history is shorter than a year."),
        "no_season": _("There are not yet two years of history: the seasons of the year are not known."),
        "no_replays": _(
            "No past forecast could be checked against what came: the width of the interval is an assumption."
        ),
        "amounts_imputed": _("Some open deals have no amount; they count with the mean of their kind."),
        "no_amounts": _("No deal has an amount: there is no money to forecast, only wins."),
    }
    return [sentences[code] for code in forecasts.evidence_of(run).facts.get("reasons", []) if code in sentences]
