"""The company's own vocabulary: pipelines with their stages, product lines, regions, channels."""

from collections.abc import Sequence
from typing import Any, TypedDict, TypeVar, Unpack

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from core import audit
from core.errors import VersionConflict
from core.transactions import within_transaction
from customers.models import Channel, Deal, Pipeline, ProductLine, Region, Stage
from customers.models.pipelines import Named
from customers.services import refusals
from teams.models import User

FIRST_STAGES = (
    ("Lead", "线索", Stage.Kind.OPEN),
    ("Contacted", "已联系", Stage.Kind.OPEN),
    ("Visited", "已拜访", Stage.Kind.OPEN),
    ("Quoted", "已报价", Stage.Kind.OPEN),
    ("Won", "赢单", Stage.Kind.WON),
    ("Lost", "丢单", Stage.Kind.LOST),
)
Word = TypeVar("Word", ProductLine, Region, Channel)


class Wider(TypedDict, total=False):
    """What a product line or a region is part of; not given, it stays."""

    parent: ProductLine | Region | None


@transaction.atomic(durable=True)
def create_pipeline(
    *,
    actor: User,
    name: str,
    name_zh: str = "",
    stages: Sequence[tuple[str, str, str]] = FIRST_STAGES,
) -> Pipeline:
    """
    Add a pipeline with its stages.

    :param stages: (name, name in Chinese, kind) in order: at least one open, exactly one won and one lost
    :raises NameIsTaken, PipelineNeedsItsStages:
    """
    _check_name(Pipeline, name)
    kinds = [kind for _name, _name_zh, kind in stages]
    if Stage.Kind.OPEN not in kinds or kinds.count(Stage.Kind.WON) != 1 or kinds.count(Stage.Kind.LOST) != 1:
        raise refusals.PipelineNeedsItsStages(_("A pipeline has open stages, one stage for won and one for lost."))
    pipeline = Pipeline.objects.create(
        name=name.strip(), name_zh=name_zh.strip(), position=Pipeline.objects.count() + 1
    )
    Stage.objects.bulk_create(
        Stage(pipeline=pipeline, name=stage, name_zh=stage_zh, kind=kind, position=position)
        for position, (stage, stage_zh, kind) in enumerate(stages, start=1)
    )
    audit.record("customers.pipeline.created", actor=actor, subject=pipeline, name=pipeline.name)
    return pipeline


@transaction.atomic(durable=True)
def edit_pipeline(
    *, pipeline: Pipeline, version: int, actor: User, name: str, name_zh: str, is_active: bool
) -> Pipeline:
    """
    Rename a pipeline, retire it or take it back into use.

    :raises VersionConflict, NameIsTaken:
    :raises StageIsInUse: when it is to retire while deals are open in it
    """
    pipeline = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    _check_version(pipeline, version)
    _check_name(Pipeline, name, but=pipeline.pk)
    if pipeline.is_active and not is_active and Deal.objects.open().filter(pipeline=pipeline).exists():
        raise refusals.StageIsInUse(_("Deals are open in this pipeline; close them before retiring it."))
    _rewrite("customers.pipeline.edited", pipeline, actor, name=name, name_zh=name_zh, is_active=is_active)
    return pipeline


@transaction.atomic(durable=True)
def add_stage(*, pipeline: Pipeline, actor: User, name: str, name_zh: str = "") -> Stage:
    """Add an open stage after the last open one. :raises NameIsTaken:"""
    stages = list(Stage.objects.select_for_update().filter(pipeline=pipeline))
    _check_stage_name(stages, name)
    stage = Stage(pipeline=pipeline, name=name.strip(), name_zh=name_zh.strip(), kind=Stage.Kind.OPEN)
    opens = [row for row in stages if row.is_open]
    closed = [row for row in stages if not row.is_open]
    _number([*opens, stage, *closed])
    audit.record("customers.stage.added", actor=actor, subject=stage, pipeline=pipeline, name=stage.name)
    return stage


@transaction.atomic(durable=True)
def edit_stage(*, stage: Stage, version: int, actor: User, name: str, name_zh: str, is_active: bool) -> Stage:
    """
    Rename a stage, retire it or take it back into use. A retired stage keeps the deals that stand in it and takes no more.

    :raises VersionConflict, StageIsGone, NameIsTaken, PipelineNeedsItsStages:
    """
    stages = list(Stage.objects.select_for_update().filter(pipeline=stage.pipeline_id))
    stage = _among(stages, stage, version)
    _check_stage_name([row for row in stages if row.pk != stage.pk], name)
    if not is_active:
        _check_spare(stage, stages)
    _rewrite("customers.stage.edited", stage, actor, name=name, name_zh=name_zh, is_active=is_active)
    return stage


@transaction.atomic(durable=True)
def move_stage(*, stage: Stage, position: int, actor: User, up: bool) -> Stage:
    """
    Exchange an open stage with the open one before (up) or after it; at the end nothing happens.

    :param position: where the actor saw it stand
    :raises VersionConflict: where it no longer stands there
    """
    stages = list(Stage.objects.select_for_update().filter(pipeline=stage.pipeline_id).order_by("position"))
    opens = [row for row in stages if row.is_open]
    keys = [row.pk for row in opens]
    here = keys.index(stage.pk) if stage.pk in keys else -1
    there = here + (-1 if up else 1)
    if here >= 0 and opens[here].position != position:
        raise VersionConflict(current=opens[here].version, position=opens[here].position)
    if here < 0 or not 0 <= there < len(opens):
        return stage
    opens[here], opens[there] = opens[there], opens[here]
    _number([*opens, *(row for row in stages if not row.is_open)])
    audit.record("customers.stage.moved", actor=actor, subject=stage, up=up)
    return stage


@transaction.atomic(durable=True)
def delete_stage(*, stage: Stage, version: int, actor: User) -> Stage:
    """
    Delete a stage that no deal ever stood in.

    :raises VersionConflict: where somebody has renamed it meanwhile, so that it is another stage now
    :raises StageIsInUse: when a deal or a line of history names it: retire it instead
    :raises PipelineNeedsItsStages: for won, lost and the last open stage
    """
    stages = list(Stage.objects.select_for_update().filter(pipeline=stage.pipeline_id))
    stage = _among(stages, stage, version)
    _check_spare(stage, stages)
    audit.record("customers.stage.deleted", actor=actor, subject=stage, name=stage.name)
    try:
        with transaction.atomic():
            Stage.objects.filter(pk=stage.pk).delete()
    except ProtectedError as held:
        raise refusals.StageIsInUse(_("Deals stand or stood in this stage. Retire it instead.")) from held
    return stage


@transaction.atomic(durable=True)
def add_word(
    *, kind: type[Word], actor: User, name: str, name_zh: str = "", parent: ProductLine | Region | None = None
) -> Word:
    """
    Add a product line, a region or a channel.

    :param parent: the wider product line or region that it is part of
    :raises NameIsTaken:
    """
    _check_name(kind, name)
    wider: dict[str, Any] = {} if parent is None else {"parent": parent}
    word = kind.objects.create(name=name.strip(), name_zh=name_zh.strip(), position=kind.objects.count() + 1, **wider)
    audit.record(f"customers.{kind._meta.model_name}.added", actor=actor, subject=word, name=word.name, **wider)
    return word


@transaction.atomic(durable=True)
def edit_word(
    *,
    word: Word,
    version: int,
    actor: User,
    name: str,
    name_zh: str,
    is_active: bool,
    **wider: Unpack[Wider],
) -> Word:
    """
    Rename a product line, a region or a channel, retire it or take it back into use, or say what it is part of.

    :raises VersionConflict, NameIsTaken, WordIsPartOfItself:
    """
    parent = wider.get("parent")
    if parent is not None:
        _check_parent(word, parent)
    current: Word = type(word)._default_manager.select_for_update().get(pk=word.pk)
    _check_version(current, version)
    _check_name(type(word), name, but=word.pk)
    event = f"customers.{word._meta.model_name}.edited"
    _rewrite(event, current, actor, name=name, name_zh=name_zh, is_active=is_active, **wider)
    return current


@within_transaction
def _rewrite(event: str, word: Named, actor: User, **facts: object) -> None:
    """Write what is different in a word, count the change and record it; where nothing is different, do nothing."""
    told = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    changes = {name: [getattr(word, name), value] for name, value in told.items() if getattr(word, name) != value}
    if not changes:
        return
    for name, (_before, value) in changes.items():
        setattr(word, name, value)
    word.version += 1
    word.save(update_fields=[*changes, "version"])
    audit.record(event, actor=actor, subject=word, name=word.name, changes=changes)


def _check_parent(word: Named, parent: ProductLine | Region) -> None:
    """Refuse a circle. All words of the kind are held, since a circle may take two changes at once."""
    parents = dict(type(parent)._default_manager.select_for_update().order_by("pk").values_list("pk", "parent_id"))
    above: int | None = parent.pk
    while above is not None:
        if above == word.pk:
            raise refusals.WordIsPartOfItself
        above = parents[above]


def _among(stages: Sequence[Stage], stage: Stage, version: int) -> Stage:
    """Return the stage as the database has it now. :raises StageIsGone, VersionConflict:"""
    found = next((row for row in stages if row.pk == stage.pk), None)
    if found is None:
        raise refusals.StageIsGone
    _check_version(found, version)
    return found


def _check_version(word: Named, version: int) -> None:
    if word.version != version:
        raise VersionConflict(current=word.version, name=word.name, name_zh=word.name_zh, is_active=word.is_active)


@within_transaction
def _number(stages: Sequence[Stage]) -> None:
    """Give the stages their positions in this order; the rule of one stage per position is checked at the commit."""
    for position, stage in enumerate(stages, start=1):
        if stage.position != position or stage.pk is None:
            stage.position = position
            stage.save()


def _check_spare(stage: Stage, stages: Sequence[Stage]) -> None:
    others = [row for row in stages if row.is_open and row.is_active and row.pk != stage.pk]
    if not stage.is_open or not others:
        raise refusals.PipelineNeedsItsStages(_("A pipeline needs won, lost and at least one open stage in use."))


def _check_stage_name(others: Sequence[Stage], name: str) -> None:
    if name.strip().casefold() in {row.name.casefold() for row in others}:
        raise refusals.NameIsTaken


def _check_name(
    kind: type[Pipeline] | type[ProductLine] | type[Region] | type[Channel], name: str, *, but: int | None = None
) -> None:
    if kind._default_manager.filter(name__iexact=name.strip()).exclude(pk=but or 0).exists():
        raise refusals.NameIsTaken
