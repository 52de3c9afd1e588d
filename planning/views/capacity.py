"""Capacity against targets, and the full quotas that it rests on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from planning import charts, policies, queries, services
from planning.forms import FullQuotaForm
from planning.models import FullQuota, Plan
from planning.queries import forecasts
from planning.queries.capacity_lines import capacity_sheet
from planning.queries.ramp import measured_ramp
from teams.models import OrgUnit, User

from .asking import node_in, version_in
from .targets import today_of


@require_safe
def capacity(request: AuthedRequest) -> HttpResponse:
    """Show what a unit's people can carry, month by month, against its target."""
    user = request.user
    require(policies.can_see_capacity(user))
    version, node = version_in(request), node_in(request)
    if version is None:
        return page(request, "planning/targets_empty.html", {"can_plan": policies.can_plan(user)})
    sheet = capacity_sheet(version=version, user=user, node=node, as_of=today_of(version.plan))
    context = {
        "sheet": sheet,
        "version": version,
        "plan": version.plan,
        "node": node,
        "path": forecasts.path_to(user, node),
        "versions": [found for found in queries.visible_versions(user) if found.plan_id == version.plan_id],
        "ramp": measured_ramp(plan=version.plan, unit=node.unit, as_of=today_of(version.plan)) if node.unit else [],
        "chart": charts.capacity_chart(sheet, currency=version.plan.currency),
    }
    return page(request, "planning/capacity.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def full_quota(request: AuthedRequest, plan: int, unit: int | None = None, person: int | None = None) -> HttpResponse:
    """Type the full quota of a person, or of everybody in a unit who has none of their own."""
    user = request.user
    year = get_object_or_404(Plan.objects.visible_to(user).select_related("fiscal_year"), pk=plan)
    for_unit = get_object_or_404(OrgUnit.objects.visible_to(user), pk=unit) if unit is not None else None
    for_person = get_object_or_404(User.objects.visible_to(user), pk=person) if person is not None else None
    require(policies.can_set_full_quota(user, unit=for_unit, person=for_person))
    row = FullQuota.objects.filter(plan=year, unit=for_unit, person=for_person).first()
    initial = {"amount": row.amount if row else None, "version": row.version if row else 0}
    form = FullQuotaForm(posted(request), initial=initial)
    place = forecasts.Node(unit=for_unit, person=for_person)
    back = f"{reverse('planning:capacity')}?{place.query}"
    if form.is_valid() and carried_out(
        form, services.set_full_quota, plan=year, actor=user, unit=for_unit, person=for_person
    ):
        messages.success(request, _("Saved."))
        return redirect(back)
    context = {"form": form, "plan": year, "node": place, "back": back, "action": request.path}
    return page(request, "planning/full_quota.html", context, status=422 if form.is_bound else 200)
