"""The URLs of the product and one page more: every component once, so that the look can be tested before its pages."""

from datetime import date
from pathlib import Path

import plotly.graph_objects as go
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils.translation import gettext as _

from config.urls import urlpatterns as product
from core import figures
from core.templatetags import formats

TEMPLATE = Path(__file__).with_name("gallery.html")


class GalleryForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As it stands on the contract.")
    amount = forms.DecimalField(label="Amount", required=False)
    stage = forms.ChoiceField(label="Stage", choices=[("1", "Lead"), ("2", "Quoted")])
    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    kinds = forms.MultipleChoiceField(
        label="Kinds", choices=[("a", "Call"), ("b", "Visit")], widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    sure = forms.BooleanField(label="I am sure")


def _fan() -> dict[str, object]:
    months = [formats.month_name(date(2026, month, 1)) for month in range(1, 13)]
    target = [20e6 * month for month in range(1, 13)]
    won = [19e6 * month for month in range(1, 10)]
    middle = [won[-1] + 21e6 * ahead for ahead in range(4)]
    figure = go.Figure()
    figure.add_scatter(
        x=[*months[8:], *months[:7:-1]],
        y=[*(value * 1.05 for value in middle), *(value * 0.95 for value in middle[::-1])],
        fill="toself",
        fillcolor=figures.shade(figures.ACTUAL, 0.2),
        line={"width": 0},
        name="80 %",
        mode="lines",
    )
    figure.add_scatter(
        x=months, y=target, name=_("Targets"), mode="lines", line={"color": figures.TARGET, "dash": "dot"}
    )
    figure.add_scatter(x=months[:9], y=won, name="Won", mode="lines+markers", line={"color": figures.ACTUAL})
    figure.add_scatter(
        x=months[8:], y=middle, name=_("Forecast"), mode="lines", line={"color": figures.ACTUAL, "dash": "dash"}
    )
    figure.update_xaxes(categoryorder="array", categoryarray=months)
    figure.update_yaxes(**vars(figures.money_ticks(target, "CNY")))
    return figures.figure_json(figure)


def _bars() -> dict[str, object]:
    figure = go.Figure(
        go.Bar(
            y=["Lead", "Contacted", "Quoted", "Won"],
            x=[1240, 612, 298, 83],
            text=["1,240", "612 (49%)", "298 (49%)", "83 (28%)"],
            textposition="outside",
            orientation="h",
            cliponaxis=False,
            marker={"color": [*[figures.ACTUAL] * 3, figures.WON], "pattern": {"shape": ["", "", "", "/"]}},
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False, range=[0, 1240 * 1.3])
    return figures.figure_json(figure)


def gallery(request: HttpRequest) -> HttpResponse:
    bound = GalleryForm({"name": ""}) if "bad" in request.GET else GalleryForm()
    context = {
        "form": bound,
        "fan": _fan(),
        "bars": _bars(),
        "table": {"head": ["Month", "Target"], "rows": [["Jan", "1,000"], ["Feb", "2,000"]]},
        "how": "Won deals of the year.\n\nForecast of the open ones.",
        "page_obj": Paginator(range(95), 10).page(3),
    }
    template = engines["django"].from_string(TEMPLATE.read_text(encoding="utf-8"))
    return HttpResponse(template.render(context, request))


urlpatterns = [*product, path("gallery/", gallery, name="gallery")]
