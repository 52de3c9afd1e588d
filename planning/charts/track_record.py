"""Charts of the track record: predicted against actual, and whether chances came true as often as they said."""

from collections.abc import Sequence

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from core.figures import ACTUAL, DASHES, OTHER, TARGET, TEXT, figure_json, money_ticks, shade
from core.templatetags.formats import money, month_name, number, percent
from planning.forecasting.scores import BINS, Reliability, likely_range
from planning.models import PastForecast

from .chart import Chart

CROWDED = 12  # periods above which every second one is named on the axis


def predicted_chart(rows: Sequence[PastForecast], names: Sequence[str], *, days_to_go: str, currency: str) -> Chart:
    """Draw what came of each past period, with what was forecast of it and the run rate of the same day."""
    figure = go.Figure()
    figure.add_bar(
        x=list(names),
        y=[float(row.actual) for row in rows],
        name=_("What came"),
        marker={"color": shade(ACTUAL, 0.35), "line": {"color": ACTUAL, "width": 1.5}},
        customdata=[money(row.actual, currency) for row in rows],
        hovertemplate="%{customdata}",
    )
    figure.add_scatter(
        x=list(names),
        y=[float(row.expected) for row in rows],
        mode="markers",
        name=_("Forecast with its 80% interval"),
        marker={"color": TARGET, "symbol": "square", "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [max(float(row.p90 - row.expected), 0.0) for row in rows],
            "arrayminus": [max(float(row.expected - row.p10), 0.0) for row in rows],
            "color": TARGET,
            "thickness": 1.5,
        },
        customdata=[
            _("%(middle)s (80%%: %(low)s – %(high)s)")
            % {
                "middle": money(row.expected, currency),
                "low": money(row.p10, currency),
                "high": money(row.p90, currency),
            }
            for row in rows
        ],
        hovertemplate="%{customdata}",
    )
    figure.add_scatter(
        x=list(names),
        y=[None if row.run_rate is None else float(row.run_rate) for row in rows],
        mode="markers",
        name=_("Run rate"),
        marker={"color": OTHER, "symbol": "diamond-open", "size": 10, "line": {"width": 2}},
        customdata=[money(row.run_rate, currency) for row in rows],
        hovertemplate="%{customdata}",
    )
    top = [value for row in rows for value in (row.actual, row.p90, row.expected, row.run_rate)]
    figure.update_yaxes(**vars(money_ticks(top, currency)))
    starts = [place for place, row in enumerate(rows) if place == 0 or row.first_date.month == 1]
    marks = [
        _mark(row, name, with_year=place in starts) for place, (row, name) in enumerate(zip(rows, names, strict=True))
    ]
    every = 1 if len(rows) <= CROWDED else 2
    figure.update_xaxes(type="category", tickmode="array", tickvals=list(names)[::every], ticktext=marks[::every])
    figure.update_layout(legend={"y": -0.24})  # below the years
    inside = sum(row.p10 <= row.actual <= row.p90 for row in rows)
    return Chart(
        id="predicted",
        title=_("Predicted against actual"),
        subtitle=days_to_go,
        figure=figure_json(figure),
        table={
            "head": [
                _("Period"),
                _("What came"),
                _("Forecast"),
                _("P10"),
                _("P90"),
                _("Run rate"),
                _("Weighted pipeline"),
                _("Last year"),
            ],
            "rows": [
                [
                    name,
                    *(
                        money(value, currency)
                        for value in (
                            row.actual,
                            row.expected,
                            row.p10,
                            row.p90,
                            row.run_rate,
                            row.pipeline,
                            row.last_year,
                        )
                    ),
                ]
                for name, row in zip(names, rows, strict=True)
            ],
        },
        summary=_("%(inside)s of %(all)s periods ended inside the 80%% interval.")
        % {"inside": number(inside), "all": number(len(rows))},
    )


def _mark(row: PastForecast, name: str, *, with_year: bool) -> str:
    """Return what stands under a period on the axis: a month by its short name, its year where it changes."""
    if row.kind == PastForecast.Kind.QUARTER:
        return name
    short = month_name(row.first_date)
    return f"{short}<br>{row.first_date.year}" if with_year else short


def reliability_chart(found: Reliability, *, chart_id: str, title: str, subtitle: str) -> Chart:
    """Draw how often things of a given chance came true, beside the line where both are the same."""
    some = [place for place in range(BINS) if found.cases[place]]
    given = [float(found.chances[place] / found.cases[place]) for place in some]
    came = [float(found.came[place] / found.cases[place]) for place in some]
    luck = [likely_range(chance, int(found.cases[place])) for chance, place in zip(given, some, strict=True)]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": TEXT, "dash": DASHES[2], "width": 1.5},
        name=_("Came true as often as said"),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=given,
        y=given,
        mode="markers",
        marker={"symbol": "line-ns", "size": 9, "color": OTHER, "line": {"color": OTHER, "width": 3}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - chance for (_low, high), chance in zip(luck, given, strict=True)],
            "arrayminus": [chance - low for (low, _high), chance in zip(luck, given, strict=True)],
            "color": OTHER,
            "thickness": 3,
            "width": 0,
        },
        name=_("Within this range it may be luck"),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=given,
        y=came,
        mode="markers",
        marker={"size": 10, "color": ACTUAL},
        name=_("Came true"),
        customdata=[
            _("said %(said)s, came %(came)s (%(cases)s cases)")
            % {"said": percent(x), "came": percent(y), "cases": number(int(found.cases[place]))}
            for x, y, place in zip(given, came, some, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", legend={"y": -0.28})
    ticks = [0, 0.25, 0.5, 0.75, 1]
    shown = {"tickmode": "array", "tickvals": ticks, "ticktext": [percent(tick) for tick in ticks]}
    figure.update_xaxes(range=[-0.03, 1.03], title_text=_("Chance that was given"), **shown)
    figure.update_yaxes(range=[-0.03, 1.03], title_text=_("Share that came true"), **shown)
    return Chart(
        id=chart_id,
        title=title,
        subtitle=subtitle,
        figure=figure_json(figure),
        table={
            "head": [
                _("Chance that was given"),
                _("Cases"),
                _("Expected of them"),
                _("Came true"),
                _("Share that came true"),
            ],
            "rows": [
                [
                    f"{percent(place / BINS)} – {percent((place + 1) / BINS)}",
                    number(int(found.cases[place])),
                    number(float(found.chances[place]), 1),
                    number(int(found.came[place])),
                    percent(float(found.came[place] / found.cases[place])),
                ]
                for place in some
            ],
        },
        summary=_("Chances were off by %(off)s on average, over %(cases)s cases.")
        % {"off": percent(found.ece, 1), "cases": number(found.n)},
    )
