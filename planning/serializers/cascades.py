from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Amount, In, Linked, ModelOut, Out, WholeNumber, YesNo
from planning.models import Plan, PlanVersion, Potential
from planning.queries.cascades import Bound, MonthShape, SpotWish, Wish
from planning.queries.outline import row_key
from planning.queries.weights import Method
from teams.models import OrgUnit, User


def _percent(least: int, most: int, **options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=least, max_value=most, coerce_to_string=True, **options
    )


class BoundIn(In):
    """A floor or cap: an amount, or per cent of the even share."""

    amount = Amount(min_value=0, required=False)
    percent = _percent(0, 999, required=False)

    def validate(self, attrs: dict[str, Any]) -> Bound:
        if ("amount" in attrs) == ("percent" in attrs):
            raise serializers.ValidationError({"amount": _("Give either an amount or a per cent.")})
        return Bound(**attrs)


class BucketIn(In):
    name = serializers.CharField(max_length=40)
    share = _percent(0, 100)


class SpotIn(In):
    """
    What is wished for one unit or person directly below. `keep`: a reason keeps the amount it has, "" lets it go; left out,
    it stays as it is. `seen` is the row's `lock_version` that was read, 0 where there was none.
    """

    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)
    weight = Amount(min_value=0, required=False)
    bucket = serializers.CharField(max_length=40, required=False)
    floor = BoundIn(required=False)
    cap = BoundIn(required=False)
    keep = serializers.CharField(max_length=400, required=False, allow_blank=True)
    seen = WholeNumber(min_value=0, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs


class CascadeIn(In):
    """
    How the target of a unit is spread over those below. With `preview` nothing is written.

    `fill`: by capacity, whoever has no full quota gets the mean of those in the unit; otherwise they are named and stop it.
    """

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"))
    method = serializers.ChoiceField(choices=Method.choices)
    percent = _percent(0, 300, default=Decimal(100))
    deep = YesNo(default=False)
    fill = YesNo(default=False)
    months = serializers.ChoiceField(choices=MonthShape.choices, default=MonthShape.PARENT)
    floor = BoundIn(required=False)
    cap = BoundIn(required=False)
    buckets = BucketIn(many=True, required=False)
    spots = SpotIn(many=True, required=False)
    preview = YesNo(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        spots = {
            row_key(unit=spot["unit"].pk) if "unit" in spot else row_key(person=spot["person"].pk): spot
            for spot in attrs.get("spots", ())
        }
        named = ("weight", "bucket", "floor", "cap", "keep")
        wish = Wish(
            method=Method(attrs["method"]),
            percent=attrs["percent"],
            deep=attrs["deep"],
            fill=attrs["fill"],
            shape=MonthShape(attrs["months"]),
            floor=attrs.get("floor"),
            cap=attrs.get("cap"),
            buckets={bucket["name"]: bucket["share"] for bucket in attrs.get("buckets", ())},
            spots={
                key: SpotWish(**{name: spot[name] for name in named if name in spot}) for key, spot in spots.items()
            },
        )
        return {
            "version": attrs["version"],
            "unit": attrs["unit"],
            "preview": attrs["preview"],
            "wish": wish,
            "seen": {key: spot.get("seen", 0) for key, spot in spots.items()},
        }


class ShareOut(Out):
    """What one unit or person gets. `kept`: why it keeps what it has."""

    unit = serializers.IntegerField(source="spot.unit.pk", default=None, allow_null=True)
    person = serializers.IntegerField(source="spot.person.pk", default=None, allow_null=True)
    name = serializers.CharField(source="spot.name")
    depth = serializers.IntegerField()
    now = serializers.DecimalField(source="spot.total", max_digits=16, decimal_places=2, allow_null=True)
    proposed = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)
    last_year = serializers.DecimalField(max_digits=16, decimal_places=2)
    share = serializers.FloatField(allow_null=True)
    kept = serializers.CharField()
    seen = serializers.IntegerField(source="spot.lock_version")


class ProposalOut(Out):
    """A proposal, or what was carried out. `asked` is spread, of which `kept` stands already; `problems` stop it."""

    asked = serializers.DecimalField(max_digits=16, decimal_places=2)
    kept = serializers.DecimalField(max_digits=16, decimal_places=2)
    basis = serializers.CharField(source="sentence")
    problems = serializers.SerializerMethodField()
    notes = serializers.ListField(child=serializers.CharField())
    shares = ShareOut(many=True)

    def get_problems(self, found: Any) -> list[str]:
        return [why for _field, why in found.problems]


class LevelsIn(In):
    """Stretch and challenge totals of a target's year; left out, there is none."""

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)
    lock_version = WholeNumber(min_value=0)
    stretch = Amount(min_value=0, max_digits=15, required=False)
    challenge = Amount(min_value=0, max_digits=15, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs


class PotentialOut(ModelOut):
    """What the market of a unit or person could bring, and whether somebody typed or imported it."""

    class Meta:
        model = Potential
        fields = ["id", "plan", "unit", "person", "amount", "origin", "set_by", "set_at"]


class PotentialIn(In):
    """What is known of the unit or person is replaced."""

    plan = Linked(lambda user: Plan.objects.visible_to(user).select_related("fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)
    amount = Amount(min_value=0, max_digits=15)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs
