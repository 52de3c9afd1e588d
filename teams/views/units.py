from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from teams import forms, policies, queries, services
from teams.models import OrgUnit


@require_GET
def units(request: AuthedRequest) -> HttpResponse:
    context = {"rows": queries.unit_tree(request.user), "can_manage": policies.can_manage_people(request.user)}
    return page(request, "teams/units.html", context)


@require_http_methods(["GET", "POST"])
def unit_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_manage_people(request.user), _("Only administrators change units."))
    first = not OrgUnit.objects.exists()
    initial = {"kind": OrgUnit.Kind.COMPANY if first else OrgUnit.Kind.TEAM, "parent": request.GET.get("parent")}
    form = forms.UnitForm(posted(request), user=request.user, initial=initial)
    if form.is_valid():
        unit = carried_out(form, services.create_unit, actor=request.user)
        if unit:
            messages.success(request, _("Saved."))
            return redirect("teams:unit-manager", pk=unit.pk)
    return page(request, "teams/unit_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def unit_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = _managed(request, pk)
    form = forms.EditUnitForm(posted(request), unit=unit, user=request.user)
    if form.is_valid() and carried_out(form, services.edit_unit, actor=request.user, unit=unit):
        messages.success(request, _("Saved."))
        return redirect("teams:units")
    return page(request, "teams/unit_edit.html", {"form": form, "unit": unit}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def unit_manager(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = _managed(request, pk)
    form = forms.ManagerForm(posted(request), actor=request.user, initial={"from_date": timezone.localdate()})
    if form.is_valid() and carried_out(form, services.appoint_manager, actor=request.user, unit=unit):
        messages.success(request, _("The appointment is on record."))
        return redirect("teams:units")
    posts = unit.managements.select_related("user").order_by("-valid_from")
    context = {"form": form, "unit": unit, "posts": posts}
    return page(request, "teams/unit_manager.html", context, status=422 if form.is_bound else 200)


def _managed(request: AuthedRequest, pk: int) -> OrgUnit:
    unit: OrgUnit = get_object_or_404(OrgUnit.objects.known_to(request.user), pk=pk)
    require(policies.can_manage_people(request.user), _("Only administrators change units."))
    return unit
