"""Charts of the ladder."""

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from core.figures import (
    ACTUAL,
    BEHIND,
    DASHES,
    MARKERS,
    TARGET,
    WON,
    figure_json,
    money_ticks,
)
from core.periods import add_months
from core.templatetags.formats import money, money_full, month_name, percent
from planning.ladders import Keep, year_on_year
from planning.queries.ladders import LadderSheet

from .chart import Chart


def ladder_chart(sheet: LadderSheet, *, currency: str) -> Chart:
    """Draw the base's months and each ladder over them."""
    names = [month_name(add_months(first, 12)) for first in sheet.base.firsts]
    labels = {Keep.YEAR: _("Keep the year"), Keep.QUARTERS: _("Keep the quarters"), Keep.MONTHS: _("Keep the months")}
    lines = [(_("Base"), sheet.base.months), *((labels[found.keep], found.months) for found in sheet.choices)]
    figure = go.Figure()
    for place, (name, months) in enumerate(lines):
        figure.add_scatter(
            x=names,
            y=[float(amount) for amount in months],
            mode="lines+markers",
            line={"color": (TARGET, ACTUAL, BEHIND, WON)[place], "dash": DASHES[(2, 0, 1, 3)[place]], "width": 2},
            marker={"symbol": MARKERS[place], "size": 7},
            name=name,
            customdata=[money(amount, currency) for amount in months],
            hovertemplate="%{customdata}",
        )
    figure.update_yaxes(**vars(money_ticks([amount for _name, months in lines for amount in months], currency)))
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    kept = sheet.choices[0]
    return Chart(
        id="ladder",
        title=_("Month by month"),
        subtitle=_("The base, and each ladder over its season"),
        figure=figure_json(figure),
        table={
            "head": [_("Month"), *(name for name, _months in lines), _("Above the base")],
            "rows": [
                [
                    name,
                    *(money_full(months[place], currency) for _name, months in lines),
                    percent(year_on_year(kept.months, sheet.base.months)[place], 1),
                ]
                for place, name in enumerate(names)
            ],
        },
        summary=_("The year's total of the ladder is %(total)s, over a base of %(base)s.")
        % {"total": money_full(kept.total, currency), "base": money_full(sheet.base.total, currency)},
    )
