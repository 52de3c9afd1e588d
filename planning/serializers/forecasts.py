from rest_framework import serializers

from core.api.serializers import ModelOut
from planning.models import DealForecast, ForecastEvidence, NodeForecast, StageConversion


class NightOut(ModelOut):
    """What the published forecast of a plan rests on: as of which day, which history, how sure."""

    published_at = serializers.DateTimeField(source="run.finished_at")
    revision = serializers.IntegerField(source="run.revision")

    class Meta:
        model = ForecastEvidence
        fields = ["id", "plan", "as_of_date", "revision", "published_at", "is_thin", "facts"]


class NodeForecastOut(ModelOut):
    """One unit or person in one period: expected = booked + open + new; quantiles of the whole; chance of the target."""

    expected = serializers.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        model = NodeForecast
        fields = [
            "id",
            "unit",
            "person",
            "period",
            "first_date",
            "booked",
            "open",
            "new",
            "expected",
            "p025",
            "p10",
            "p25",
            "p50",
            "p75",
            "p90",
            "p975",
            "wins_booked",
            "wins_expected",
            "wins_p10",
            "wins_p90",
            "target",
            "p_attain",
            "shortfall",
        ]


class DealChanceOut(ModelOut):
    """The chance of one open deal; `p_by_month` is cumulative over the fiscal year's months."""

    class Meta:
        model = DealForecast
        fields = ["id", "deal", "p_win", "p_by_month", "amount", "factors"]


class ConversionOut(ModelOut):
    """Conversion and time in stage of one unit, person, product line, lead source or region at one stage."""

    class Meta:
        model = StageConversion
        fields = [
            "id",
            "stage",
            "window",
            "by",
            "member",
            "entered",
            "advanced",
            "back",
            "lost",
            "still_open",
            "rate",
            "low",
            "high",
            "win_rate",
            "win_low",
            "win_high",
            "median_days",
            "p85_days",
        ]
