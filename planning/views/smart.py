"""Is every target SMART? One list for a version, one target's own findings, and the limits that they judge by."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from planning import policies, queries, services
from planning.forms import SmartLimitsForm
from planning.models import SmartSettings, Target
from planning.queries import smart
from planning.queries.smart_shares import smart_shares

from .targets import today_of


@require_safe
def targets_smart(request: AuthedRequest, version: int) -> HttpResponse:
    """List the five checks of every target that the person sees, with their evidence."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    as_of = today_of(found.plan)
    rows = smart.smart_targets(version=found, user=request.user, as_of=as_of)
    shares = smart_shares(version=found, user=request.user, as_of=as_of)
    only = "open" in request.GET
    context = {
        "version": found,
        "plan": found.plan,
        "rows": [(row, smart.asks_for(row.target)) for row in rows if row.is_open or not only],
        "shares": [row for row in shares if row.is_open or not only],
        "checks": list(smart.Check),
        "failed": sum(len(row.failed) for row in [*rows, *shares]),
        "only": only,
        "settings": SmartSettings.objects.the_one(),
        "kept_at": max((row.computed_at for row in rows if row.computed_at), default=None),
        "can_plan": policies.can_plan(request.user),
    }
    return page(request, "planning/targets_smart.html", context)


@require_safe
def target_smart(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Show the five checks of one target: a fragment that its page loads."""
    rows = Target.objects.visible_to(request.user).filter(version=version)
    target = get_object_or_404(rows.select_related("version__plan__fiscal_year", *smart.LINKED), pk=pk)
    found = smart.smart_target(target, as_of=today_of(target.version.plan))
    return page(request, "planning/_target_smart.html", {"row": found, "version": target.version})


@require_http_methods(["GET", "HEAD", "POST"])
def smart_limits(request: AuthedRequest) -> HttpResponse:
    """Show the chances below and above which a target is called stretch or soft, and change them."""
    require(policies.can_plan(request.user))
    settings = SmartSettings.objects.the_one()
    form = SmartLimitsForm(request.POST if request.method == "POST" else None, settings=settings)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.set_smart_limits, actor=request.user, now=timezone.now())
    ):
        messages.success(request, _("Drafts are judged by these limits from now on."))
        return redirect("planning:targets")
    status = 422 if request.method == "POST" else 200
    return page(request, "planning/smart_limits.html", {"form": form, "settings": settings}, status=status)
