from core.api.serializers import In, Linked, ModelOut, Number, WholeNumber
from customers.models import ProductLine, Region
from planning.models import PlanVersion, ShareTarget


class ShareTargetOut(ModelOut):
    """The share that a product line is to have of its market in a region; quarter 0 = the whole year; share in (0, 1]."""

    class Meta:
        model = ShareTarget
        fields = ["id", "version", "product", "region", "quarter", "share", "set_by", "set_at", "lock_version"]


class ShareTargetIn(In):
    """`lock_version` is the one that was read, 0 where there was none. share in (0, 1]."""

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    product = Linked(lambda _user: ProductLine.objects.all())
    region = Linked(lambda _user: Region.objects.all())
    quarter = WholeNumber(min_value=0, max_value=4)
    share = Number(min_value=0, max_value=1)
    lock_version = WholeNumber(min_value=0)
