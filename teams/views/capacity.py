"""Ramp and hires: what capacity rests on, and the forms that change it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from teams import forms, policies, queries, services
from teams.models import CapacityRule, OrgUnit, PlannedHire, Presence


@require_safe
def capacity(request: AuthedRequest) -> HttpResponse:
    """Show how each unit's people ramp up, who is part of the time away, and who is to be hired."""
    require(policies.can_plan_capacity(request.user))
    return page(request, "teams/capacity.html", {"shown": queries.capacity_page(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
def capacity_rule(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=pk)
    require(policies.can_set_capacity(request.user, unit))
    own = CapacityRule.objects.filter(unit=unit).first()
    form = forms.CapacityRuleForm(posted(request), own=own, rule=queries.Rules().of(pk))
    if form.is_valid() and carried_out(form, services.set_capacity_rule, actor=request.user, unit=unit):
        messages.success(request, _("Saved."))
        return redirect("teams:capacity")
    return _form_page(request, form, title=_("What the unit reckons with"), of=unit.name)


@require_http_methods(["GET", "HEAD", "POST"])
def presence_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_plan_capacity(request.user))
    form = forms.PresenceForm(posted(request), actor=request.user, initial={"person": request.GET.get("person")})
    if form.is_valid() and carried_out(form, services.set_presence, actor=request.user):
        messages.success(request, _("Saved."))
        return redirect("teams:capacity")
    return _form_page(request, form, title=_("Part time or leave"), of="")


@require_http_methods(["GET", "HEAD", "POST"])
def presence_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Presence.objects.visible_to(request.user).select_related("person"), pk=pk)
    require(policies.can_set_presence(request.user, row.person))
    form = forms.PresenceForm(posted(request), actor=request.user, presence=row)
    if form.is_valid() and carried_out(
        form, services.set_presence, actor=request.user, person=row.person, presence=row
    ):
        messages.success(request, _("Saved."))
        return redirect("teams:capacity")
    return _form_page(request, form, title=_("Part time or leave"), of=row.person.name)


@require_http_methods(["GET", "HEAD", "POST"])
def hire_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_plan_capacity(request.user))
    form = forms.HireForm(posted(request), actor=request.user, initial={"unit": request.GET.get("unit")})
    if form.is_valid() and carried_out(form, services.plan_hires, actor=request.user):
        messages.success(request, _("Saved."))
        return redirect("teams:capacity")
    return _form_page(request, form, title=_("Planned hires"), of="")


@require_http_methods(["GET", "HEAD", "POST"])
def hire_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(PlannedHire.objects.visible_to(request.user).select_related("unit"), pk=pk)
    require(policies.can_set_capacity(request.user, row.unit))
    form = forms.HireForm(posted(request), actor=request.user, hire=row)
    if form.is_valid() and carried_out(form, services.plan_hires, actor=request.user, hire=row):
        messages.success(request, _("Saved."))
        return redirect("teams:capacity")
    return _form_page(request, form, title=_("Planned hires"), of=row.unit.name)


def _form_page(
    request: AuthedRequest,
    form: forms.CapacityRuleForm | forms.PresenceForm | forms.HireForm,
    *,
    title: str,
    of: str,
) -> HttpResponse:
    context = {"form": form, "title": title, "of": of, "action": request.path}
    return page(request, "teams/capacity_form.html", context, status=422 if form.is_bound else 200)
