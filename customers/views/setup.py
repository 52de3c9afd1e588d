"""Setup: pipelines with their stages, product lines, regions, channels. For administrators."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.errors import DomainError, VersionConflict
from core.pages import AuthedRequest, carried_out, page
from customers import policies, services
from customers.forms import NewPartForm, NewWordForm, PlaceForm, VersionForm, WordForm
from customers.models import Channel, Pipeline, ProductLine, Region, Stage
from customers.views.conflicts import theirs

WORDS: dict[str, tuple[type[ProductLine | Region | Channel], Promise | str, Promise | str]] = {
    "products": (ProductLine, gettext_lazy("Product lines"), gettext_lazy("Add a product line")),
    "regions": (Region, gettext_lazy("Market regions"), gettext_lazy("Add a market region")),
    "channels": (Channel, gettext_lazy("Lead sources"), gettext_lazy("Add a lead source")),
}


@require_safe
def stages(request: AuthedRequest) -> HttpResponse:
    require(policies.can_set_up(request.user))
    rows = Stage.objects.annotate(deal_count=Count("deals")).order_by("pipeline", "position")
    pipelines = [
        (pipeline, [row for row in rows if row.pipeline_id == pipeline.pk]) for pipeline in Pipeline.objects.all()
    ]
    return page(request, "customers/stages.html", {"pipelines": pipelines, "words": WORDS})


@require_http_methods(["GET", "POST"])
def pipeline_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_set_up(request.user))
    form = NewWordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and carried_out(form, services.create_pipeline, actor=request.user):
        return redirect("customers:stages")
    context = {"form": form, "title": _("New pipeline")}
    return page(request, "customers/word_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def pipeline_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = WordForm(request.POST or None, word=pipeline)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_pipeline, pipeline=pipeline, actor=request.user)
    ):
        return redirect("customers:stages")
    context = {"form": form, "title": pipeline, "theirs": theirs(form)}
    return page(request, "customers/word_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def stage_new(request: AuthedRequest, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = NewWordForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.add_stage, pipeline=pipeline, actor=request.user)
    ):
        return redirect("customers:stages")
    context = {"form": form, "title": _("New stage of %(pipeline)s") % {"pipeline": pipeline}}
    return page(request, "customers/word_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def stage_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    stage = get_object_or_404(Stage.objects.annotate(deal_count=Count("deals")), pk=pk)
    form = WordForm(request.POST or None, word=stage)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_stage, stage=stage, actor=request.user)
    ):
        return redirect("customers:stages")
    context = {
        "form": form,
        "title": stage,
        "stage": stage,
        "theirs": theirs(form),
        "delete_fields": [("version", stage.version)],
    }
    return page(request, "customers/stage_edit.html", context, status=422 if form.is_bound else 200)


@require_POST
def stage_move(request: AuthedRequest, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    stage = get_object_or_404(Stage, pk=pk)
    form = PlaceForm(request.POST)
    if form.is_valid():
        up, position = form.cleaned_data["way"] == "up", form.cleaned_data["position"]
        try:
            services.move_stage(stage=stage, position=position, actor=request.user, up=up)
        except VersionConflict:
            messages.error(request, _("Somebody changed the order meanwhile. Look at it, then move the stage again."))
    return redirect("customers:stages")


@require_POST
def stage_delete(request: AuthedRequest, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    stage = get_object_or_404(Stage, pk=pk)
    form = VersionForm(request.POST)
    if form.is_valid():
        try:
            stage = services.delete_stage(stage=stage, actor=request.user, **form.cleaned_data)
        except DomainError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("The stage “%(stage)s” is gone.") % {"stage": stage})
    return redirect("customers:stages")


@require_safe
def words(request: AuthedRequest, kind: str) -> HttpResponse:
    require(policies.can_set_up(request.user))
    model, title, add = _kind(kind)
    rows = model._default_manager.annotate(deal_count=Count("deals", distinct=True)).order_by("position", "name")
    rows = rows if model is Channel else rows.select_related("parent")
    context = {"kind": kind, "title": title, "add": add, "rows": rows, "words": WORDS}
    return page(request, "customers/words.html", context)


@require_http_methods(["GET", "POST"])
def word_new(request: AuthedRequest, kind: str) -> HttpResponse:
    require(policies.can_set_up(request.user))
    model, _title, add = _kind(kind)
    data = request.POST or None
    form = NewWordForm(data) if model is Channel else NewPartForm(data, kind=model)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.add_word, kind=model, actor=request.user)
    ):
        return redirect("customers:words", kind=kind)
    context = {"form": form, "title": add, "kind": kind}
    return page(request, "customers/word_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def word_edit(request: AuthedRequest, kind: str, pk: int) -> HttpResponse:
    require(policies.can_set_up(request.user))
    model, _title, _add = _kind(kind)
    word = get_object_or_404(model._default_manager.all(), pk=pk)
    form = WordForm(request.POST or None, word=word)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_word, word=word, actor=request.user)
    ):
        return redirect("customers:words", kind=kind)
    context = {"form": form, "title": word, "kind": kind, "theirs": theirs(form)}
    return page(request, "customers/word_edit.html", context, status=422 if form.is_bound else 200)


def _kind(kind: str) -> Any:
    if kind not in WORDS:
        raise Http404
    return WORDS[kind]
