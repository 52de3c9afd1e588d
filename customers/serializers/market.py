from rest_framework import serializers

from core.api.serializers import Amount, Day, In, ModelOut, Text
from customers.models import MarketSize, Strategy

from . import links


class MarketSizeOut(ModelOut):
    """An estimate of what all suppliers together sell; the newest of a product line, region and period counts."""

    last_date = serializers.DateField()

    class Meta:
        model = MarketSize
        fields = [
            "id",
            "product",
            "region",
            "first_date",
            "last_date",
            "size",
            "currency",
            "source",
            "estimated_date",
            "recorded_by",
            "recorded_at",
        ]


class MarketSizeIn(In):
    product, region = links.product(), links.region()
    first_date, last_date, estimated_date = Day(), Day(), Day()
    size = Amount(max_digits=16)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    source = Text(max_length=200)  # type: ignore[assignment]  # DRF's fields have an attribute of this name


class StrategyOut(ModelOut):
    class Meta:
        model = Strategy
        fields = ["id", "name", "owner", "status", "version"]


class StrategyIn(In):
    name = Text(max_length=160)
    owner = links.owner()
    status = serializers.ChoiceField(choices=Strategy.Status.choices, required=False)


class StrategyChange(In):
    """What changes; what is not given stays."""

    name = Text(max_length=160, required=False)
    owner = links.owner(required=False)
    status = serializers.ChoiceField(choices=Strategy.Status.choices, required=False)
