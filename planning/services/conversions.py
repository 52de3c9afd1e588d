"""The limits that the rates are counted by."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, VersionConflict
from customers.models import Pipeline, Stage
from planning import policies
from planning.models import RateSettings, RateStages
from teams.models import User


@transaction.atomic(durable=True)
def set_rate_limits(  # one row, its columns by keyword
    *,
    actor: User,
    now: datetime,
    version: int,
    response_limit: int | None,
    response_unit: str,
    next_step_days: int,
    open_quote_days: int,
    opens_hour: int,
    closes_hour: int,
    stages: Mapping[int, tuple[int | None, int | None]],
) -> RateSettings:
    """
    Set the limits of the named rates; every figure, the past ones as well, is counted by them from now on.

    :param stages: by pipeline, which stage means a visit and which a quote; None = none does
    :raises VersionConflict: where somebody changed them since they were read
    :raises Invalid: for a stage that is closed or belongs to another pipeline
    """
    require(policies.can_plan(actor))
    RateSettings.objects.bulk_create([RateSettings()], ignore_conflicts=True)  # the row to lock, made once
    row = RateSettings.objects.select_for_update().get()
    if row.version != version:
        raise VersionConflict(current=row.version)
    row.response_limit, row.response_unit = response_limit, response_unit
    row.next_step_days, row.open_quote_days = next_step_days, open_quote_days
    row.opens_hour, row.closes_hour = opens_hour, closes_hour
    row.changed_by, row.changed_at, row.version = actor, now, version + 1
    row.save()
    for pipeline in Pipeline.objects.filter(pk__in=stages):
        visit, quote = (_stage(pipeline, key) for key in stages[pipeline.pk])
        RateStages.objects.update_or_create(pipeline=pipeline, defaults={"visit_stage": visit, "quote_stage": quote})
    audit.record(
        "planning.rates.changed",
        actor=actor,
        subject=row,
        response_limit=response_limit,
        response_unit=response_unit,
        next_step_days=next_step_days,
        open_quote_days=open_quote_days,
        hours=[opens_hour, closes_hour],
        stages={str(pipeline): list(pair) for pipeline, pair in stages.items()},
    )
    return row


def _stage(pipeline: Pipeline, key: int | None) -> Stage | None:
    if key is None:
        return None
    stage = pipeline.stages.open().filter(pk=key).first()
    if stage is None:
        raise Invalid(_("This is not an open stage of the pipeline."))
    return stage
