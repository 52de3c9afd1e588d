"""Charts of the forecast and the funnel."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

import plotly.graph_objects as go
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.figures import (
    ACTUAL,
    BEHIND,
    DASHES,
    OTHER,
    STRONG,
    SURFACE,
    TARGET,
    TEXT,
    WON,
    figure_json,
    money_ticks,
    shade,
)
from core.templatetags.formats import money, money_full, month_name, number, percent, with_sign
from planning.queries.forecasts import FanPoint, Month
from planning.queries.funnel import StageLine
from planning.queries.movement import Movement

from .chart import Chart

Texts = Sequence[str]


def fan_chart(points: Sequence[FanPoint], *, currency: str) -> Chart:
    """Draw the year so far, month by month, against the target, with what it may come to."""
    names = [month_name(point.month) for point in points]
    figure = go.Figure()
    over = [point for point in points if point.is_over]
    ahead = points[max(len(over) - 1, 0) :]
    ahead_names = names[max(len(over) - 1, 0) :]
    for low, high, alpha, title in (
        ("p025", "p975", 0.10, _("95% interval")),
        ("p10", "p90", 0.18, _("80% interval")),
        ("p25", "p75", 0.28, _("50% interval")),
    ):
        figure.add_scatter(
            x=[*ahead_names, *reversed(ahead_names)],
            y=[float(getattr(point.row, high)) for point in ahead]
            + [float(getattr(point.row, low)) for point in reversed(ahead)],
            fill="toself",
            fillcolor=shade(ACTUAL, alpha),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=title,
        )
    if any(point.target is not None for point in points):
        figure.add_scatter(
            x=names,
            y=[None if point.target is None else float(point.target) for point in points],
            mode="lines",
            line={"color": TARGET, "dash": DASHES[2], "width": 2},
            name=_("Target (cumulative)"),
            customdata=[money(point.target, currency) for point in points],
            hovertemplate="%{customdata}",
        )
    figure.add_scatter(
        x=ahead_names,
        y=[float(point.row.p50) for point in ahead],
        mode="lines",
        line={"color": ACTUAL, "dash": DASHES[1], "width": 2},
        name=_("Forecast (median)"),
        customdata=[
            _("%(middle)s (80%%: %(low)s – %(high)s)")
            % {
                "middle": money(point.row.p50, currency),
                "low": money(point.row.p10, currency),
                "high": money(point.row.p90, currency),
            }
            for point in ahead
        ],
        hovertemplate="%{customdata}",
    )
    figure.add_scatter(
        x=names[: len(over)],
        y=[float(point.booked) for point in over],
        mode="lines+markers",
        line={"color": ACTUAL, "width": 3},
        marker={"size": 6},
        name=_("Won"),
        customdata=[money(point.booked, currency) for point in over],
        hovertemplate="%{customdata}",
    )
    ticks = money_ticks([value for point in points for value in (point.target, point.row.p975)], currency)
    figure.update_yaxes(**vars(ticks))
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    last = points[-1]
    return Chart(
        id="fan",
        title=_("Year-end forecast against target"),
        subtitle=_("Cumulative; shaded: 50%, 80% and 95% of the simulated years"),
        figure=figure_json(figure),
        table={
            "head": [_("Month"), _("Target"), _("Won"), _("P10"), _("Median"), _("P90")],
            "rows": [
                [
                    name,
                    money(point.target, currency),
                    money(point.booked, currency),
                    *(money(value, currency) for value in (point.row.p10, point.row.p50, point.row.p90)),
                ]
                for name, point in zip(names, points, strict=True)
            ],
        },
        summary=_(
            "By the end of the year the median forecast is %(middle)s, with 80%% of years between %(low)s and %(high)s."
        )
        % {
            "middle": money(last.row.p50, currency),
            "low": money(last.row.p10, currency),
            "high": money(last.row.p90, currency),
        },
    )


def months_chart(months: Sequence[Month], *, currency: str) -> Chart:
    """Draw each month as booked, open pipeline and not yet created, with its target."""
    names = [month_name(month.first) for month in months]
    parts: tuple[tuple[str, str, str, str], ...] = (
        ("booked", _("Won"), ACTUAL, ""),
        ("open", _("Open pipeline"), WON, "/"),
        ("new", _("Not yet created"), OTHER, "."),
    )
    figure = go.Figure()
    for field, title, colour, hatch in parts:
        figure.add_bar(
            x=names,
            y=[float(getattr(month.row, field)) for month in months],
            name=title,
            marker={"color": colour, "pattern": {"shape": hatch, "fillmode": "overlay", "fgcolor": SURFACE, "size": 6}},
            customdata=[money(getattr(month.row, field), currency) for month in months],
            hovertemplate="%{customdata}",
        )
    if any(month.row.target is not None for month in months):
        figure.add_scatter(
            x=names,
            y=[None if month.row.target is None else float(month.row.target) for month in months],
            mode="markers",
            marker={"symbol": "line-ew-open", "size": 22, "color": TARGET, "line": {"width": 2, "color": TARGET}},
            name=_("Target"),
            customdata=[money(month.row.target, currency) for month in months],
            hovertemplate="%{customdata}",
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(
        **vars(money_ticks([value for month in months for value in (month.row.target, month.row.expected)], currency))
    )
    figure.update_xaxes(type="category")
    ahead = [month for month in months if not month.is_over]
    total = sum((month.row.expected for month in ahead), Decimal(0))
    return Chart(
        id="months",
        title=_("Month by month"),
        subtitle=_("Expected revenue: won already, from the open pipeline, from deals not yet created"),
        figure=figure_json(figure),
        table={
            "head": [_("Month"), _("Target"), *(title for _field, title, _colour, _hatch in parts), _("P10"), _("P90")],
            "rows": [
                [
                    name,
                    money(month.row.target, currency),
                    *(money(getattr(month.row, field), currency) for field, _title, _colour, _hatch in parts),
                    money(month.row.p10, currency),
                    money(month.row.p90, currency),
                ]
                for name, month in zip(names, months, strict=True)
            ],
        },
        summary=ngettext(
            "%(count)s month is still ahead, with %(total)s expected.",
            "%(count)s months are still ahead, with %(total)s expected.",
            len(ahead),
        )
        % {"count": len(ahead), "total": money(total, currency)},
    )


def funnel_chart(lines: Sequence[StageLine], *, title: str, subtitle: str) -> Chart:
    """Draw how many deals entered each stage, with the share that went on."""
    names = [str(line.stage) for line in lines]
    entered = [line.row.entered if line.row else 0 for line in lines]
    labels = [
        f"{number(line.row.entered)} · {percent(line.row.rate)}" if line.row else number(0)  # rate: on to the next
        for line in lines
    ]
    figure = go.Figure(
        go.Bar(
            x=entered,
            y=names,
            orientation="h",
            text=labels,
            textposition="outside",
            textfont={"color": STRONG},
            cliponaxis=False,
            marker={"color": ACTUAL},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(showlegend=False, hovermode="closest", bargap=0.35)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(visible=False, range=[0, max([*entered, 1]) * 1.3])
    return Chart(
        id="funnel",
        title=title,
        subtitle=subtitle,
        figure=figure_json(figure),
        table={
            "head": [_("Stage"), _("Entered"), _("Went on"), _("Lost"), _("Still open"), _("Conversion")],
            "rows": [
                [
                    name,
                    *(
                        (number(line.row.entered), number(line.row.advanced), number(line.row.lost))
                        if line.row
                        else ("0", "0", "0")
                    ),
                    number(line.row.still_open) if line.row else "0",
                    percent(line.row.rate) if line.row else percent(None),
                ]
                for name, line in zip(names, lines, strict=True)
            ],
        },
        summary="; ".join(f"{name}: {label}" for name, label in zip(names, labels, strict=True)),
    )


def move_name(key: str) -> str:
    """Return what a part of a movement is called."""
    return {
        "won": _("Won"),
        "lost": _("Lost"),
        "created": _("New deals"),
        "slipped": _("Slipped out of the period"),
        "pulled": _("Pulled into the period"),
        "amount": _("Amount changed"),
        "stage": _("Moved on or back"),
        "age": _("Age and chance alone"),
        "handed": _("Handed over"),
        "unborn": _("Not yet created"),
        "rest": _("Method and late entries"),
    }[key]


def movement_chart(moved: Movement, *, currency: str, since: str, period: str) -> Chart:
    """Draw how a period's expected revenue came from what it was then (the zero line) to what it is now, part by part."""
    moves = [move for move in moved.moves if move.amount]
    names = [*(move_name(move.key) for move in moves), _("Altogether")]
    amounts = [*(move.amount for move in moves), moved.change]
    starts = [Decimal(0), *accumulate(move.amount for move in moves[:-1]), Decimal(0)][-len(amounts) :]
    changes = [with_sign(money(amount, currency)) for amount in amounts]
    colours = [ACTUAL if amount >= 0 else BEHIND for amount in amounts[:-1]] + [TARGET]
    figure = go.Figure(
        go.Bar(
            x=[float(amount) for amount in amounts],
            base=[float(start) for start in starts],
            y=names,
            orientation="h",
            text=changes,
            textposition="outside",
            textfont={"color": STRONG},
            cliponaxis=False,
            marker={
                "color": colours,
                "pattern": {
                    "shape": ["" if amount >= 0 else "/" for amount in amounts],
                    "fillmode": "overlay",
                    "fgcolor": SURFACE,
                    "size": 6,
                },
            },
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    ends = [float(start + amount) for start, amount in zip(starts, amounts, strict=True)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    margin = (high - low or 1.0) * 0.45  # room for the figures beside the bars
    figure.update_layout(showlegend=False, hovermode="closest", bargap=0.35)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[low - margin, high + margin], showticklabels=False, zeroline=True, zerolinecolor=TEXT)
    facts = {
        "date": since,
        "period": period,
        "before": money(moved.before.expected, currency),
        "after": money(moved.after.expected, currency),
        "change": with_sign(money(moved.change, currency)),
    }
    return Chart(
        id="movement",
        title=_("What moved since %(date)s") % facts,
        subtitle=_("Expected revenue of %(period)s: %(before)s then, %(after)s now (%(change)s)") % facts,
        figure=figure_json(figure),
        table={
            "head": [_("Part"), _("Difference"), _("Deals")],
            "rows": [
                [_("Expected then"), money_full(moved.before.expected, currency), ""],
                *(
                    [move_name(move.key), with_sign(money_full(move.amount, currency)), number(move.deals)]
                    for move in moved.moves
                ),
                [_("Expected now"), money_full(moved.after.expected, currency), ""],
            ],
        },
        summary="; ".join(f"{name} {change}" for name, change in zip(names, changes, strict=True)),
    )
