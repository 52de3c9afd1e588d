"""The metrics that a target can ask for."""

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, Problem, VersionConflict
from customers.models import Stage
from planning import policies
from planning.models import Metric
from teams.models import User

Kind, Unit = Metric.Kind, Metric.Unit
UNITS = {
    Kind.REVENUE: Unit.MONEY,
    Kind.MARGIN: Unit.MONEY,
    Kind.UNITS: Unit.COUNT,
    Kind.WINS: Unit.COUNT,
    Kind.CUSTOMERS: Unit.COUNT,
    Kind.ENTRIES: Unit.COUNT,
    Kind.RATE: Unit.PERCENT,
}
STANDARD = (
    Metric(code="revenue", name="Revenue", name_zh="销售额", kind=Kind.REVENUE, unit=Unit.MONEY, position=1),
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


@transaction.atomic(durable=True)
def add_metric(
    *,
    actor: User,
    name: str,
    name_zh: str = "",
    kind: str,
    stage: Stage | None = None,
    from_stage: Stage | None = None,
    day: str = Metric.Day.EVENT,
    tax: str = Metric.Tax.RECORDED,
    takes_off_reopened: bool = True,
) -> Metric:
    """
    Add something that targets can ask for. What it counts never changes afterwards: a changed mind is a new metric.

    :raises Invalid: where the name is taken, or the stages do not fit what is counted
    """
    require(policies.can_plan(actor))
    _check_stages(kind, stage, from_stage)
    if Metric.objects.filter(name__iexact=name.strip()).exists():
        raise _taken()
    metric = Metric.objects.create(
        code=_free_code(name),
        name=name.strip(),
        name_zh=name_zh.strip(),
        kind=kind,
        unit=UNITS[Kind(kind)],
        stage=stage,
        from_stage=from_stage,
        day=day,
        tax=tax,
        takes_off_reopened=takes_off_reopened,
        position=Metric.objects.count() + 1,
    )
    audit.record("planning.metric.added", actor=actor, subject=metric, name=metric.name, kind=kind, stage=stage)
    return metric


@transaction.atomic(durable=True)
def rename_metric(*, metric: Metric, version: int, actor: User, name: str, name_zh: str, is_active: bool) -> Metric:
    """
    Give a metric another name, take it out of use or back into it. Targets that ask for it keep doing so.

    :raises VersionConflict:
    :raises Invalid: where the name is taken
    """
    require(policies.can_plan(actor))
    current = Metric.objects.select_for_update().get(pk=metric.pk)
    if current.version != version:
        raise VersionConflict(current=current.version, name=current.name, name_zh=current.name_zh)
    if Metric.objects.filter(name__iexact=name.strip()).exclude(pk=metric.pk).exists():
        raise _taken()
    told = {"name": name.strip(), "name_zh": name_zh.strip(), "is_active": is_active}
    changes = {field: [getattr(current, field), value] for field, value in told.items()}
    changes = {field: pair for field, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        for field in changes:
            setattr(current, field, told[field])
        current.version += 1
        current.save()
        audit.record("planning.metric.renamed", actor=actor, subject=current, changes=changes)
    return current


def _taken() -> Invalid:
    said = _("This name is taken.")
    return Invalid(said, problems=[Problem("name", said)])


def _check_stages(kind: str, stage: Stage | None, from_stage: Stage | None) -> None:
    needed = {Kind.ENTRIES: (True, False), Kind.RATE: (True, True)}.get(Kind(kind), (False, False))
    problems = [
        Problem(field, _("Choose a stage.") if wanted else _("This kind of metric has no stage here."))
        for field, found, wanted in (("stage", stage, needed[0]), ("from_stage", from_stage, needed[1]))
        if (found is not None) != wanted
    ]
    if stage and from_stage and (stage.pipeline_id != from_stage.pipeline_id or stage.pk == from_stage.pk):
        problems.append(Problem("stage", _("Choose another stage of the same pipeline.")))
    if problems:
        raise Invalid(problems[0].message, problems=problems)


def _free_code(name: str) -> str:
    """Return a code that no metric has yet, from the name as far as it is in Latin letters."""
    base = slugify(name)[:32] or "metric"
    code, number = base, 1
    while Metric.objects.filter(code=code).exists():
        number += 1
        code = f"{base}-{number}"
    return code
