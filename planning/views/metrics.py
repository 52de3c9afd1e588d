"""What targets can ask for: the list of metrics with their definitions, a new one, and the name of one."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from planning import policies, services
from planning.forms import MetricForm, MetricNameForm
from planning.models import Metric
from planning.queries.metrics import definition_of
from teams.models import Company


@require_safe
def metrics(request: AuthedRequest) -> HttpResponse:
    """Show every metric with the sentence that says what it counts."""
    currency = Company.objects.the_one().currency
    rows = (
        Metric.objects.select_related("stage", "from_stage")
        .annotate(asked=Count("targets"))
        .order_by("position", "name")
    )
    context = {
        "rows": [(metric, definition_of(metric, currency)) for metric in rows],
        "can_plan": policies.can_plan(request.user),
    }
    return page(request, "planning/metrics.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def metric_new(request: AuthedRequest) -> HttpResponse:
    """Add something that targets can ask for."""
    require(policies.can_plan(request.user))
    form = MetricForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and carried_out(form, services.add_metric, actor=request.user):
        return redirect("planning:metrics")
    return page(request, "planning/metric_new.html", {"form": form}, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def metric_edit(request: AuthedRequest, code: str) -> HttpResponse:
    """Rename a metric, or take it out of use."""
    require(policies.can_plan(request.user))
    metric = get_object_or_404(Metric.objects.select_related("stage", "from_stage"), pk=code)
    form = MetricNameForm(request.POST if request.method == "POST" else None, metric=metric)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.rename_metric, metric=metric, actor=request.user)
    ):
        messages.success(request, _("Saved."))
        return redirect("planning:metrics")
    definition = definition_of(metric, Company.objects.the_one().currency)
    context = {"metric": metric, "definition": definition, "form": form}
    return page(request, "planning/metric_edit.html", context, status=422 if request.method == "POST" else 200)
