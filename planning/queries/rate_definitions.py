"""
What each rate means, as data: pages and the API print it beside the figures, and the counting reads its stages here.

Which stage of a pipeline means a visit or a quote is a setting; until somebody sets it, the stage's name tells, and the
definition says so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Pipeline, Stage
from planning.models import RateSettings, RateStages

LEAD_RESPONSE: Final = "lead_response"
FIRST_VISIT: Final = "first_visit"
QUOTE_ACCEPTANCE: Final = "quote_acceptance"
NAMED: Final = (LEAD_RESPONSE, FIRST_VISIT, QUOTE_ACCEPTANCE)
STAGE: Final = "stage"
_VISIT = re.compile(r"visit|拜访|走访|上门", re.IGNORECASE)
_QUOTE = re.compile(r"quot|proposal|offer|报价|方案", re.IGNORECASE)


@dataclass(frozen=True)
class RateStage:
    """Which stages of a pipeline mean a visit and a quote; `is_set`: somebody said so, else the names tell."""

    pipeline: Pipeline
    visit: Stage | None
    quote: Stage | None
    is_set: bool


@dataclass(frozen=True)
class Definition:
    """How a rate is counted, in the words of the reader."""

    key: str
    name: str
    numerator: str
    denominator: str
    cohort: str
    censoring: str


@dataclass(frozen=True)
class LimitFact:
    """A limit that a rate is counted by, with where its value comes from."""

    name: str
    value: str
    origin: str


def rate_stages(stages: Sequence[Stage]) -> dict[int, RateStage]:
    """Return by pipeline which stages mean a visit and a quote. One query; `stages` in order, with their pipelines."""
    chosen = {row.pipeline_id: row for row in RateStages.objects.all()}
    by_key = {stage.pk: stage for stage in stages}
    found = {}
    for pipeline in {stage.pipeline_id: stage.pipeline for stage in stages}.values():
        own = [stage for stage in stages if stage.pipeline_id == pipeline.pk and stage.is_open]
        row = chosen.get(pipeline.pk)
        if row is not None:
            visit, quote = (by_key.get(key or 0) for key in (row.visit_stage_id, row.quote_stage_id))
        else:
            visit, quote = _named(own, _VISIT), _named(own, _QUOTE) or (own[-1] if len(own) > 1 else None)
        found[pipeline.pk] = RateStage(pipeline, visit, quote, is_set=row is not None)
    return found


def _named(stages: Iterable[Stage], words: re.Pattern[str]) -> Stage | None:
    return next((stage for stage in stages if words.search(f"{stage.name} {stage.name_zh}")), None)


def rate_name(key: str) -> str:
    """Return what a named rate is called."""
    return {
        LEAD_RESPONSE: _("Lead response rate"),
        FIRST_VISIT: _("First-visit success rate"),
        QUOTE_ACCEPTANCE: _("Quote acceptance rate"),
        STAGE: _("Stage conversion rate"),
    }[key]


def limit_text(amount: int, unit: str) -> str:
    """Return a limit of working time in words: 1 working hour."""
    if unit == RateSettings.Unit.HOURS:
        return ngettext("%(n)s working hour", "%(n)s working hours", amount) % {"n": amount}
    return ngettext("%(n)s working day", "%(n)s working days", amount) % {"n": amount}


def definitions(settings: RateSettings, *, limit: str) -> list[Definition]:
    """Return the definition of every rate; `limit`: of the first response, in words."""
    facts = {"limit": limit, "steps": settings.next_step_days, "days": settings.open_quote_days}
    return [
        Definition(
            LEAD_RESPONSE,
            rate_name(LEAD_RESPONSE),
            _(
                "Leads with a first two-way contact (a call, visit, mail or meeting done, or a move forwards) within "
                "%(limit)s."
            )
            % facts,
            _("Leads assigned: deals that began in the first stage of their pipeline; lost ones stay in."),
            _(
                "By the day on which the lead was assigned; it counts for the person who owned it then. Days before "
                "the first recorded activity are left out."
            ),
            _("A lead whose limit has not passed yet counts for as long as it was watched."),
        ),
        Definition(
            FIRST_VISIT,
            rate_name(FIRST_VISIT),
            _(
                "First visits that ended in an agreed next step within %(steps)s days: a move forwards beyond the "
                "visit itself, or a planned activity due by then."
            )
            % facts,
            _("First visits held: the first visit marked as done on each deal; lost deals stay in."),
            _("By the day of the visit; it counts for the person who owned the deal then."),
            _("A visit less than %(steps)s days old counts for as long as it was watched.") % facts,
        ),
        Definition(
            QUOTE_ACCEPTANCE,
            rate_name(QUOTE_ACCEPTANCE),
            _("Quotes accepted (the deal was won) within %(days)s days.") % facts,
            _(
                "Quotes accepted, rejected (the deal was lost) or expired (open beyond %(days)s days). A deal counts "
                "once, from its first quote on, however often the quote is revised."
            )
            % facts,
            _("By the day of the first quote; it counts for the person who owned the deal then."),
            _("A quote still open and younger than that counts for as long as it was watched."),
        ),
        Definition(
            STAGE,
            rate_name(STAGE),
            _("Visits to the stage whose next move is forwards (to a later stage or to won)."),
            _("Visits to the stage that ended: went on, moved back, lost."),
            _(
                "By the day on which the stage was entered; it counts for the person who owned the deal then. A deal "
                "that came again counts again."
            ),
            _("A deal still in the stage counts for as long as it was watched."),
        ),
    ]


def limit_facts(settings: RateSettings, *, limit: str, by_data: bool) -> list[LimitFact]:
    """Return the limits with their origin: whose decision, or which default."""
    chosen = _("Set by %(name)s") % {"name": settings.changed_by} if settings.changed_by else ""
    default = _("Default of the product")
    published = _(
        "Default: one working hour where leads carry their time of day, one working day where only the day is"
        " known. In a published audit of 2,241 firms (Harvard Business Review, 2011) 37% answered within an "
        "hour."
    )
    days = _("%(n)s days")
    return [
        LimitFact(_("First response within"), limit, published if by_data else chosen or default),
        LimitFact(_("Next step within"), days % {"n": settings.next_step_days}, chosen or default),
        LimitFact(_("A quote expires after"), days % {"n": settings.open_quote_days}, chosen or default),
        LimitFact(
            _("Working day"),
            _("%(opens)s:00 to %(closes)s:00, working days of the company's calendar")
            % {"opens": settings.opens_hour, "closes": settings.closes_hour},
            chosen or default,
        ),
    ]


def stage_facts(marks: Iterable[RateStage]) -> list[LimitFact]:
    """Return which stages mean a visit and a quote, by pipeline, and who says so."""
    none = _("none")
    return [
        LimitFact(
            str(mark.pipeline),
            _("visit: %(visit)s; quote: %(quote)s") % {"visit": mark.visit or none, "quote": mark.quote or none},
            _("Set by the company")
            if mark.is_set
            else _("Told by the names of the stages; else the last one is the quote"),
        )
        for mark in marks
    ]
