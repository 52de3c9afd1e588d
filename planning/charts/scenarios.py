"""Chart of a scenario."""

from collections.abc import Mapping

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from core.figures import ACTUAL, DASHES, MARKERS, TARGET, WON, figure_json, money_ticks
from core.templatetags.formats import money, money_full, month_name, with_sign
from planning.queries.forecasts import MONTH_PERIODS
from planning.queries.scenarios import PeriodPlay

from .chart import Chart


def scenario_chart(periods: Mapping[str, PeriodPlay], *, currency: str) -> Chart:
    """Draw each month's expected revenue, as the night has it and as the levers leave it, with the target."""
    months = [periods[name] for name in MONTH_PERIODS if name in periods]
    names = [month_name(month.row.first_date) for month in months]
    lines = (
        (_("Baseline"), [float(month.row.expected) for month in months], ACTUAL, 0),
        (_("Scenario"), [month.moved.expected for month in months], WON, 1),
        (_("Target"), [None if month.row.target is None else float(month.row.target) for month in months], TARGET, 2),
    )
    figure = go.Figure()
    for title, values, colour, place in lines:
        if any(value is not None for value in values):
            figure.add_scatter(
                x=names,
                y=values,
                mode="lines+markers",
                line={"color": colour, "dash": DASHES[place], "width": 2},
                marker={"symbol": MARKERS[place], "size": 7},
                name=title,
                customdata=[money(value, currency) for value in values],
                hovertemplate="%{customdata}",
            )
    figure.update_yaxes(**vars(money_ticks([value for line in lines for value in line[1]], currency)))
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    delta = sum(month.moved.delta for month in months)
    return Chart(
        id="scenario",
        title=_("Month by month"),
        subtitle=_("Expected revenue: as the last night has it, and with the levers moved"),
        figure=figure_json(figure),
        table={
            "head": [_("Month"), _("Target"), _("Baseline"), _("Scenario"), _("Difference")],
            "rows": [
                [
                    month_name(month.row.first_date, "year"),
                    money_full(month.row.target, currency),
                    money_full(month.row.expected, currency),
                    money_full(month.moved.expected, currency),
                    with_sign(money_full(month.moved.delta, currency)),
                ]
                for month in months
            ],
        },
        summary=_("Over the year the levers change the expected revenue by %(delta)s.")
        % {"delta": with_sign(money_full(delta, currency))},
    )
