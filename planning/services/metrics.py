"""The metrics that a target can ask for."""

from django.db import transaction

from planning.models import Metric

Kind, Unit = Metric.Kind, Metric.Unit
STANDARD = (
    Metric(code="revenue", name="Revenue", name_zh="收入", kind=Kind.REVENUE, unit=Unit.MONEY, position=1),
    Metric(code="margin", name="Gross margin", name_zh="毛利", kind=Kind.MARGIN, unit=Unit.MONEY, position=2),
    Metric(code="units", name="Units", name_zh="销量", kind=Kind.UNITS, unit=Unit.COUNT, position=3),
    Metric(code="wins", name="Won deals", name_zh="赢单数", kind=Kind.WINS, unit=Unit.COUNT, position=4),
    Metric(
        code="new-customers", name="New customers", name_zh="新客户数", kind=Kind.CUSTOMERS, unit=Unit.COUNT, position=5
    ),
)


@transaction.atomic(durable=True)
def restore_metrics() -> None:
    """Put the standard metrics back after the tables were emptied; rows that are there stay as they are."""
    Metric.objects.bulk_create(STANDARD, ignore_conflicts=True)
