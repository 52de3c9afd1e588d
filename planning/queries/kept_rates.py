"""
The answers of the conversion page, kept from one night to the next where reading them anew takes seconds.

An answer of a large company is kept under everything that it follows from: the published night, the day, the question, the
limits, stages and units, and what the reader is entitled to see. So two readers share an answer only where each would have
got the same one, and whoever loses sight of somebody asks anew at once. Units and people are kept as keys and looked up
among what the reader sees. A line written late for a past day counts from the next night on. Redis holds the answers; where
it is away, everything is read anew.
"""

import logging
from dataclasses import astuple, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from django.core.cache import caches
from django.utils.translation import get_language
from redis.exceptions import RedisError

from core.models import Publication
from core.periods import FiscalCalendar
from core.wake import PAUSE, Breaker
from customers.models import Stage
from planning.models import JOB, RateSettings, RateStages
from teams.models import Company, OrgUnit, User, WorkdayOverride

from .forecasts import Node
from .rate_members import WORDS
from .rates import Asked, RateRow, RateTable, rate_table

FROM: Final = 100_000  # trials: fewer are read in half a second
FOR: Final = timedelta(hours=26)  # longer than from night to night
log = logging.getLogger(__name__)
breaker = Breaker(PAUSE)


def kept_rate_table(
    asked: Asked, *, user: User, as_of: date, company: Company, calendar: FiscalCalendar, settings: RateSettings
) -> RateTable:
    """Answer as `rate_table` does, from what is kept where there is such an answer."""
    key = _key(asked, user=user, as_of=as_of, company=company, settings=settings)
    if key is not None and (kept := _get(key)) is not None and (dressed := _dressed(kept, asked, user)) is not None:
        return dressed
    table = rate_table(asked, user=user, as_of=as_of, company=company, calendar=calendar, settings=settings)
    if key is not None and table.trials >= FROM:
        _set(key, _bare(table))
    return table


def _key(asked: Asked, *, user: User, as_of: date, company: Company, settings: RateSettings) -> str | None:
    """All that an answer follows from; None before the first night."""
    nights = list(Publication.objects.filter(job=JOB).order_by("pk").values_list("run", flat=True))
    if not nights:
        return None
    seen = None if user.sees_everything else sorted(User.objects.visible_to(user).values_list("pk", flat=True))
    whose = asked.node.unit.pk if asked.node.unit else None, asked.node.person.pk if asked.node.person else None
    parts = (
        nights,
        as_of,
        get_language(),
        (company.name, company.time_zone, company.country, company.fiscal_start_month),
        [getattr(settings, field.attname) for field in RateSettings._meta.concrete_fields],
        list(Stage.objects.order_by("pk").values_list()),
        list(RateStages.objects.order_by("pk").values_list()),
        list(OrgUnit.objects.order_by("pk").values_list()),
        list(WorkdayOverride.objects.order_by("pk").values_list("day", "is_workday")),
        [(word.pk, str(word)) for word in WORDS[asked.by]._default_manager.all()] if asked.by in WORDS else (),
        seen,
        (whose, astuple(asked.cohort), asked.against, asked.by, asked.pipeline and asked.pipeline.pk),
        (sorted(asked.narrowed.items()), asked.measure),
    )
    return f"rates:{sha256(repr(parts).encode()).hexdigest()}"


def _bare(table: RateTable) -> RateTable:
    """Without the rows of units and people behind it: no person's data lies in Redis."""
    return replace(
        table, own=replace(table.own, node=None), members=tuple(replace(m, node=None) for m in table.members)
    )


def _dressed(table: RateTable, asked: Asked, user: User) -> RateTable | None:
    """With units and people as the reader sees them now; None where one of them is not among these."""
    keys = [int(row.key) for row in table.members if row.key != "0"] if asked.by in {"unit", "person"} else []
    nodes: dict[str, Node] = {}
    if asked.by == "unit":
        nodes = {str(unit.pk): Node(unit=unit) for unit in OrgUnit.objects.filter(pk__in=keys)}
    elif asked.by == "person":
        nodes = {str(one.pk): Node(person=one) for one in User.objects.visible_to(user).filter(pk__in=keys)}
    if len(nodes) != len(keys):
        return None

    def row(member: RateRow) -> RateRow:
        node = nodes.get(member.key)
        return replace(member, node=node, name=node.name) if node is not None else member

    return replace(table, own=replace(table.own, node=asked.node), members=tuple(map(row, table.members)))


def _get(key: str) -> RateTable | None:
    if breaker.is_open:
        return None
    try:
        kept: RateTable | None = caches["redis"].get(key)
    except (RedisError, OSError) as away:
        _away(away)
        return None
    return kept


def _set(key: str, table: RateTable) -> None:
    if breaker.is_open:
        return
    try:
        caches["redis"].set(key, table, FOR.total_seconds())
    except (RedisError, OSError) as away:
        _away(away)


def _away(away: Exception) -> None:
    breaker.trip()
    log.warning("the answers of the conversion page cannot be kept: %s", type(away).__name__)
