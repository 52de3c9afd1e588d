"""What owners commit to, and the screen on which it meets what is asked of them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from core.templatetags.formats import with_sign
from planning import policies, queries, services
from planning.forms import AcceptForm, CommitForm, CounterForm, TalkForm
from planning.models import PlanVersion
from planning.queries.commitments import OwnRow, open_versions, own_rows
from planning.queries.forecasts import home_node
from planning.queries.reconcile import Line, Reconciled, reconciled
from teams.models import OrgUnit

from .asking import number_in
from .grid_lines import Scale, chosen_scale, scales
from .targets import Subject, subject_of, today_of


@dataclass(frozen=True)
class OwnLine:
    """A row that one may commit to, with its form; only the one sent shows what is wrong with it."""

    row: OwnRow
    form: CommitForm
    action: str


@require_http_methods(["GET", "HEAD", "POST"])
def my_commitment(request: AuthedRequest) -> HttpResponse:
    """Show what one is asked to commit to, and keep what one says."""
    user = request.user
    versions = list(open_versions(user))
    asked = number_in(request, "version")
    version = next((found for found in versions if asked in {None, found.pk}), None)
    if version is None:
        if request.method == "POST":
            raise services.TalkIsClosed()
        return page(request, "planning/my_commitment.html", {"version": None, "lines": []})
    rows = own_rows(version=version, user=user, as_of=today_of(version.plan))
    data = posted(request)
    sent = next((row for row in rows if row.node.query == request.GET.get("of", rows[0].node.query)), None)
    if sent is None:
        raise Http404
    here = reverse("planning:my-commitment")
    lines = [
        OwnLine(
            row,
            CommitForm(data if row is sent else None, auto_id=f"id_{place}_%s"),
            f"{here}?of={quote(row.node.query)}&version={version.pk}",
        )
        for place, row in enumerate(rows)
    ]
    form = next(line.form for line in lines if line.row is sent)
    if form.is_valid():
        whose = {"unit": sent.node.unit, "person": sent.node.person}
        kept = carried_out(form, services.commit_amount, version=version, actor=user, at=timezone.now(), **whose)
        if kept:
            messages.success(request, _("Your commitment is kept. Those above you see it now."))
            return redirect(f"{here}?version={version.pk}")
    context = {"version": version, "versions": versions, "plan": version.plan, "lines": lines}
    return page(request, "planning/my_commitment.html", context, status=422 if form.is_bound else 200)


@dataclass(frozen=True)
class ScreenLine:
    """A row of the reconcile screen as text, with the forms that close its gap."""

    line: Line
    top_down: str
    bottom_up: str
    gap_below: str
    capacity: str
    gap_capacity: str
    forecast: str
    gap_forecast: str
    counter: CounterForm | None
    answer_url: str
    cascade_url: str
    beside_url: str


@require_safe
def targets_reconcile(request: AuthedRequest, version: int) -> HttpResponse:
    """Show top-down, bottom-up, capacity and forecast beside each other, one unit at a time."""
    return reconcile_page(request, get_object_or_404(queries.visible_versions(request.user), pk=version))


def reconcile_page(
    request: AuthedRequest, version: PlanVersion, *, sent: tuple[str, CounterForm] | None = None, status: int = 200
) -> HttpResponse:
    """Render the screen of the unit that the address asks for; `sent` is a counter that was refused, by key of its row."""
    user = request.user
    require(user.is_manager)
    unit = _asked_unit(request)
    plan = version.plan
    found = None
    if unit:
        after = number_in(request, "after") or 0
        found = reconciled(version=version, user=user, unit=unit.pk, as_of=today_of(plan), after=after)
    context: dict[str, Any] = {"version": version, "plan": plan, "found": found, "may_talk": False}
    if found:
        largest = max((line.top_down for line in found.lines if line.top_down is not None), default=None)
        scale = chosen_scale(plan.currency, request.GET.get("scale", ""), largest)
        context |= {
            "scale": scale,
            "scales": scales(plan.currency),
            "lines": [_screen_line(found, line, scale, sent) for line in found.lines],
            "may_talk": policies.can_plan(user) and version.is_draft,
            "talk_form": TalkForm(initial={"talk": version.talk}),
            "can_write": version.is_draft,
            "can_counter": version.talk != PlanVersion.Talk.CLOSED,
            "query": urlencode({"unit": unit.pk if unit else "", "after": found.after}),
        }
    return page(request, "planning/targets_reconcile.html", context, status=status)


def _asked_unit(request: AuthedRequest) -> OrgUnit | None:
    key = number_in(request, "unit")
    if key is not None:
        return get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=key)
    return home_node(request.user).unit


def _screen_line(found: Reconciled, line: Line, scale: Scale, sent: tuple[str, CounterForm] | None) -> ScreenLine:
    spot, version = line.spot, found.version
    of = {"unit": spot.unit} if spot.unit is not None else {"person": spot.person}
    here = {"version": version.pk, **of}
    counter = None
    if line.may_answer and line.commitment:
        counter = sent[1] if sent and sent[0] == spot.key else CounterForm(auto_id=f"id_{spot.key}_%s")
    parent = found.lines[0].spot
    cascade = reverse("planning:target-cascade", kwargs=here) if spot.unit is not None else ""
    beside = ""
    if line.depth and parent.unit is not None:
        at = reverse("planning:target-cascade", kwargs={"version": version.pk, "unit": parent.unit})
        beside = f"{at}?{urlencode({'keep': spot.key})}" if line.may_answer else at
    return ScreenLine(
        line=line,
        top_down=scale.text(line.top_down),
        bottom_up=scale.text(line.bottom_up.amount),
        gap_below=with_sign(scale.text(line.gap_below)),
        capacity=scale.text(line.capacity),
        gap_capacity=with_sign(scale.text(line.gap_capacity)),
        forecast=scale.text(line.forecast.p50 if line.forecast else None),
        gap_forecast=with_sign(scale.text(line.gap_forecast)),
        counter=counter,
        answer_url=reverse("planning:target-answer", kwargs=here),
        cascade_url=cascade,
        beside_url=beside,
    )


@require_POST
def target_answer(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Answer what an owner committed to: take it into the draft (`act=accept`), or propose another amount."""
    subject = subject_of(request, version, unit, person)
    if request.POST.get("act") == "accept":
        return _accept(request, subject)
    key = f"unit-{unit}" if unit is not None else f"person-{person}"
    form = CounterForm(request.POST, auto_id=f"id_{key}_%s")
    if form.is_valid() and carried_out(
        form, services.counter_commitment, **subject.arguments, actor=request.user, at=timezone.now()
    ):
        messages.success(request, _("Your proposal went to %(name)s, who has the next word.") % {"name": subject})
        return redirect(_screen(request, subject))
    if form.non_field_errors():
        messages.error(request, str(form.non_field_errors()[0]))
    return reconcile_page(request, subject.version, sent=(key, form), status=422)


def _accept(request: AuthedRequest, subject: Subject) -> HttpResponse:
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return reconcile_page(request, subject.version, status=422)
    done = carried_out(form, services.accept_commitment, **subject.arguments, actor=request.user, at=timezone.now())
    if not done:
        messages.error(request, str(form.non_field_errors()[0]))
        return reconcile_page(request, subject.version, status=422)
    messages.success(request, _("The draft takes the commitment of %(name)s; a spread keeps it.") % {"name": subject})
    return redirect(_screen(request, subject))


def _screen(request: AuthedRequest, subject: Subject) -> str:
    at = reverse("planning:targets-reconcile", kwargs={"version": subject.version.pk})
    asked = {name: found for name in ("unit", "after") if (found := number_in(request, name)) is not None}
    return f"{at}?{urlencode(asked)}" if asked else at


@require_POST
def version_talk(request: AuthedRequest, pk: int) -> HttpResponse:
    """Open a draft for commitments, or close it."""
    version = get_object_or_404(queries.visible_versions(request.user), pk=pk)
    require(policies.can_plan(request.user))
    form = TalkForm(request.POST)
    if form.is_valid() and carried_out(form, services.set_talk, version=version, actor=request.user):
        messages.success(
            request,
            _("Commitments from below: %(state)s.") % {"state": PlanVersion.Talk(form.cleaned_data["talk"]).label},
        )
    elif form.non_field_errors():
        messages.error(request, str(form.non_field_errors()[0]))
    return redirect("planning:targets-reconcile", version=version.pk)
