"""The shared style of charts: colours by name, no markup that the policy forbids, marks that people count in."""

import re
from decimal import Decimal

import plotly.graph_objects as go
import pytest
from django.conf import settings
from django.utils import translation

from core import figures

TOKENS = (*figures.SERIES, *figures.HEAT, figures.TEXT, figures.STRONG, figures.GRID, figures.SURFACE)


def test_every_colour_that_figures_name_has_a_value_in_light_and_in_dark() -> None:
    sheet = (settings.BASE_DIR / "static/css/yearline.css").read_text(encoding="utf-8")
    light, dark = (re.search(rf"{start} {{(.*?)\n}}", sheet, re.S) for start in (":root", r'\[data-bs-theme="dark"\]'))
    assert light is not None
    assert dark is not None
    for token in TOKENS:
        name = token.removeprefix("var(").removesuffix(")")
        for theme in (light, dark):
            assert re.search(rf"{name}: #[0-9a-f]{{6}};", theme[1]), (
                f"{name} needs six digits, so that it can be shaded"
            )


def test_a_figure_travels_with_the_names_of_its_colours() -> None:
    figure = go.Figure(go.Bar(x=["a"], y=[1], marker={"color": figures.shade(figures.ACTUAL, 0.2)}))
    data = figures.figure_json(figure)
    assert data["data"][0]["marker"]["color"] == "var(--yl-series-1,0.2)"
    assert data["layout"]["template"]["layout"]["font"]["color"] == figures.TEXT


@pytest.mark.parametrize("text", ["<b>Won</b>", "<i>Won</i>"])
def test_bold_and_italic_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="content security policy"):
        figures.figure_json(go.Figure(go.Bar(x=["a"], y=[1], name=text)))


def test_money_marks_are_round_cover_the_values_and_speak_the_language() -> None:
    values = [Decimal("41200000"), None, Decimal("188000000")]
    ticks = figures.money_ticks(values, "CNY")
    assert ticks.tickvals == [0, 50e6, 100e6, 150e6, 200e6]
    assert ticks.ticktext[-1] == "¥200M"
    with translation.override("zh-hans"):
        assert figures.money_ticks(values, "CNY").ticktext[-1] == "¥2亿"


def test_money_marks_go_below_zero_where_the_values_do() -> None:
    assert figures.money_ticks([-30, 70], "CNY").tickvals == [-40, -20, 0, 20, 40, 60, 80]


def test_money_marks_of_nothing_are_zero_alone() -> None:
    assert figures.money_ticks([None, 0], "CNY").tickvals == [0]
