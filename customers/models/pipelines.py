from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Named(models.Model):
    """A word of the company's own vocabulary, in English and in Chinese. `version` counts the changes of its words."""

    name = models.CharField(_("name"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the language of the reader."""
        return self.name_zh if self.name_zh and (get_language() or "").startswith("zh") else self.name


class ProductLine(Named):
    """What is sold: the line of products that a deal, a target or a share is about. A line may be part of a wider one."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of")
    )

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="productline_name_once"),
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="productline_is_no_part_of_itself"),
        ]


class Region(Named):
    """Where it is sold: a market region (not a unit of the organisation). A region may be part of a wider one."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of")
    )

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="region_name_once"),
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="region_is_no_part_of_itself"),
        ]


class Channel(Named):
    """Where leads come from: the source of a deal."""

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["name"], name="channel_name_once")]


class Pipeline(Named):
    """A way to an order with its own stages; most companies have one."""

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["name"], name="pipeline_name_once")]


class StageQuerySet(models.QuerySet["Stage"]):
    def open(self) -> Self:
        return self.filter(kind=Stage.Kind.OPEN)

    def in_use(self) -> Self:
        return self.filter(is_active=True)


class Stage(Named):
    """A step of a pipeline. Open stages stand in order of position; one stage means won, one means lost."""

    class Kind(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="stages")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.OPEN)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["pipeline", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_once_in_a_pipeline"),
            models.UniqueConstraint(
                fields=["pipeline", "position"],
                name="stage_position_once_in_a_pipeline",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["pipeline", "kind"],
                condition=~Q(kind="open"),
                name="stage_one_won_and_one_lost_in_a_pipeline",
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.kind == self.Kind.OPEN
