"""The year as the last night saw it: overview, forecast, funnel."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.models import JobRun
from core.pages import AuthedRequest, page
from core.templatetags.formats import day
from planning import charts, policies
from planning.models import Plan
from planning.queries import forecasts, plan_on
from planning.queries import funnel as funnels
from planning.queries import movement as movements
from planning.queries import overview as headlines
from planning.queries.forecasts import Line, Node
from planning.queries.instead import with_run_rates
from planning.queries.track_record import verdict_on

SINCE_DAYS = {"day": 1, "week": 7, "month": 30}


def _number(request: AuthedRequest, name: str) -> int | None:
    """A key from the address; anything else than a plain number is nobody's. :raises Http404: then"""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Http404
    return int(text)


@dataclass(frozen=True)
class Asked:
    """What the address of a forecast page asks for: which plan, whose figures; and the night that answers."""

    plan: Plan | None
    node: Node
    path: list[Node]
    run: JobRun | None

    @property
    def common(self) -> dict[str, Any]:
        return {"plan": self.plan, "node": self.node, "path": self.path, "run": self.run}


def _asked(request: AuthedRequest) -> Asked:
    user = request.user
    year = _number(request, "year")
    if year is None:
        plan = plan_on(user, timezone.localdate())
    else:
        plan = Plan.objects.visible_to(user).select_related("fiscal_year").filter(fiscal_year__year=year).first()
        if plan is None:
            raise Http404
    node = forecasts.visible_node(user, unit=_number(request, "unit"), person=_number(request, "person"))
    if node is None:
        raise Http404
    run = forecasts.shown_run(plan) if plan else None
    return Asked(plan, node, forecasts.path_to(user, node), run)


def _not_yet(request: AuthedRequest, asked: Asked, template: str) -> HttpResponse:
    """Say why there is nothing to see yet: no plan, no night, or a node that the last night did not know."""
    return page(request, template, {**asked.common, "can_plan": policies.can_plan(request.user)})


def _freshness(run: JobRun) -> dict[str, Any]:
    return {"is_stale": forecasts.is_stale(run, now=timezone.now()), "evidence": forecasts.evidence_of(run)}


def _lines(request: AuthedRequest, plan: Plan, run: JobRun, node: Node) -> list[Line]:
    """The roll-up, with the run rate where a forecast has not shown skill; the node itself comes first."""
    return with_run_rates(forecasts.roll_up(run, request.user, node), plan=plan, run=run)


@require_safe
def overview(request: AuthedRequest) -> HttpResponse:
    """Show how the year is going: target, won, forecast, cover; the fan, the funnel, what moved, where to look."""
    asked = _asked(request)
    head = headlines.headline(plan=asked.plan, run=asked.run, node=asked.node) if asked.plan and asked.run else None
    if asked.plan is None or asked.run is None or head is None:
        return _not_yet(request, asked, "planning/overview.html")
    currency = asked.plan.currency
    rows = forecasts.by_period(asked.run, asked.node)
    lines = _lines(request, asked.plan, asked.run, asked.node)
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
            "movement": _movement(asked, "week"),
            "watch": forecasts.attain_lines(lines)[:6],
            "reasons": _reasons(asked.run),
        },
    )


@require_safe
def forecast(request: AuthedRequest) -> HttpResponse:
    """Show the forecast of a unit or person: roll-up, fan, months, what moved, and how the number is made."""
    asked = _asked(request)
    rows = forecasts.by_period(asked.run, asked.node) if asked.run else {}
    if asked.plan is None or asked.run is None or not rows:
        return _not_yet(request, asked, "planning/forecast.html")
    since = request.GET.get("since", "week")
    if since not in SINCE_DAYS:
        raise Http404
    currency = asked.plan.currency
    months = forecasts.months_of(rows, as_of=asked.run.business_date)
    lines = _lines(request, asked.plan, asked.run, asked.node)
    return page(
        request,
        "planning/forecast.html",
        {
            **asked.common,
            **_freshness(asked.run),
            "year": rows[forecasts.YEAR],
            "quarters": [rows[period] for period in forecasts.QUARTER_PERIODS],
            "currency": currency,
            "lines": lines,
            "own": lines[0],
            "verdict": verdict_on(asked.node),
            "fan": charts.fan_chart(forecasts.fan(rows, as_of=asked.run.business_date), currency=currency),
            "months": charts.months_chart(months, currency=currency),
            "movement": _movement(asked, since),
            "since": since,
            "since_choices": _since_choices(),
            "reasons": _reasons(asked.run),
        },
    )


@require_safe
def funnel(request: AuthedRequest) -> HttpResponse:
    """Show conversion and time in stage with their counts, for a unit or person, and who does how well at one stage."""
    asked = _asked(request)
    pipelines = funnels.pipelines()
    if asked.plan is None or asked.run is None or not pipelines:
        return _not_yet(request, asked, "planning/funnel.html")
    key = _number(request, "pipeline")
    pipeline = next((line for line in pipelines if line.pk == key), pipelines[0] if key is None else None)
    window = request.GET.get("window", funnels.Window.YEAR)
    by = request.GET.get("by", funnels.By.UNIT if request.user.is_manager else funnels.By.PERSON)
    if pipeline is None or window not in funnels.Window.values or by not in _groupings(request):
        raise Http404
    lines = funnels.funnel(asked.run, pipeline=pipeline, window=window, node=asked.node)
    company = funnels.funnel(asked.run, pipeline=pipeline, window=window, node=Node())
    stage_key = _number(request, "stage")
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
    pipelines = funnels.pipelines()
    if asked.run is None or not pipelines:
        return None
    window = funnels.Window.YEAR
    lines = funnels.funnel(asked.run, pipeline=pipelines[0], window=window, node=asked.node)
    return charts.funnel_chart(lines, title=_("Pipeline funnel"), subtitle=_("Entered in the last 365 days · went on"))


def _movement(asked: Asked, since: str) -> charts.Chart | None:
    """What moved since an earlier night, as a chart; None on the first night."""
    if asked.plan is None or asked.run is None:
        return None
    earlier = forecasts.earlier_run(asked.plan, than=asked.run, days=SINCE_DAYS[since])
    if earlier is None:
        return None
    moved = movements.movement(run=asked.run, since=earlier, node=asked.node)
    if moved is None:
        return None
    return charts.movement_chart(moved, currency=asked.plan.currency, since=day(earlier.business_date))


def _since_choices() -> list[tuple[str, str]]:
    return [("day", _("Yesterday")), ("week", _("Last week")), ("month", _("Last month"))]


def _reasons(run: JobRun) -> list[str]:
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
