"""A plan made anew: from which month, what becomes of the shortfall so far, and what that would make of every target."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from planning import policies, queries, services
from planning.forms import ReplanForm, ReviseForm
from planning.models import IN_THE_WORKS, Plan

from .plans import grid_url_of
from .targets import today_of


@require_http_methods(["GET", "HEAD", "POST"])
def plan_revise(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show what a revision would make of every target, by the choices in the address, and begin the draft."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user).select_related("fiscal_year"), pk=pk)
    require(policies.can_plan(request.user))
    as_of = today_of(plan)
    months = queries.effective_months(plan, as_of)
    if request.method == "POST":
        form = ReviseForm(request.POST, months=months)
        if form.is_valid():
            draft = carried_out(form, services.revise_plan, plan=plan, as_of=as_of, actor=request.user)
            if draft is not None:
                return redirect(grid_url_of(draft))
        return page(request, "planning/plan_revise.html", _context(request, plan, form, form), status=422)
    asked = ReplanForm(request.GET if "effective_date" in request.GET else None, months=months)
    chosen = asked.cleaned_data if asked.is_valid() else {}
    begin = ReviseForm(initial=chosen, months=months)
    return page(request, "planning/plan_revise.html", _context(request, plan, asked, begin))


def _context(request: AuthedRequest, plan: Plan, asked: ReplanForm, begin: ReviseForm) -> dict[str, Any]:
    """The preview stands as soon as the choices are made: a month, and of a later one than the first what is lacking."""
    as_of = today_of(plan)
    base = queries.revisable(plan)
    chosen = asked.cleaned_data if asked.is_bound and asked.is_valid() else {}
    effective = chosen.get("effective_date")
    decided = effective is not None and (chosen["shortfall"] or effective == plan.fiscal_year.first_date)
    lines = (
        queries.replan_lines(
            base=base,
            user=request.user,
            effective_date=chosen["effective_date"],
            shortfall=chosen["shortfall"],
            as_of=as_of,
        )
        if base and decided
        else []
    )
    return {
        "plan": plan,
        "base": base,
        "as_of": as_of,
        "form": asked,
        "begin_form": begin,
        "chosen": chosen,
        "undecided": effective is not None and not decided,
        "lines": lines,
        "has_draft": plan.versions.filter(status__in=IN_THE_WORKS).exists(),
        "grid_url": grid_url_of(base) if base else "",
    }
