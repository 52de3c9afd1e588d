"""The trend of a rate, with the definition of its cohorts written on it."""

from collections.abc import Sequence
from itertools import groupby

import plotly.graph_objects as go
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.figures import ACTUAL, BEHIND, DASHES, MARKERS, figure_json, shade
from core.templatetags.formats import MISSING, number, percent, with_sign
from planning.queries.rate_cells import NO_ACTIVITIES, NO_VISITS, Rate
from planning.queries.rate_definitions import NAMED, rate_name
from planning.queries.rates import Trend
from planning.queries.trials import Measure

from .chart import Chart


def measure_name(measure: Measure) -> str:
    """Return what a measure is called, standing alone: a named rate, or the conversion of a stage."""
    return rate_name(measure.key) if measure.key in NAMED else _("Went on from %(stage)s") % {"stage": measure.stage}


def head_name(measure: Measure) -> str:
    """Return what heads its column: a named rate, or the stage under the common head of all stages."""
    return rate_name(measure.key) if measure.key in NAMED else str(measure.stage)


def share(rate: float | None) -> str:
    """Return a share as whole percent."""
    return percent(rate)


def points(difference: float, low: float | None, high: float | None) -> str:
    """Return a difference of two shares in percentage points, with its interval: −8 (−11 to −4) points."""
    ends = [with_sign(number(100 * value)) for value in (difference, low or 0.0, high or 0.0)]
    return _("%(change)s points (%(low)s to %(high)s)") % dict(zip(("change", "low", "high"), ends, strict=True))


def age_text(measure: Measure, age: float | None) -> str:
    """Return an age in the unit of a measure: 30 days, 2.5 working hours; a dash for what is not reached."""
    if age is None:
        return MISSING
    if measure.unit == "minutes":
        hours = age / 60
        return _("%(n)s h") % {"n": number(hours, 0 if hours >= 10 or hours == int(hours) else 1)}
    return ngettext("%(n)s day", "%(n)s days", round(age)) % {"n": number(age)}


def rate_text(rate: Rate) -> str:
    """Return a rate in words: the share, or why there is none. Missing is not zero."""
    if rate.missing == NO_ACTIVITIES:
        return _("no activities recorded")
    if rate.missing == NO_VISITS:
        return _("no visits recorded")
    if not rate.n:
        return MISSING
    if rate.shown is not None:
        return percent(rate.shown)
    return _("too early to tell") if rate.is_early else _("too few to tell")


def trend_chart(trend: Trend, *, whose: str) -> Chart:
    """Draw a rate cohort by cohort: in the end where settled, with its band; and each at the age of the youngest."""
    names = [point.cohort.name for point in trend.points]
    final = [point.rate.shown if point.is_settled else None for point in trend.points]
    lows = [point.rate.low for point in trend.points]
    highs = [point.rate.high for point in trend.points]
    at_age = [point.age_rate for point in trend.points]
    in_the_end, at_one_age = (
        _("In the end (settled cohorts)"),
        _("At the same age: %(age)s") % {"age": age_text(trend.measure, trend.age)},
    )
    figure = go.Figure()
    for number_of, run in enumerate(_runs(final)):
        xs = [names[place] for place in run]
        figure.add_scatter(
            x=[*xs, *reversed(xs)],
            y=[*(highs[place] for place in run), *(lows[place] for place in reversed(run))],
            fill="toself",
            fillcolor=shade(ACTUAL, 0.18),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=_("80% interval"),
            showlegend=not number_of,
        )
    for values, name, colour, place in ((final, in_the_end, ACTUAL, 0), (at_age, at_one_age, BEHIND, 1)):
        if any(value is not None for value in values):
            figure.add_scatter(
                x=names,
                y=values,
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": DASHES[place]},
                marker={"size": 8, "symbol": MARKERS[place]},
                name=name,
                customdata=[
                    f"{percent(value)} · n {number(point.rate.n)}"
                    for value, point in zip(values, trend.points, strict=True)
                ],
                hovertemplate="%{customdata}",
            )
    top = max([value for value in (*highs_of(final, highs), *at_age) if value is not None], default=1.0)
    figure.update_yaxes(tickformat=".0%", range=[0, min(1.0, top * 1.15)])
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    return Chart(
        id="trend",
        title=_("%(rate)s: %(whose)s") % {"rate": measure_name(trend.measure), "whose": whose},
        subtitle=_cohorts(trend),
        figure=figure_json(figure),
        table={
            "head": [_("Cohort"), _("Began"), _("Succeeded"), _("Pending"), _("Rate"), _("80% interval"), at_one_age],
            "rows": [
                [
                    point.cohort.name,
                    number(point.rate.n),
                    number(point.rate.succeeded),
                    number(point.rate.pending),
                    rate_text(point.rate),
                    interval_text(point.rate),
                    _between(point.age_rate, point.age_low, point.age_high),
                ]
                for point in trend.points
            ],
        },
        summary="; ".join(
            f"{name}: {rate_text(point.rate)}, {at_one_age.lower()} {percent(point.age_rate)}"
            for name, point in zip(names, trend.points, strict=True)
        ),
    )


def _between(value: float | None, low: float, high: float) -> str:
    return MISSING if value is None else f"{percent(value)} ({percent(low)} – {percent(high)})"


def interval_text(rate: Rate) -> str:
    """Return the interval of a rate, a dash where the rate is not shown."""
    return MISSING if rate.shown is None else f"{percent(rate.low)} – {percent(rate.high)}"


def highs_of(values: Sequence[float | None], highs: Sequence[float]) -> list[float]:
    """Return the upper ends of the intervals that are drawn."""
    return [high for value, high in zip(values, highs, strict=True) if value is not None]


def _cohorts(trend: Trend) -> str:
    """The definition of the cohorts, for the chart itself."""
    if trend.measure.stage is not None:
        return _(
            "Cohort: visits to the stage by the day they began. Shown in the end only once 80% have ended; "
            "until then compare at the same age."
        )
    return _(
        "Cohort: by the day it began. Shown in the end only once 80%% could be watched for %(horizon)s; "
        "until then compare at the same age."
    ) % {"horizon": age_text(trend.measure, trend.measure.horizon)}


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    """Places of neighbouring known values, run by run."""
    keyed = groupby(range(len(values)), key=lambda place: values[place] is not None)
    return [list(run) for is_known, run in keyed if is_known]
