"""The ladder of one row: what a year's growth asks of its quarters and months, and whether typed rates agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.pages import AuthedRequest, page
from core.templatetags.formats import money_full, percent, with_sign
from planning import queries, services
from planning.charts import ladder_chart
from planning.forms import ClimbForm, LadderForm
from planning.ladders import AGREES, Keep, Ladder, Reading, Severity, Step
from planning.queries import Base, LadderSheet

from .targets import Subject, grid_url, subject_of, today_of

READINGS: dict[Reading, tuple[Promise, Promise]] = {
    Reading.TOTAL: (
        gettext_lazy("Step by step, to the year's total"),
        gettext_lazy("each step on top of the one before; the whole year against the whole base"),
    ),
    Reading.EXIT: (
        gettext_lazy("Step by step, to the last step"),
        gettext_lazy("each step on top of the one before; only the last against the level before the first"),
    ),
    Reading.SUM: (gettext_lazy("Added up"), gettext_lazy("the rates of all steps, simply summed")),
    Reading.EACH: (
        gettext_lazy("Year on year"),
        gettext_lazy("every quarter and month by so much above the same one a year before"),
    ),
}
KEEPS: dict[Keep, Promise] = {
    Keep.YEAR: gettext_lazy("Keep the year"),
    Keep.QUARTERS: gettext_lazy("Keep the quarters"),
    Keep.MONTHS: gettext_lazy("Keep the months"),
}


@dataclass(frozen=True)
class ReadingLine:
    """One way to read the rates: what a quarter and a month must bring, and where the typed ones lead."""

    name: Promise
    meaning: Promise
    best: bool
    quarter: Step
    month: Step

    @property
    def quarter_and_month(self) -> tuple[Step, Step]:
        return self.quarter, self.month


@require_http_methods(["GET", "HEAD", "POST"])
def target_ladder(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Show what typed rates lead to (GET), or take over the months of one ladder (POST)."""
    subject = subject_of(request, version, unit, person)
    if request.method != "POST":
        return _sheet_page(request, subject, LadderForm(request.GET) if "year" in request.GET else None)
    form = ClimbForm(request.POST)
    if not form.is_valid():
        return _sheet_page(request, subject, form, status=422)
    given = form.cleaned_data
    try:
        services.climb_target(
            **subject.arguments,
            rates=given["rates"],
            keep=Keep(given["keep"]),
            base=given["base"],
            lock_version=given["lock_version"],
            as_of=today_of(subject.version.plan),
            actor=request.user,
        )
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return _sheet_page(request, subject, form, status=refusal.status if refusal.status != 409 else 422)
    messages.success(request, f"{subject}: {KEEPS[Keep(given['keep'])]}")
    return redirect(grid_url(subject))


def _sheet_page(
    request: AuthedRequest, subject: Subject, form: LadderForm | None, *, status: int = 200
) -> HttpResponse:
    plan, target = subject.version.plan, subject.target
    typed = form.cleaned_data.get("base") if form is not None and form.is_valid() else None
    base = queries.base_of(**subject.arguments, as_of=today_of(plan), typed=typed)
    grown = queries.growth_of(target, base) if target else None
    if form is None:
        form = LadderForm({"year": f"{grown * 100:.2f}"}) if grown is not None and -1 < grown <= 10 else LadderForm()
    sheet = None
    if form.is_valid():
        sheet = queries.ladder_sheet(version=subject.version, rates=form.cleaned_data["rates"], base=base)
    context = {
        "subject": subject,
        "version": subject.version,
        "plan": plan,
        "form": form,
        "base": base,
        "sheet": sheet,
        "target": target,
        "grown": grown,
        "verdict": list(_verdict(sheet, base, plan.currency)) if sheet else [],
        "is_wrong": sheet is not None and (sheet.finding is None or sheet.finding.severity is Severity.CONTRADICTS),
        "lines": _lines(sheet) if sheet else [],
        "choices": [(KEEPS[choice.keep], choice) for choice in sheet.choices] if sheet else [],
        "chart": ladder_chart(sheet, currency=plan.currency) if sheet and sheet.choices else None,
        "ladder_url": reverse("planning:target-ladder", kwargs=subject.url_arguments),
        "edit_url": reverse("planning:target-edit", kwargs=subject.url_arguments),
        "grid_url": grid_url(subject),
    }
    return page(request, "planning/target_ladder.html", context, status=status)


def _lines(sheet: LadderSheet) -> list[ReadingLine]:
    if sheet.finding is None:
        return []
    steps = {(step.reading, step.steps): step for step in sheet.finding.steps}
    best = sheet.finding.reading
    return [
        ReadingLine(name, meaning, reading is best, steps[reading, 4], steps[reading, 12])
        for reading, (name, meaning) in READINGS.items()
    ]


def _verdict(sheet: LadderSheet, base: Base, currency: str) -> Iterator[str]:
    """Say in sentences whether the rates agree, by how much they do not, and what leans on the end of the year."""
    found = sheet.finding
    if found is None:
        yield str(base.source.label)
        return
    year = with_sign(_rate(sheet.rates.year))
    by_total = {step.steps: step for step in found.steps if step.reading is Reading.TOTAL}
    if found.reading is None:
        yield _(
            "For %(year)s on the year's total, each quarter must be %(quarter)s above the one before, or each month %(month)s."
        ) % {"year": year, "quarter": _rate(by_total[4].needed), "month": _rate(by_total[12].needed)}
    elif found.severity is Severity.AGREES:
        yield _("These rates agree (%(reading)s): they lead to %(year)s.") % {
            "reading": READINGS[found.reading][0],
            "year": year,
        }
    else:
        worst = max(
            (step for step in found.steps if step.reading is found.reading and step.gap is not None),
            key=lambda step: abs(step.gap or Decimal(0)),
        )
        yield _(
            "These rates do not add up to %(year)s. Read as fits them best (%(reading)s), they lead to %(led)s: %(gap)s."
        ) % {
            "year": year,
            "reading": READINGS[found.reading][0],
            "led": with_sign(_rate(worst.leads_to)),
            "gap": with_sign(money_full(worst.gap, currency)),
        }
    made, quarter = found.quarter_by_months, sheet.rates.quarter
    if made is not None and quarter is not None and abs(made - quarter) >= AGREES:
        yield _("%(month)s from month to month makes %(made)s a quarter, not %(quarter)s.") % {
            "month": _rate(sheet.rates.month),
            "made": _rate(made),
            "quarter": _rate(quarter),
        }
    climbing = sheet.keeping(Keep.YEAR)
    if climbing is not None and climbing.is_steep:
        yield _steep(climbing)


def _steep(climbing: Ladder) -> str:
    return _(
        "A steady climb leans on the end of the year: its last month is %(exit)s above the base's, and the last quarter"
        " brings %(share)s of the year instead of %(base)s."
    ) % {
        "exit": _rate(climbing.exit),
        "share": percent(climbing.last_quarter, 1),
        "base": percent(climbing.base_last_quarter, 1),
    }


def _rate(rate: float | None) -> str:
    return percent(rate, 2)
