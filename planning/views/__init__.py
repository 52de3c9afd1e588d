"""Pages of the plan."""

from .forecasts import forecast, funnel, overview

__all__ = ["forecast", "funnel", "overview"]
