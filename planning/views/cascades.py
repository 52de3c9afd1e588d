"""A target spread over those below: looked at first, then carried out; its higher levels; what may be over-assigned."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.access import require
from core.errors import VersionConflict
from core.pages import AuthedRequest, carried_out, page, posted
from core.templatetags.formats import with_sign
from planning import policies, queries, services
from planning.forms import BUCKETS, CascadeForm, LevelsForm, SpanForm
from planning.models import Plan, PlanVersion
from planning.queries.assignment import Assigned, spans
from planning.queries.capacity_lines import company_street
from planning.queries.cascades import Proposal, Share, SpotWish, Wish
from planning.queries.spreading import proposal
from planning.queries.weights import Method
from teams.models import OrgUnit

from .grid_lines import Scale, chosen_scale
from .targets import Subject, grid_url, subject_of, today_of

SHOWN = 400  # so many rows of a spread are listed; more of them are counted


@dataclass(frozen=True)
class ShareLine:
    """A row of the proposal as text, with the fields that the method asks for."""

    share: Share
    now: str
    proposed: str
    difference: str
    last_year: str
    stretch: str
    challenge: str
    weight: str
    fields: dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
def target_cascade(request: AuthedRequest, version: int, unit: int) -> HttpResponse:
    """Show what a spread would do; with `do=apply`, carry out what was looked at."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    whose = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    require(policies.can_spread(request.user, found, whose))
    if not found.is_draft:
        raise services.PlanIsActive()
    kept = {key: SpotWish(keep=_("Agreed")) for key in request.GET.getlist("keep")}
    looked = _proposal(request, found, whose, Wish(Method.LAST_YEAR, spots=kept))
    data = posted(request)
    if data is None:
        return _page(request, found, looked, CascadeForm(shares=looked.direct, initial=_initial(looked, kept)))
    form = CascadeForm(data, shares=looked.direct)
    if not form.is_valid():
        return _page(request, found, looked, form, status=422)
    looked = _proposal(request, found, whose, form.cleaned_data["wish"])
    if request.POST.get("do") != "apply" or looked.problems:
        _tell(form, looked)
        return _page(request, found, looked, form, status=422 if looked.problems else 200)
    return _apply(request, found, whose, form)


def _apply(request: AuthedRequest, version: PlanVersion, unit: OrgUnit, form: CascadeForm) -> HttpResponse:
    wish: Wish = form.cleaned_data["wish"]
    conflict: VersionConflict | None = None
    try:
        done = services.cascade_target(
            version=version,
            unit=unit,
            wish=wish,
            seen=form.cleaned_data["seen"],
            actor=request.user,
            as_of=today_of(version.plan),
            at=timezone.now(),
        )
    except VersionConflict as refusal:
        conflict = refusal
    except services.CascadeIsInvalid as refusal:
        form.add_error(None, refusal.message)
    else:
        written = sum(share.is_changed for share in done.shares)
        told = ngettext("%(n)s target set below %(name)s.", "%(n)s targets set below %(name)s.", written)
        messages.success(request, told % {"n": written, "name": unit.name})
        return redirect(f"{reverse('planning:targets')}?version={version.pk}")
    looked = _proposal(request, version, unit, wish)
    return _page(request, version, looked, form, conflict=conflict, status=412 if conflict else 422)


def _proposal(request: AuthedRequest, version: PlanVersion, unit: OrgUnit, wish: Wish) -> Proposal:
    reach = policies.target_reach(request.user)
    return proposal(version=version, unit=unit.pk, wish=wish, reach=reach, as_of=today_of(version.plan))


def _tell(form: CascadeForm, looked: Proposal) -> None:
    for field, why in looked.problems:
        form.add_error(field if field in form.fields else None, why)


def _initial(looked: Proposal, kept: dict[str, SpotWish]) -> dict[str, Any]:
    first = {"method": Method.LAST_YEAR, "percent": Decimal(100), "shape": "parent"}
    return {**first, **{f"keep_{key}": wish.keep for key, wish in kept.items()}}


def _page(
    request: AuthedRequest,
    version: PlanVersion,
    looked: Proposal,
    form: CascadeForm,
    *,
    conflict: VersionConflict | None = None,
    status: int = 200,
) -> HttpResponse:
    plan = version.plan
    scale = chosen_scale(plan.currency, "", looked.asked or None)
    method = form["method"].value()
    allowed = spans(plan)[looked.parent.level]
    unit = looked.parent.unit
    total = looked.parent.total
    outcome = None
    if total is not None and looked.direct:
        outcome = Assigned(
            unit.pk if unit else 0,
            looked.parent.name,
            looked.parent.level,
            total,
            looked.planned,
            allowed,
        )
    context = {
        "version": version,
        "plan": plan,
        "proposal": looked,
        "form": form,
        "method": method,
        "lines": [_line(share, form, scale) for share in looked.shares[:SHOWN]],
        "more": max(len(looked.shares) - SHOWN, 0),
        "writes": sum(share.is_changed for share in looked.shares),
        "scale": scale,
        "seen": json.dumps(looked.seen),
        "has_levels": any(
            share.stretch_over is not None or share.challenge_over is not None for share in looked.shares
        ),
        "buckets": [(form[f"name_{place}"], form[f"share_{place}"]) for place in range(1, len(BUCKETS) + 1)],
        "outcome": outcome,
        "asked": scale.text(looked.asked),
        "kept": scale.text(looked.kept),
        "planned": scale.text(looked.planned),
        "over": with_sign(scale.text(outcome.over)) if outcome else "",
        "conflict": conflict,
        "grid_url": f"{reverse('planning:targets')}?version={version.pk}",
        "capacity_url": f"{reverse('planning:capacity')}?version={version.pk}&unit={unit.pk if unit else ''}",
    }
    return page(request, "planning/target_cascade.html", context, status=status)


def _line(share: Share, form: CascadeForm, scale: Scale) -> ShareLine:
    key, proposed = share.spot.key, share.proposed
    levels = [
        None if over is None or proposed is None else proposed + over
        for over in (share.stretch_over, share.challenge_over)
    ]
    names = ("weight", "bucket", "floor", "cap", "keep")
    has_fields = share.may_set and share.depth == 0
    return ShareLine(
        share=share,
        now=scale.text(share.spot.total),
        proposed=scale.text(proposed),
        difference=with_sign(scale.text(share.difference)),
        last_year=scale.text(share.last_year),
        stretch=scale.text(levels[0]),
        challenge=scale.text(levels[1]),
        weight=scale.text(share.weight.amount) if share.weight else "",
        fields={name: form[f"{name}_{key}"] for name in names} if has_fields else {},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def target_levels(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Set stretch and challenge of one row."""
    subject = subject_of(request, version, unit, person)
    target = subject.target
    total = target.total if target else None
    initial: dict[str, Any] = {"lock_version": target.lock_version if target else 0}
    if target:
        amounts = {"stretch": target.stretch, "challenge": target.challenge}
        initial |= {name: "" if amount is None else f"{amount:,.2f}" for name, amount in amounts.items()}
    form = LevelsForm(posted(request), total=total, initial=initial)
    if form.is_valid() and _set_levels(request, subject, form):
        return redirect(grid_url(subject))
    context = {
        "subject": subject,
        "version": subject.version,
        "plan": subject.version.plan,
        "target": target,
        "form": form,
        "action": reverse("planning:target-levels", kwargs=subject.url_arguments),
        "grid_url": grid_url(subject),
    }
    return page(request, "planning/target_levels.html", context, status=422 if form.is_bound else 200)


def _set_levels(request: AuthedRequest, subject: Subject, form: LevelsForm) -> bool:
    levels = services.Levels(form.cleaned_data.pop("stretch"), form.cleaned_data.pop("challenge"))
    done = carried_out(form, services.set_levels, **subject.arguments, levels=levels, actor=request.user)
    if done:
        messages.success(request, _("Stretch and challenge of %(name)s are set.") % {"name": subject})
    return bool(done)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_assignment(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show and set how much may be over-assigned at each level of the tree."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user), pk=pk)
    require(policies.can_plan(request.user))
    allowed = list(spans(plan).values())
    form = SpanForm(posted(request), spans=allowed)
    if form.is_valid() and carried_out(
        form, services.set_assignment_policy, plan=plan, actor=request.user, at=timezone.now()
    ):
        messages.success(request, _("The policy of over-assignment is set."))
        return redirect("planning:targets")
    street = company_street(plan=plan, user=request.user, as_of=today_of(plan))
    context = {"plan": plan, "form": form, "spans": allowed, "street": street}
    return page(request, "planning/plan_assignment.html", context, status=422 if form.is_bound else 200)
