from core.api.serializers import ModelOut
from planning.models import PastForecast


class PastForecastOut(ModelOut):
    """
    One unit or person in a month or quarter that is over: what was forecast so many days before its end, and what came.

    run_rate, pipeline, last_year: what simple ways would have said on the same day. goals and p_goals: amounts that might
    have been targets, and the chance given to each.
    """

    class Meta:
        model = PastForecast
        fields = [
            "id",
            "unit",
            "person",
            "kind",
            "first_date",
            "after_date",
            "days_to_go",
            "as_of_date",
            "expected",
            "p025",
            "p10",
            "p25",
            "p50",
            "p75",
            "p90",
            "p975",
            "run_rate",
            "pipeline",
            "last_year",
            "goals",
            "p_goals",
            "actual",
        ]
