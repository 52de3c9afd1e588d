"""Charts of the plan: a query's answer as a plotly figure, with its data table and a sentence for those who hear it."""

from .capacity import capacity_chart
from .chart import Chart
from .conversions import age_text, head_name, interval_text, measure_name, points, rate_text, share, trend_chart
from .forecasts import fan_chart, funnel_chart, months_chart, move_name, movement_chart
from .ladders import ladder_chart
from .scenarios import scenario_chart
from .track_record import predicted_chart, reliability_chart
from .warnings import warning_chart

__all__ = [
    "Chart",
    "age_text",
    "capacity_chart",
    "fan_chart",
    "funnel_chart",
    "head_name",
    "interval_text",
    "ladder_chart",
    "measure_name",
    "months_chart",
    "move_name",
    "movement_chart",
    "points",
    "predicted_chart",
    "rate_text",
    "reliability_chart",
    "scenario_chart",
    "share",
    "trend_chart",
    "warning_chart",
]
