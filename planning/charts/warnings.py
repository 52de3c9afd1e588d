"""Charts of warnings."""

from datetime import date

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from core.figures import ACTUAL, BEHIND, DASHES, STRONG, SURFACE, figure_json
from core.templatetags.formats import day, number, percent
from planning.models import ConversionWarning

from .chart import Chart


def warning_chart(warning: ConversionWarning) -> Chart:
    """Draw how many went on in each four weeks against what history lets expect at the same age."""
    points = warning.facts.get("series", [])
    names = [day(date.fromisoformat(point["from"])) for point in points]
    pairs = [(float(point["observed"]), float(point["expected"])) for point in points]
    below = [seen < usual for seen, usual in pairs]
    colours = {
        "color": [BEHIND if low else ACTUAL for low in below],
        "pattern": {"shape": ["/" if low else "" for low in below], "fgcolor": SURFACE, "size": 6},
    }
    line = {"color": STRONG, "dash": DASHES[1], "width": 2}
    figure = go.Figure()
    figure.add_bar(x=names, y=[seen for seen, _usual in pairs], name=_("Went on"), marker=colours)
    figure.add_scatter(
        x=names, y=[usual for _seen, usual in pairs], mode="lines+markers", line=line, name=_("Expected from history")
    )
    figure.update_xaxes(type="category")
    rows = [
        [name, number(seen, 1), number(usual, 1), percent(seen / usual if usual else None)]
        for name, (seen, usual) in zip(names, pairs, strict=True)
    ]
    last = " / ".join(rows[-1][1:3]) if rows else "–"
    return Chart(
        id="warning",
        title=_("Went on, against history"),
        subtitle=_("Per four weeks, at equal age of the deals; the last weeks are still running"),
        figure=figure_json(figure),
        table={"head": [_("Four weeks from"), _("Went on"), _("Expected"), _("Ratio")], "rows": rows},
        summary=_("In the latest four weeks %(last)s went on, seen against expected.") % {"last": last},
    )
