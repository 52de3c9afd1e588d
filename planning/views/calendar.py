"""The company's working days, which every share of a year rests on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.access import require
from core.errors import DomainError
from core.pages import AuthedRequest, carried_out, page
from core.templatetags.formats import day
from planning import queries
from planning.forms import WorkdayForm
from planning.forms.calendar import EARLIEST, LATEST
from teams import policies
from teams import services as teams
from teams.models import WorkdayOverride


@require_safe
def work_calendar(request: AuthedRequest) -> HttpResponse:
    """Show the working days of a calendar year, by month, with what the company changed."""
    return _calendar_page(request, _year(request.GET.get("year", "")))


@require_POST
def workday_new(request: AuthedRequest) -> HttpResponse:
    """Take days off, or make days up."""
    require(policies.can_keep_calendar(request.user))
    form = WorkdayForm(request.POST)
    rows = None
    if form.is_valid():
        rows = carried_out(form, teams.list_workdays, actor=request.user, now=timezone.now())
    if rows is None:
        first = form.cleaned_data.get("first")
        return _calendar_page(request, first.year if first else _year(""), form=form, status=422)
    messages.success(request, _("Shares of months and pace reckon with it from now on."))
    return redirect(_address(rows[0].day.year))


@require_POST
def workday_drop(request: AuthedRequest, pk: int) -> HttpResponse:
    """Take a day out of the company's calendar."""
    row = get_object_or_404(WorkdayOverride, pk=pk)
    require(policies.can_keep_calendar(request.user))
    try:
        gone = teams.drop_workday(actor=request.user, workday=row)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect(_address(row.day.year))
    messages.success(request, _("%(day)s follows the public calendar again.") % {"day": day(gone, "year")})
    return redirect(_address(gone.year))


def _calendar_page(
    request: AuthedRequest, year: int, *, form: WorkdayForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "calendar": queries.calendar_year(year),
        "before": year - 1 if year > EARLIEST.year else None,
        "after": year + 1 if year < LATEST.year else None,
        "can_keep": policies.can_keep_calendar(request.user),
        "form": form or WorkdayForm(),
    }
    return page(request, "planning/work_calendar.html", context, status=status)


def _year(text: str) -> int:
    """The year asked for, else the running one: the clock is read at the door."""
    asked = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else 0
    return asked if EARLIEST.year <= asked <= LATEST.year else timezone.localdate().year


def _address(year: int) -> str:
    return f"{reverse('planning:work-calendar')}?year={year}"
