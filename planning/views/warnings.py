"""Warnings: conversions below their own history, their evidence, what people do about them; and what to do first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from planning import charts, policies, services
from planning.forms import AcknowledgeForm, AssignForm, CloseForm, ReopenForm, SnoozeForm, WarningForm
from planning.models import By, ConversionWarning
from planning.queries import forecasts, plan_on
from planning.queries import warnings as queries
from teams.models import User

from .asking import node_in, number_in

Status = ConversionWarning.Status
STANDING = "standing"  # what asks for attention: open, acknowledged


@dataclass(frozen=True)
class _Act:
    """
    One thing to do with a warning: its form, who may, the service, what to say afterwards.

    :param dated: whether the service asks which day it is
    """

    form: type[WarningForm]
    may: Callable[[User, ConversionWarning], bool]
    service: Callable[..., ConversionWarning]
    done: Promise
    dated: bool = False


_HANDLE = policies.can_handle_warning
_ACTS = {
    "acknowledge": _Act(AcknowledgeForm, policies.can_note_warning, services.acknowledge_warning, _("Noted.")),
    "assign": _Act(AssignForm, _HANDLE, services.assign_warning, _("The warning has somebody in charge."), dated=True),
    "snooze": _Act(SnoozeForm, _HANDLE, services.snooze_warning, _("The warning is put off."), dated=True),
    "close": _Act(CloseForm, _HANDLE, services.close_warning, _("The warning is closed.")),
    "reopen": _Act(ReopenForm, _HANDLE, services.reopen_warning, _("The warning is open again.")),
}


@require_safe
def warnings(request: AuthedRequest) -> HttpResponse:
    """List the warnings that the reader may see, the dearest first."""
    status = request.GET.get("status", STANDING)
    stage, unit = number_in(request, "stage"), number_in(request, "unit")
    rows = queries.warning_list(request.user)
    if status == STANDING:
        rows = rows.current().filter(status__in=[Status.OPEN, Status.ACKNOWLEDGED])
    elif status in Status.values:
        rows = rows.filter(status=status)
    elif status != "all":
        raise Http404
    if stage is not None:
        rows = rows.filter(stage=stage)
    if unit is not None:
        rows = rows.filter(by=By.UNIT, member=unit)
    plan = plan_on(request.user, timezone.localdate())
    context = {
        "lines": queries.lines_of(rows.order_by("-at_stake", "pk")[:200]),
        "plan": plan,
        "watched": queries.watched(plan) if plan else None,
        "status": status,
        "statuses": [(STANDING, _("Open and acknowledged")), *Status.choices, ("all", _("All"))],
        "stages": queries.stages_warned(request.user),
        "units": queries.units_warned(request.user),
        "stage": stage,
        "unit": unit,
    }
    return page(request, "planning/warnings.html", context)


@require_safe
def warnings_top(request: AuthedRequest) -> HttpResponse:
    """The three dearest warnings, for the overview."""
    context = {"lines": queries.top_warnings(request.user), "plan": plan_on(request.user, timezone.localdate())}
    return page(request, "planning/_warnings_top.html", context)


@require_safe
def levers(request: AuthedRequest) -> HttpResponse:
    """Which stage of which unit, moved to its own history or to its peers, adds most to the chance of the target."""
    plan = plan_on(request.user, timezone.localdate())
    node = node_in(request)
    context = {
        "plan": plan,
        "node": node,
        "path": forecasts.path_to(request.user, node),
        "run": queries.lever_run(plan) if plan else None,
        "lines": queries.lever_lines(plan, user=request.user, node=node) if plan else [],
        "can_plan": policies.can_plan(request.user),
    }
    return page(request, "planning/levers.html", context)


@require_safe
def warning_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show the evidence of a warning, its nights, and what may be done."""
    return _detail(request, _visible(request, pk))


@require_POST
def warning_acknowledge(request: AuthedRequest, pk: int) -> HttpResponse:
    return _act(request, pk, "acknowledge")


@require_POST
def warning_assign(request: AuthedRequest, pk: int) -> HttpResponse:
    return _act(request, pk, "assign")


@require_POST
def warning_snooze(request: AuthedRequest, pk: int) -> HttpResponse:
    return _act(request, pk, "snooze")


@require_POST
def warning_close(request: AuthedRequest, pk: int) -> HttpResponse:
    return _act(request, pk, "close")


@require_POST
def warning_reopen(request: AuthedRequest, pk: int) -> HttpResponse:
    return _act(request, pk, "reopen")


def _visible(request: AuthedRequest, pk: int) -> ConversionWarning:
    return get_object_or_404(queries.warning_list(request.user), pk=pk)


def _act(request: AuthedRequest, pk: int, name: str) -> HttpResponse:
    """Carry out one of the forms below a warning."""
    act, warning = _ACTS[name], _visible(request, pk)
    require(act.may(request.user, warning))
    form = act.form(request.POST, warning=warning, user=request.user)
    today = {"today": timezone.localdate()} if act.dated else {}
    if form.is_valid() and carried_out(form, act.service, warning=warning, actor=request.user, **today):
        messages.success(request, str(act.done))
        return redirect("planning:warning-detail", pk=pk)
    warning.refresh_from_db()
    return _detail(request, warning, bound={name: form}, status=422)


def _detail(
    request: AuthedRequest,
    warning: ConversionWarning,
    *,
    bound: dict[str, WarningForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    (line,) = queries.lines_of([warning])
    nights = list(warning.nights.order_by("-date")[:30])
    forms = {name: act.form(warning=warning, user=request.user) for name, act in _ACTS.items()} | (bound or {})
    facts = queries.evidence(warning, request.user)
    context: dict[str, Any] = {
        "warning": warning,
        "line": line,
        "facts": facts,
        "from_date": date.fromisoformat(facts["from"]),
        "until_date": date.fromisoformat(facts["until"]),
        "splits": queries.split_tables(warning, request.user),
        "answers": queries.answer_line(warning),
        "nights": nights,
        "latest": nights[0] if nights else None,
        "chart": charts.warning_chart(warning),
        "forms": forms,
        "opened": next(iter(bound or {}), ""),
        "is_over": not warning.is_current or warning.status == Status.CLOSED,
        "can_note": policies.can_note_warning(request.user, warning),
        "can_handle": policies.can_handle_warning(request.user, warning),
    }
    return page(request, "planning/warning_detail.html", context, status=status)
