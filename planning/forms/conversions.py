"""What the conversion page, its downloads and its API are asked; and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Problem
from core.periods import FiscalCalendar
from customers.models import Channel, Pipeline, ProductLine, Region, Stage
from planning.models import RateSettings
from planning.queries import forecasts
from planning.queries.forecasts import Node
from planning.queries.kept_rates import kept_rate_table
from planning.queries.rate_definitions import (
    LEAD_RESPONSE,
    Definition,
    LimitFact,
    definitions,
    limit_facts,
    limit_text,
    rate_stages,
    stage_facts,
)
from planning.queries.rate_members import WAYS
from planning.queries.rate_periods import LAST_12, LAST_YEAR, PREVIOUS, cohort_choices, cohort_of
from planning.queries.rates import Asked, RateTable
from teams.models import Company, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_SELECT = forms.Select(attrs={"class": "form-select"})
BY = {
    "unit": _("Unit"),
    "person": _("Owner"),
    "channel": _("Lead source"),
    "product": _("Product line"),
    "region": _("Market region"),
    "pipeline": _("Pipeline"),
    "period": _("Period"),
}
NARROWED = ("product", "channel", "region")


def _words(
    rows: QuerySet[Any], label: "_StrPromise", everything: "_StrPromise | None" = None
) -> "forms.ModelChoiceField[Any]":
    """A filter by one of the company's words; `everything` is what stands there while none is chosen."""
    return forms.ModelChoiceField(rows, label=label, required=False, empty_label=everything, widget=_SELECT)


class RatesForm(forms.Form):
    """
    Whose rates, of which period, against which, broken down how, narrowed to what. Clean data: `asked`, see queries.rates.

    The same words in the address of the page and of the API; whatever is left out has a default.
    """

    unit = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    person = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    period = forms.CharField(label=_("Began in"), required=False, max_length=8, widget=_SELECT)
    against = forms.ChoiceField(
        label=_("Compared with"),
        required=False,
        choices=[(LAST_YEAR, _("The same period a year earlier")), (PREVIOUS, _("The period before"))],
        widget=_SELECT,
    )
    by = forms.ChoiceField(label=_("Broken down by"), required=False, choices=[*BY.items()], widget=_SELECT)
    pipeline = _words(Pipeline.objects.filter(is_active=True), _("Pipeline"))
    product = _words(ProductLine.objects.all(), _("Product line"), _("All product lines"))
    channel = _words(Channel.objects.all(), _("Lead source"), _("All lead sources"))
    region = _words(Region.objects.all(), _("Market region"), _("All market regions"))
    measure = forms.CharField(required=False, max_length=30)

    def __init__(self, *args: Any, user: User, calendar: FiscalCalendar, as_of: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user, self.calendar, self.as_of = user, calendar, as_of

    def clean_period(self) -> Any:
        cohort = cohort_of(self.cleaned_data["period"] or LAST_12, calendar=self.calendar, as_of=self.as_of)
        if cohort is None:
            raise forms.ValidationError(_("Say 12m, 2026, 2026-Q3 or 2026-M07, of a fiscal year that has begun."))
        return cohort

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        node = forecasts.visible_node(self.user, unit=given.get("unit"), person=given.get("person"))
        if given.get("unit") and given.get("person"):
            self.add_error("person", _("Name a unit or a person, not both."))
        elif node is None:
            self.add_error("person" if given.get("person") else "unit", _("There is no such unit or person for you."))
        if self.errors or node is None:
            return given
        pipeline = given["pipeline"] or Pipeline.objects.filter(is_active=True).first()
        by = given["by"] or _usual(node)
        if node.person is not None and by in {"unit", "person"}:
            self.add_error("by", _("A person has nobody below to break the rates down by."))
        narrowed = {name: given[name].pk for name in NARROWED if given[name] is not None}
        if given["pipeline"] is not None and by != "pipeline":
            narrowed["pipeline"] = given["pipeline"].pk
        measure = given["measure"] or LEAD_RESPONSE
        given["asked"] = Asked(
            node=node,
            cohort=given["period"],
            against=given["against"] or LAST_YEAR,
            by=by,
            pipeline=pipeline,
            narrowed=narrowed,
            measure=measure,
        )
        return given

    def offer(self, node: Node) -> None:
        """Offer the periods there are, and the ways to break a node down."""
        periods = self.fields["period"].widget
        assert isinstance(periods, forms.Select)  # noqa: S101  # says so to mypy
        periods.choices = [
            (cohort.code, cohort.name) for cohort in cohort_choices(calendar=self.calendar, as_of=self.as_of)
        ]
        ways = self.fields["by"].widget
        assert isinstance(ways, forms.Select)  # noqa: S101  # the same
        ways.choices = [(way, BY[way]) for way in WAYS if node.person is None or way not in {"unit", "person"}]


def _usual(node: Node) -> str:
    """The breakdown that a node begins with: what lies directly below it."""
    if node.person is not None:
        return "channel"
    has_units = node.unit is not None and node.unit.children.exists()
    return "unit" if has_units else "person"


@dataclass(frozen=True)
class AnsweredRates:
    """A question with its answer, and what its figures mean."""

    form: RatesForm
    asked: Asked
    table: RateTable
    definitions: list[Definition]
    limits: list[LimitFact]


def answered_rates(data: Mapping[str, Any], *, user: User, as_of: date) -> AnsweredRates:
    """
    Read a question and answer it.

    :raises Invalid: naming each parameter that says nothing, or something that is not for this person
    """
    company = Company.objects.the_one()
    calendar = FiscalCalendar(company.fiscal_start_month)
    form = RatesForm(data, user=user, calendar=calendar, as_of=as_of)
    if not form.is_valid():
        raise _invalid({name: str(errors[0]) for name, errors in form.errors.items()})
    asked: Asked = form.cleaned_data["asked"]
    settings = RateSettings.objects.the_one()
    table = kept_rate_table(asked, user=user, as_of=as_of, company=company, calendar=calendar, settings=settings)
    if form.cleaned_data["measure"] and all(measure.key != asked.measure for measure in table.measures):
        raise _invalid({"measure": str(_("There is no such rate here."))})
    limit = table.limit
    words = limit_text(limit.amount, limit.unit)
    stages = Stage.objects.select_related("pipeline").order_by("pipeline_id", "position", "pk")
    return AnsweredRates(
        form,
        asked,
        table,
        definitions(settings, limit=words),
        [
            *limit_facts(settings, limit=words, by_data=limit.by_data),
            *stage_facts(rate_stages(list(stages)).values()),
        ],
    )


def _invalid(wrong: Mapping[str, str]) -> Invalid:
    return Invalid(
        _("The address has parameters that cannot be understood."),
        problems=[Problem(name, message) for name, message in wrong.items()],
    )
