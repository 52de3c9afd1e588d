"""Where a version stands, handing up a part or the whole, and deciding on what was handed up."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from planning import policies, queries, services
from planning.forms import ActOnVersionForm, ApproveForm, SendBackForm, SubmitPartForm, SubmitVersionForm
from planning.models import PlanVersion, Publication, PublishedBalance, Submission
from planning.queries import Review
from teams.models import OrgUnit, User

from .change_lines import change_lines
from .grid_lines import chosen_scale
from .plans import grid_url_of
from .targets import today_of

Status = PlanVersion.Status


@require_safe
def version_approval(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show where a version stands, what comes next and who does it, and every handing up of its parts."""
    user = request.user
    version = get_object_or_404(queries.visible_versions(user), pk=pk)
    history = list(
        Submission.objects.visible_to(user)
        .filter(plan_version=version)
        .select_related("unit", "submitted_by", "decided_by")
        .order_by("-submitted_at", "-pk")
    )
    whole = next((row for row in history if row.unit_id is None), None)
    last = version.plan.fiscal_year.after_date - timedelta(days=1)
    context = {
        "version": version,
        "plan": version.plan,
        "parts": queries.parts(version, user) if user.is_manager else [],
        "history": history,
        "whole": whole,
        **_approvers(None, whole.submitted_by if whole else user, user),
        "may_plan": policies.can_plan(user),
        "may_decide": whole is not None and policies.can_decide(user, whole),
        "last_day": last,
        "is_over": today_of(version.plan) > last,
        "close_form": ActOnVersionForm(initial={"lock_version": version.lock_version}),
        "grid_url": grid_url_of(version),
        **_published(request, version),
    }
    return page(request, "planning/version_approval.html", context)


def _approvers(unit: OrgUnit | None, submitter: User, reader: User) -> dict[str, Any]:
    """Who may decide: by name where the reader may know it, else how many more; and whose names may be shown."""
    known = frozenset(User.objects.known_to(reader).values_list("pk", flat=True))
    people = queries.approvers(unit, submitter=submitter)
    named = [person for person in people if person.pk in known]
    return {"approvers": named, "more_approvers": len(people) - len(named), "known": known}


def _published(request: AuthedRequest, version: PlanVersion) -> dict[str, Any]:
    """What was put into force, as far as the person sees it: the sums of the whole, and the balance of each unit."""
    kept = PublishedBalance.objects.visible_to(request.user).filter(publication__version=version)
    plain = kept.filter(metric=None, product=None, region=None, tier="").select_related("unit").order_by("pk")
    publication = Publication.objects.visible_to(request.user).filter(version=version).select_related("published_by")
    return {"publication": publication.first(), "balances": [Balance.of(row) for row in plain]}


@dataclass(frozen=True)
class Balance:
    """The year of one unit when its version was put into force."""

    name: str
    below: int
    asked: Decimal
    planned: Decimal
    unallocated: Decimal

    @classmethod
    def of(cls, row: PublishedBalance) -> "Balance":
        asked, planned, rest = (sum(months, Decimal(0)) for months in (row.asked, row.planned, row.unallocated))
        return cls(str(row.unit), row.below, asked, planned, rest)


@require_http_methods(["GET", "HEAD", "POST"])
def version_submit(request: AuthedRequest, pk: int, unit: int | None = None) -> HttpResponse:
    """Show what is about to be handed up, the part of a unit or the whole, and hand it up."""
    user = request.user
    version = get_object_or_404(queries.visible_versions(user), pk=pk)
    part = get_object_or_404(OrgUnit.objects.visible_to(user), pk=unit) if unit is not None else None
    require(policies.can_submit(user, part) if part else policies.can_plan(user))
    if not version.is_draft:
        raise services.settled(version)
    as_of = today_of(version.plan)
    review = queries.review(version=version, unit=part, user=user, as_of=as_of)
    asks = bool(review.failures)
    facts = {"seen": services.targets_state(version), "lock_version": version.lock_version}
    form_class = SubmitPartForm if part else SubmitVersionForm
    form = form_class(posted(request), asks=asks, initial=facts)
    if form.is_valid():
        arguments: dict[str, Any] = {"version": version, "actor": user, "as_of": as_of}
        made = (
            carried_out(form, services.submit_part, unit=part, **arguments)
            if part
            else carried_out(form, services.submit_version, **arguments)
        )
        if made is not None:
            messages.success(request, _("Handed up. It is locked until somebody above decides."))
            return redirect("planning:version-approval", pk=version.pk)
    context = {
        **_review_context(review, version),
        "part": part,
        "form": form,
        **_approvers(part, user, user),
        "action": request.path,
    }
    return page(request, "planning/version_submit.html", context, status=422 if request.method == "POST" else 200)


@require_safe
def submission_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show what was handed up, as it was and as it is, for whoever decides."""
    return _submission_page(request, _visible(request, pk))


@require_POST
def submission_approve(request: AuthedRequest, pk: int) -> HttpResponse:
    """Approve a part, or the whole."""
    submission = _visible(request, pk)
    require(policies.can_decide(request.user, submission))
    form = ApproveForm(request.POST)
    if form.is_valid():
        done = carried_out(form, services.approve_submission, submission=submission, actor=request.user)
        if done is not None:
            messages.success(request, _("Approved."))
            return redirect("planning:version-approval", pk=submission.plan_version_id)
    return _submission_page(request, _visible(request, pk), approve_form=form, status=422)


@require_POST
def submission_send_back(request: AuthedRequest, pk: int) -> HttpResponse:
    """Send a part, or the whole, back with a comment."""
    submission = _visible(request, pk)
    require(policies.can_decide(request.user, submission))
    form = SendBackForm(request.POST)
    if form.is_valid():
        done = carried_out(form, services.send_back, submission=submission, actor=request.user)
        if done is not None:
            messages.success(request, _("Sent back with your comment."))
            return redirect("planning:version-approval", pk=submission.plan_version_id)
    return _submission_page(request, _visible(request, pk), back_form=form, status=422)


def _visible(request: AuthedRequest, pk: int) -> Submission:
    rows = Submission.objects.visible_to(request.user)
    related = ("plan_version__plan__fiscal_year", "unit", "submitted_by", "decided_by")
    return get_object_or_404(rows.select_related(*related), pk=pk)


def _submission_page(
    request: AuthedRequest,
    submission: Submission,
    *,
    approve_form: ApproveForm | None = None,
    back_form: SendBackForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, version = request.user, submission.plan_version
    review = queries.review(
        version=version, unit=submission.unit, user=user, as_of=today_of(version.plan), submission=submission
    )
    wanted = Status.DRAFT if submission.unit_id else Status.SUBMITTED
    is_open = submission.status != Submission.Status.SENT_BACK and version.status == wanted
    may_decide = is_open and policies.can_decide(user, submission)
    context = {
        **_review_context(review, version),
        "submission": submission,
        "may_approve": may_decide and submission.status == Submission.Status.SUBMITTED,
        "may_send_back": may_decide,
        "is_own": user.pk == submission.submitted_by_id,
        **_approvers(submission.unit, submission.submitted_by, user),
        "seen": services.targets_state(version),
        "approve_form": approve_form,
        "back_form": back_form or SendBackForm(initial={"version": submission.version}),
        "back_url": reverse("planning:submission-send-back", args=[submission.pk]),
    }
    return page(request, "planning/submission_detail.html", context, status=status)


def _review_context(review: Review, version: PlanVersion) -> dict[str, Any]:
    currency = version.plan.currency
    largest = max((row.total_after for row in review.changes if row.total_after is not None), default=None)
    scale = chosen_scale(currency, "", largest)
    return {
        "version": version,
        "plan": version.plan,
        "review": review,
        "lines": change_lines(review.changed, scale),
        "scale": scale,
        "grid_url": grid_url_of(version),
    }
