"""What changes a deal's course: move, undo, reopen, amend, hand over. Each is a page of its own and works without scripts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from core.access import require
from core.errors import DomainError, VersionConflict
from core.pages import AuthedRequest, carried_out, page
from customers import policies, services
from customers.forms import AmendForm, CreditForm, HandOverForm, MoveForm, ReopenForm, VersionForm
from customers.models import Deal, Stage, StageEvent
from customers.queries.credits import agreements
from customers.views.board import board_answer, is_from_board
from customers.views.deals import conflict


@require_http_methods(["GET", "POST"])
def deal_move(request: AuthedRequest, pk: int) -> HttpResponse:
    """
    `?to=` names the stage when it is chosen already; `board` in the body is the board's query, to answer with the board;
    `direct` says that no form was shown, so that a refusal is told on the board.
    """
    deal = _visible_deal(request, pk)
    require(policies.can_move_deal(request.user, deal))
    if not deal.stage.is_open and request.method == "GET":
        messages.error(request, _("This deal is won or lost. Reopen it before moving it."))
        return redirect("customers:deal-detail", pk=pk)
    to = _chosen(request, deal)
    form = MoveForm(request.POST or None, deal=deal, to=to)
    if request.method == "POST" and form.is_valid():
        moved = carried_out(form, services.move_deal, deal=deal, actor=request.user, now=timezone.now())
        if moved:
            return _moved(request, moved)
    return _move_form(request, deal, to, form)


@require_POST
def deal_undo(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = _visible_deal(request, pk)
    require(policies.can_move_deal(request.user, deal))
    form = VersionForm(request.POST)
    undone = None
    if form.is_valid():
        undone = carried_out(form, services.undo_move, deal=deal, actor=request.user, now=timezone.now())
    if undone:
        text = _("Undone: “%(deal)s” is in %(stage)s again.") % {"deal": undone, "stage": undone.stage}
    else:
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
    if is_from_board(request):
        return board_answer(request, deal=pk, text=text, kind="success" if undone else "error")
    messages.add_message(request, messages.SUCCESS if undone else messages.ERROR, text)
    return redirect("customers:deal-detail", pk=pk)


@require_http_methods(["GET", "POST"])
def deal_reopen(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = _visible_deal(request, pk)
    require(policies.can_reopen_deal(request.user, deal), _("Only those who lead a team reopen a deal."))
    closing = deal.events.exclude(kind=StageEvent.Kind.AMEND).order_by("-seq").first()
    form = ReopenForm(request.POST or None, deal=deal, closed_from=closing.from_stage_id if closing else None)
    if request.method == "POST" and form.is_valid():
        again = carried_out(form, services.reopen_deal, deal=deal, actor=request.user, now=timezone.now())
        if again:
            messages.success(
                request, _("“%(deal)s” is open again, in %(stage)s.") % {"deal": again, "stage": again.stage}
            )
            return redirect("customers:deal-detail", pk=pk)
    return _form_page(request, "customers/deal_reopen.html", deal, form)


@require_http_methods(["GET", "POST"])
def deal_amend(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = _visible_deal(request, pk)
    require(policies.can_amend_deal(request.user, deal), _("Only those who lead a team change a closed deal."))
    form = AmendForm(request.POST or None, deal=deal)
    if request.method == "POST" and form.is_valid():
        amended = carried_out(form, services.amend_deal, deal=deal, actor=request.user, now=timezone.now())
        if amended:
            messages.success(request, _("Saved. The old figures stay in the history."))
            return redirect("customers:deal-detail", pk=pk)
    return _form_page(request, "customers/deal_amend.html", deal, form)


@require_http_methods(["GET", "POST"])
def deal_hand_over(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = _visible_deal(request, pk)
    require(policies.can_hand_over_deal(request.user, deal), _("Only those who lead a team hand a deal over."))
    form = HandOverForm(request.POST or None, user=request.user, deal=deal)
    if request.method == "POST" and form.is_valid():
        handed = carried_out(form, services.hand_over_deal, deal=deal, actor=request.user, now=timezone.now())
        if handed:
            messages.success(
                request, _("“%(deal)s” belongs to %(owner)s now.") % {"deal": handed, "owner": handed.owner}
            )
            return redirect("customers:deal-detail", pk=pk)
    return _form_page(request, "customers/deal_hand_over.html", deal, form)


@require_http_methods(["GET", "POST"])
def deal_credit(request: AuthedRequest, pk: int) -> HttpResponse:
    """Agree who gets which part of a deal."""
    deal = _visible_deal(request, pk)
    require(policies.can_share_credit(request.user, deal), _("Only those who lead the owner share the credit."))
    agreed = agreements(deal)
    form = CreditForm(request.POST or None, user=request.user, deal=deal, now=agreed[0] if agreed else None)
    if request.method == "POST" and form.is_valid():
        shared = carried_out(form, services.share_credit, deal=deal, actor=request.user, now=timezone.now())
        if shared:
            messages.success(request, _("The credit of “%(deal)s” is shared.") % {"deal": shared})
            return redirect("customers:deal-detail", pk=pk)
    return _form_page(request, "customers/deal_credit.html", deal, form)


def _visible_deal(request: AuthedRequest, pk: int) -> Deal:
    deals = Deal.objects.visible_to(request.user).select_related("stage", "pipeline", "customer", "owner")
    return get_object_or_404(deals, pk=pk)


def _chosen(request: AuthedRequest, deal: Deal) -> Stage | None:
    wanted = request.GET.get("to", "")
    if not wanted:
        return None
    stages = deal.pipeline.stages.in_use().exclude(pk=deal.stage_id)
    return stages.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None


def _moved(request: AuthedRequest, deal: Deal) -> HttpResponse:
    text = _("“%(deal)s” moved to %(stage)s.") % {"deal": deal, "stage": deal.stage}
    if is_from_board(request):
        undo = reverse("customers:deal-undo", args=[deal.pk])
        return board_answer(request, deal=deal.pk, text=text, kind="success", undo=undo, version=deal.version)
    messages.success(request, text)
    return redirect("customers:deal-detail", pk=deal.pk)


def _move_form(request: AuthedRequest, deal: Deal, to: Stage | None, form: MoveForm) -> HttpResponse:
    refusal: DomainError | None = getattr(form, "refusal", None)
    if is_from_board(request) and (isinstance(refusal, VersionConflict) or "direct" in request.POST):
        return board_answer(request, deal=deal.pk, text=_told(refusal, deal, form), kind="error")
    context = {"deal": deal, "to": to, "form": form, **conflict(form, deal)}
    status = 422 if form.is_bound else 200
    if request.htmx:
        context["board"] = request.POST.get("board", request.GET.get("board", ""))
        response = render(request, "customers/_move_form.html", context, status=status)
        return reswap(retarget(response, "#move-dialog-body"), "innerHTML")
    return page(request, "customers/deal_move.html", context, status=status)


def _told(refusal: DomainError | None, deal: Deal, form: MoveForm) -> str:
    """Say on the board why a move did not happen; of a conflict, what both wanted."""
    if isinstance(refusal, VersionConflict):
        wanted = form.cleaned_data.get("to_stage")
        facts = {
            "deal": deal,
            "stage": refusal.extra["stage_name"],
            "who": refusal.extra["changed_by"] or _("Somebody"),
            "wanted": wanted,
        }
        return (
            _("%(who)s changed “%(deal)s” meanwhile: it is in %(stage)s now. You wanted %(wanted)s; nothing was moved.")
            % facts
        )
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _form_page(request: AuthedRequest, template: str, deal: Deal, form: Any) -> HttpResponse:
    context = {"deal": deal, "form": form, **conflict(form, deal)}
    return page(request, template, context, status=422 if form.is_bound else 200)
