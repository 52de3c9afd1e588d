"""
What all charts share: colours by their meaning, type, axes, and the way from a plotly figure to the page.

A colour is named, not given: `var(--yl-series-1)`. The style sheet holds its values for light, dark and paper, and
static/js/charts.js puts them in. Series differ by dash, marker or hatch as well, never by colour alone. Text in charts has
no `<b>` and no `<i>`: plotly would write a style element, which the content security policy forbids.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from core.templatetags import formats

SERIES = tuple(f"var(--yl-series-{number})" for number in range(1, 6))
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross")
HATCHES = ("", "/", ".", "\\", "x")
ACTUAL, BEHIND, WON, OTHER, TARGET = SERIES
TEXT = "var(--yl-chart-text)"
STRONG = "var(--yl-chart-strong)"
GRID = "var(--yl-chart-grid)"
SURFACE = "var(--yl-chart-surface)"
HEAT = tuple(f"var(--yl-heat-{number})" for number in range(1, 6))
FONT = '"Inter Variable", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif'

_AXIS = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zerolinecolor": GRID,
    "tickfont": {"color": TEXT, "size": 12},
    "title": {"font": {"color": TEXT, "size": 12}},
    "automargin": True,
    "ticklabelstandoff": 6,
    "fixedrange": True,
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": TEXT},
        "colorway": list(SERIES),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "xaxis": {**_AXIS, "showgrid": False},
        "yaxis": {**_AXIS, "rangemode": "tozero", "ticks": ""},
        "legend": {"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top", "font": {"color": TEXT, "size": 12}},
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": GRID, "font": {"family": FONT, "color": STRONG, "size": 12}},
        "hovermode": "x unified",
        "bargap": 0.28,
        "dragmode": False,
    }
)


def shade(colour: str, alpha: float) -> str:
    """Return a named colour that lets alpha (0 to 1) of itself through: `shade(ACTUAL, 0.2)` for a band."""
    return f"{colour[:-1]},{alpha:g})"


def figure_json(figure: go.Figure) -> dict[str, Any]:
    """
    Return a figure as plain JSON data for components/_chart.html, in the shared style.

    :raises ValueError: where a text holds `<b>` or `<i>`
    """
    figure.update_layout(template=TEMPLATE)
    text = figure.to_json()
    if any(tag in text for tag in (r"\u003cb\u003e", r"\u003ci\u003e", "<b>", "<i>")):
        raise ValueError(
            "Text in a chart takes no <b> and no <i>: the content security policy forbids plotly's answer."
        )
    data: dict[str, Any] = json.loads(text)
    return data


@dataclass(frozen=True)
class Ticks:
    """Where an axis has its marks, and what they say; `axis.update(**vars(ticks))`."""

    tickvals: list[float]
    ticktext: list[str]
    tickmode: str = "array"


def money_ticks(values: Sequence[Decimal | float | None], currency: str, *, marks: int = 5) -> Ticks:
    """
    Return round marks from zero to above the largest value (and below the smallest, if negative), as compact money.

    Plotly's own compact numbers know k and M but neither 万 nor 亿.
    """
    numbers = [float(value) for value in values if value is not None]
    top, bottom = max([*numbers, 0.0]), min([*numbers, 0.0])
    step = _round_step((top - bottom) / marks)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    places = [round(number * step, 6) for number in range(first, last + 1)]
    return Ticks(places, [formats.money(place, currency) for place in places])


def _round_step(rough: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, at or above a rough step; 1 where there is nothing to show."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999999)
