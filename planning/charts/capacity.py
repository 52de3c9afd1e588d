"""Chart of the capacity."""

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from core.figures import ACTUAL, SURFACE, TARGET, WON, figure_json, money_ticks
from core.templatetags.formats import money, money_full, month_name
from planning.queries.capacity_lines import CapacitySheet

from .chart import Chart


def capacity_chart(sheet: CapacitySheet, *, currency: str) -> Chart:
    """Draw each month's capacity, people and planned hires, against the target."""
    names = [month_name(line.month) for line in sheet.months]
    figure = go.Figure()
    for title, colour, hatch, values in (
        (_("People"), ACTUAL, "", [line.people if line.capacity is not None else None for line in sheet.months]),
        (_("Planned hires"), WON, "/", [line.hires if line.capacity is not None else None for line in sheet.months]),
    ):
        figure.add_bar(
            x=names,
            y=[None if value is None else float(value) for value in values],
            name=title,
            marker={"color": colour, "pattern": {"shape": hatch, "fillmode": "overlay", "fgcolor": SURFACE, "size": 6}},
            customdata=[money(value, currency) for value in values],
            hovertemplate="%{customdata}",
        )
    if sheet.target is not None:
        figure.add_scatter(
            x=names,
            y=[None if line.target is None else float(line.target) for line in sheet.months],
            mode="markers",
            marker={"symbol": "line-ew-open", "size": 22, "color": TARGET, "line": {"width": 2, "color": TARGET}},
            name=_("Target"),
            customdata=[money(line.target, currency) for line in sheet.months],
            hovertemplate="%{customdata}",
        )
    figure.update_layout(barmode="stack")
    known = [value for line in sheet.months for value in (line.target, line.capacity)]
    figure.update_yaxes(**vars(money_ticks(known, currency)))
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    return Chart(
        id="capacity",
        title=_("Capacity against target"),
        subtitle=_("What the people and the planned hires of each month can carry"),
        figure=figure_json(figure),
        table={
            "head": [_("Month"), _("Target"), _("People"), _("Planned hires"), _("Capacity")],
            "rows": [
                [
                    month_name(line.month, "year"),
                    money_full(line.target, currency),
                    money_full(line.people, currency) if line.capacity is not None else _("not set"),
                    money_full(line.hires, currency) if line.capacity is not None else _("not set"),
                    money_full(line.capacity, currency) if line.capacity is not None else _("not set"),
                ]
                for line in sheet.months
            ],
        },
        summary=_("Over the year the capacity is %(capacity)s, against a target of %(target)s.")
        % {"capacity": money_full(sheet.total, currency), "target": money_full(sheet.target, currency)},
    )
