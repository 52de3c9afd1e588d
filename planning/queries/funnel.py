"""The funnel: how deals leave each stage, for whom and since when, from the published night."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from core.models import JobRun
from customers.models import Channel, Pipeline, ProductLine, Region, Stage
from planning.models import StageConversion
from teams.models import OrgUnit, User

from .forecasts import Node

By, Window = StageConversion.By, StageConversion.Window
FEW = 20  # below so many settled stays the rate is shown with a word of caution


@dataclass(frozen=True)
class StageLine:
    """One stage of the funnel with its counts and rates; `row` is None where nobody entered it in the window."""

    stage: Stage
    row: StageConversion | None

    @property
    def is_few(self) -> bool:
        return self.row is not None and self.row.entered - self.row.still_open < FEW


@dataclass(frozen=True)
class MemberLine:
    """One unit, person, product line, lead source or region at one stage."""

    name: str
    row: StageConversion
    node: Node | None = None

    @property
    def is_few(self) -> bool:
        return self.row.entered - self.row.still_open < FEW


def funnel(run: JobRun, *, pipeline: Pipeline, window: str, node: Node) -> list[StageLine]:
    """Return the open stages of a pipeline in order, for a unit or a person."""
    by, member = _of(node)
    rows = {
        row.stage_id: row
        for row in StageConversion.objects.filter(
            run=run, window=window, by=by, member=member, stage__pipeline=pipeline
        )
    }
    return [StageLine(stage, rows.get(stage.pk)) for stage in pipeline.stages.open()]


def company_funnel(run: JobRun, *, pipeline: Pipeline, window: str, user: User) -> list[StageLine]:
    """Return the company's rates stage by stage, each only where the user may see it."""
    seen = StageConversion.objects.visible_to(user).filter(
        run=run, window=window, by=By.COMPANY, stage__pipeline=pipeline
    )
    rows = {row.stage_id: row for row in seen}
    return [StageLine(stage, rows.get(stage.pk)) for stage in pipeline.stages.open()]


def members_at(run: JobRun, *, user: User, stage: Stage, window: str, by: str) -> list[MemberLine]:
    """
    Return everybody of one kind at one stage, the busiest first.

    Units and people as far as the user sees them. Product lines, lead sources and regions are figures of the whole company:
    for those who manage.
    """
    rows = StageConversion.objects.filter(run=run, window=window, by=by, stage=stage).order_by("-entered", "member")
    if by == By.UNIT:
        units = {unit.pk: unit for unit in OrgUnit.objects.visible_to(user)}
        return [
            MemberLine(str(units[row.member]), row, Node(unit=units[row.member])) for row in rows if row.member in units
        ]
    if by == By.PERSON:
        people = User.objects.visible_to(user).in_bulk([row.member for row in rows])
        return [
            MemberLine(str(people[row.member]), row, Node(person=people[row.member]))
            for row in rows
            if row.member in people
        ]
    tables = {By.PRODUCT: ProductLine, By.CHANNEL: Channel, By.REGION: Region}
    if by not in tables or not user.is_manager:
        return []
    names = {row.pk: str(row) for row in tables[By(by)]._default_manager.all()}
    return [MemberLine(names[row.member], row) for row in rows if row.member in names]


def pipelines() -> Sequence[Pipeline]:
    """Return the pipelines in use, the company's first."""
    return list(Pipeline.objects.filter(is_active=True).prefetch_related("stages"))


def busiest_pipeline(run: JobRun, *, window: str, node: Node) -> Pipeline | None:
    """Return the pipeline in use that most deals of a node came through in the window; the company's first where none did."""
    by, member = _of(node)
    entered = dict(
        StageConversion.objects.filter(run=run, window=window, by=by, member=member)
        .values_list("stage__pipeline")
        .annotate(entered=Sum("entered"))
    )
    return max(pipelines(), key=lambda pipeline: entered.get(pipeline.pk, 0), default=None)  # of equals the first


def _of(node: Node) -> tuple[str, int]:
    if node.person is not None:
        return By.PERSON, node.person.pk
    if node.unit is None or node.unit.kind == OrgUnit.Kind.COMPANY:
        return By.COMPANY, 0
    return By.UNIT, node.unit.pk
