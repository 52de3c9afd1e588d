from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from teams import forms, policies, queries, services
from teams.models import User

PER_PAGE = 50


@require_GET
def people(request: AuthedRequest) -> HttpResponse:
    form = forms.PeopleFilter(request.GET, user=request.user)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = queries.people(
        request.user, q=wanted.get("q", ""), unit=wanted.get("unit"), state=wanted.get("state") or "active"
    )
    rows = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "rows": rows,
        "query": urlencode({key: request.GET[key] for key in ("q", "unit", "state") if request.GET.get(key)}),
        "can_manage": policies.can_manage_people(request.user),
    }
    return page(request, "teams/people.html", context, fragment="teams/_people_list.html")


@require_GET
def person_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    person = _known(request, pk)
    return page(
        request,
        "teams/person_detail.html",
        {"shown": queries.person_page(person, request.user, as_of=timezone.localdate()), "person": person},
    )


@require_http_methods(["GET", "POST"])
def person_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_manage_people(request.user), _("Only administrators add people."))
    form = forms.NewPersonForm(posted(request), user=request.user)
    if form.is_valid():
        person = carried_out(form, services.create_person, actor=request.user)
        if person:
            messages.success(request, _("%(name)s was added.") % {"name": person.name})
            return redirect("teams:person-detail", pk=person.pk)
    return _form_page(request, "teams/person_new.html", form)


@require_http_methods(["GET", "POST"])
def person_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    person = _managed(request, pk)
    form = forms.PersonForm(posted(request), person=person, user=request.user)
    if form.is_valid() and carried_out(form, services.edit_person, actor=request.user, person=person):
        messages.success(request, _("Saved."))
        return redirect("teams:person-detail", pk=pk)
    return _form_page(request, "teams/person_edit.html", form, person=person)


@require_http_methods(["GET", "POST"])
def person_move(request: AuthedRequest, pk: int) -> HttpResponse:
    person = _managed(request, pk)
    form = forms.MoveForm(posted(request), user=request.user, initial={"from_date": timezone.localdate()})
    if form.is_valid() and carried_out(form, services.move_person, actor=request.user, user=person):
        messages.success(request, _("The move is on record."))
        return redirect("teams:person-detail", pk=pk)
    shown = queries.person_page(person, request.user, as_of=timezone.localdate())
    return _form_page(request, "teams/person_move.html", form, person=person, shown=shown)


@require_http_methods(["GET", "POST"])
def person_deactivate(request: AuthedRequest, pk: int) -> HttpResponse:
    person = _managed(request, pk)
    initial = {"left_date": timezone.localdate(), "version": person.version}
    form = forms.DeactivateForm(posted(request), initial=initial)
    if form.is_valid() and carried_out(form, services.deactivate_person, actor=request.user, person=person):
        messages.success(request, _("%(name)s can no longer sign in.") % {"name": person.name})
        return redirect("teams:person-detail", pk=pk)
    return _form_page(request, "teams/person_deactivate.html", form, person=person)


@require_POST
def person_reactivate(request: AuthedRequest, pk: int) -> HttpResponse:
    person = _managed(request, pk)
    form = forms.VersionForm(request.POST)
    if form.is_valid() and carried_out(form, services.reactivate_person, actor=request.user, person=person):
        messages.success(request, _("%(name)s may sign in again.") % {"name": person.name})
        return redirect("teams:person-detail", pk=pk)
    shown = queries.person_page(person, request.user, as_of=timezone.localdate())
    return page(request, "teams/person_detail.html", {"shown": shown, "person": person, "form": form}, status=422)


def _known(request: AuthedRequest, pk: int) -> User:
    """Return a person whose name the user may see; 404 for everybody else."""
    found: User = get_object_or_404(User.objects.known_to(request.user), pk=pk)
    return found


def _managed(request: AuthedRequest, pk: int) -> User:
    person = _known(request, pk)
    require(policies.can_manage_people(request.user), _("Only administrators change people."))
    return person


def _form_page(request: HttpRequest, template: str, form: BaseForm, **context: object) -> HttpResponse:
    return page(request, template, {"form": form, **context}, status=422 if form.is_bound else 200)
