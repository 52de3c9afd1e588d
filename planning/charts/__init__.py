"""Charts of the plan: a query's answer as a plotly figure, with its data table and a sentence for those who hear it."""

from .chart import Chart
from .forecasts import fan_chart, funnel_chart, months_chart, move_name, movement_chart
from .ladders import ladder_chart
from .track_record import predicted_chart, reliability_chart

__all__ = [
    "Chart",
    "fan_chart",
    "funnel_chart",
    "ladder_chart",
    "months_chart",
    "move_name",
    "movement_chart",
    "predicted_chart",
    "reliability_chart",
]
