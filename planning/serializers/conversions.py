from typing import Any

from rest_framework import serializers


class AtAgeOut(serializers.Serializer[Any]):
    """Two cohorts at one age, in the unit of the rate: the share that had succeeded by then, with 80 % intervals."""

    age = serializers.IntegerField()
    size = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()
    earlier_size = serializers.IntegerField()
    earlier_rate = serializers.FloatField(allow_null=True)
    earlier_low = serializers.FloatField()
    earlier_high = serializers.FloatField()
    difference = serializers.FloatField(allow_null=True)
    difference_low = serializers.FloatField(allow_null=True)
    difference_high = serializers.FloatField(allow_null=True)
    too_few = serializers.BooleanField(source="is_few")


class RateOut(serializers.Serializer[Any]):
    """
    One rate with its counts. `rate` is null where it cannot be told: `missing`, `too_few` or `too_early` say why.

    size: cases that the rate rests on; pooled: drawn towards the members beside it; median, p85: time until half, 85 %, had
    ended, in `unit` (days, minutes of working time, working days).
    """

    key = serializers.CharField(source="measure.key")
    stage = serializers.IntegerField(source="measure.stage.pk", allow_null=True, default=None)
    began = serializers.IntegerField(source="n")
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()
    size = serializers.IntegerField()
    rate = serializers.FloatField(source="shown", allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()
    pooled = serializers.FloatField(allow_null=True)
    too_few = serializers.BooleanField(source="is_few")
    too_early = serializers.BooleanField(source="is_early")
    missing = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(source="measure.unit")
    median = serializers.FloatField(allow_null=True)
    p85 = serializers.FloatField(allow_null=True)
    at_equal_age = AtAgeOut(source="at_age", allow_null=True)


class RateRowOut(serializers.Serializer[Any]):
    """One member of the breakdown; `key` is the key of what it is broken down by, "0" for the rest."""

    key = serializers.CharField()
    name = serializers.CharField()
    rates = RateOut(many=True)


class CohortOut(serializers.Serializer[Any]):
    """What began on days from first to last."""

    code = serializers.CharField()
    name = serializers.CharField()
    first_date = serializers.DateField(source="span.first")
    last_date = serializers.DateField(source="span.last")


class TrendPointOut(serializers.Serializer[Any]):
    """One cohort of the trend. The rate in the end counts once the cohort is settled; until then compare `at_age`."""

    cohort = CohortOut()
    rate = RateOut()
    is_settled = serializers.BooleanField()
    at_age = serializers.FloatField(source="age_rate", allow_null=True)
    at_age_low = serializers.FloatField(source="age_low")
    at_age_high = serializers.FloatField(source="age_high")


class TrendOut(serializers.Serializer[Any]):
    """One rate, cohort by cohort; `age` in the unit of the rate."""

    key = serializers.CharField(source="measure.key")
    age = serializers.IntegerField()
    points = TrendPointOut(many=True)


class RatesOut(serializers.Serializer[Any]):
    """Rates of a unit or person: its own row, its members, the company's average where the caller may see it, a trend."""

    as_of = serializers.DateField()
    recorded_since = serializers.DateField(allow_null=True)
    cohort = CohortOut()
    earlier = CohortOut()
    own = RateRowOut()
    members = RateRowOut(many=True)
    average = RateRowOut(allow_null=True)
    trend = TrendOut()


class DefinitionOut(serializers.Serializer[Any]):
    """How a rate is counted, in the language of the request."""

    key = serializers.CharField()
    name = serializers.CharField()
    numerator = serializers.CharField()
    denominator = serializers.CharField()
    cohort = serializers.CharField()
    censoring = serializers.CharField()


class LimitOut(serializers.Serializer[Any]):
    """A limit that rates are counted by, and where its value comes from."""

    name = serializers.CharField()
    value = serializers.CharField()
    origin = serializers.CharField()


class MeaningOut(serializers.Serializer[Any]):
    """What the rates mean."""

    definitions = DefinitionOut(many=True)
    limits = LimitOut(many=True)
