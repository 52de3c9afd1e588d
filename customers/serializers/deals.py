from core.api.serializers import Amount, Day, In, ModelOut, Moment, Text
from customers.models import Deal, StageEvent

from . import links


class DealOut(ModelOut):
    """A deal as its ledger leaves it. `amount`, `units` and `cost` null = not known, which is not zero."""

    class Meta:
        model = Deal
        fields = [
            "id",
            "title",
            "source",
            "external_id",
            "customer",
            "owner",
            "product",
            "region",
            "channel",
            "pipeline",
            "stage",
            "amount",
            "expected_close_date",
            "units",
            "cost",
            "created_date",
            "stage_since",
            "closed_date",
            "version",
        ]


class StageMoveOut(ModelOut):
    """One line of a deal's ledger: what happened, when, when it became known, and who did it."""

    class Meta:
        model = StageEvent
        fields = [
            "seq",
            "kind",
            "from_stage",
            "to_stage",
            "amount",
            "expected_close_date",
            "reason",
            "actor",
            "occurred_at",
            "recorded_at",
        ]


class DealIn(In):
    title = Text(max_length=160)
    pipeline = links.pipeline()
    owner = links.owner(required=False)
    customer = links.customer(required=False, allow_null=True)
    stage = links.stage(required=False)
    amount = Amount(required=False, allow_null=True, min_value=0, max_digits=14)
    expected_close_date = Day(required=False, allow_null=True)
    product = links.product(required=False, allow_null=True)
    region = links.region(required=False, allow_null=True)
    channel = links.channel(required=False, allow_null=True)
    units = Amount(required=False, allow_null=True, min_value=0, max_digits=14)
    cost = Amount(required=False, allow_null=True, min_value=0, max_digits=14)
    occurred_at = Moment(required=False)


class DealChange(In):
    """Facts beside the ledger; stage, amount and owner have verbs of their own."""

    title = Text(max_length=160, required=False)
    customer = links.customer(required=False, allow_null=True)
    product = links.product(required=False, allow_null=True)
    region = links.region(required=False, allow_null=True)
    channel = links.channel(required=False, allow_null=True)
    units = Amount(required=False, allow_null=True, min_value=0, max_digits=14)
    cost = Amount(required=False, allow_null=True, min_value=0, max_digits=14)


class MoveIn(In):
    to_stage = links.stage()
    reason = Text(required=False, max_length=400, allow_blank=True)
    amount = Amount(required=False, allow_null=True, min_value=0, max_digits=14)
    occurred_at = Moment(required=False)


class ReopenIn(In):
    reason = Text(max_length=400)
    to_stage = links.stage(required=False)
    occurred_at = Moment(required=False)


class AmendIn(In):
    """Both values as they are to be; null = not known."""

    amount = Amount(allow_null=True, min_value=0, max_digits=14)
    expected_close_date = Day(allow_null=True)
    reason = Text(required=False, max_length=400, allow_blank=True)
    occurred_at = Moment(required=False)


class HandOverIn(In):
    to = links.owner()
    occurred_at = Moment(required=False)
