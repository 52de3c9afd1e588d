"""The conversion page: every rate by unit, person, lead source, product line, region, pipeline or period; and its limits."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.errors import Invalid
from core.pages import AuthedRequest, carried_out, page
from customers.models import Stage
from planning import charts, policies, services
from planning.forms import RateSettingsForm, answered_rates
from planning.forms.conversions import BY
from planning.models import RateSettings
from planning.queries import forecasts
from planning.queries.rate_definitions import rate_stages

from .conversion_lines import Address, Head, compared, matrix

SHOWN = ("rates", "time")
KEPT = ("unit", "person", "period", "against", "by", "pipeline", "product", "channel", "region", "measure", "show")


@require_safe
def conversion(request: AuthedRequest) -> HttpResponse:
    """Show the matrix of rates, the trend of one, the comparison at equal age, and what every figure means."""
    show = request.GET.get("show", SHOWN[0])
    if show not in SHOWN:
        raise Http404
    try:
        found = answered_rates(request.GET, user=request.user, as_of=timezone.localdate())
    except Invalid:
        raise Http404 from None
    form, asked, table = found.form, found.asked, found.table
    form.offer(asked.node)
    given = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    address = Address(given)
    rows = [table.own, *table.members, *([table.average] if table.average else [])]
    place = next((at for at, measure in enumerate(table.measures) if measure is table.trend.measure), 0)
    chosen = table.measures[place]
    return page(
        request,
        "planning/conversion.html",
        {
            "form": form,
            "node": asked.node,
            "path": [(node.name, address.to_node(node)) for node in forecasts.path_to(request.user, asked.node)],
            "as_of": table.as_of,
            "show": show,
            "shows": [
                (value, name, address.to(show=value))
                for value, name in zip(SHOWN, (_("Rates"), _("Time")), strict=True)
            ],
            "filters": [form[name] for name in ("period", "against", "by", "pipeline", "product", "channel", "region")],
            "kept": [(name, given[name]) for name in ("unit", "person", "measure", "show") if name in given],
            "heads": [
                Head(charts.head_name(measure), address.to(measure=measure.key), measure is chosen)
                for measure in table.measures
            ],
            "named": sum(measure.stage is None for measure in table.measures),
            "staged": sum(measure.stage is not None for measure in table.measures),
            "rows": matrix(rows, show=show, address=address, asked=asked),
            "is_empty": not any(rate.n for rate in table.own.rates),
            "chart": charts.trend_chart(table.trend, whose=asked.node.name),
            "chosen": charts.measure_name(chosen),
            "by_rate": [
                compared(charts.measure_name(measure), rate)
                for measure, rate in zip(table.measures, table.own.rates, strict=True)
            ],
            "by_member": [compared(row.name, row.rates[place]) for row in table.members],
            "by_name": BY[asked.by],
            "cohort": table.cohort,
            "earlier": table.earlier,
            "is_period": asked.by == "period",
            "definitions": found.definitions,
            "facts": found.limits,
            "exports": [
                (kind, reverse("planning:conversion-export", args=[kind]) + address.to()) for kind in ("csv", "xlsx")
            ],
            "can_set": policies.can_plan(request.user),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def conversion_settings(request: AuthedRequest) -> HttpResponse:
    """Show the limits that the rates are counted by, and change them."""
    require(policies.can_plan(request.user))
    settings = RateSettings.objects.the_one()
    stages = list(Stage.objects.select_related("pipeline").order_by("pipeline_id", "position", "pk"))
    marks = list(rate_stages(stages).values())
    fields = (
        "response_limit",
        "response_unit",
        "next_step_days",
        "open_quote_days",
        "opens_hour",
        "closes_hour",
        "version",
    )
    initial: dict[str, Any] = {name: getattr(settings, name) for name in fields}
    form = RateSettingsForm(
        request.POST if request.method == "POST" else None, initial=initial, marks=marks, stages=stages
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.set_rate_limits, actor=request.user, now=timezone.now()) is not None
    ):
        messages.success(request, _("The rates are counted by these limits from now on."))
        return redirect("planning:conversion")
    status = 422 if request.method == "POST" else 200
    return page(request, "planning/conversion_limits.html", {"form": form, "settings": settings}, status=status)
