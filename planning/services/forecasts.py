"""The nightly forecast of a plan, carried out and published."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from core import jobs
from core.appending import append
from core.errors import DomainError
from core.jobs import Outcome
from core.models import JobRun
from planning.models import JOB, ForecastEvidence, ForecastReview, Plan
from planning.queries.groundwork import ledger_is_large
from planning.queries.snapshot import Snapshot, snapshot

from .deal_forecasts import save_deals
from .groundwork import lay_groundwork, nobody

log = logging.getLogger(__name__)

KEPT_DAYS = 62  # nights kept whole; of older months the last night stays for ever, and every night that was reviewed


class YearIsOver(DomainError):
    """A year that ended before the day has results, not a forecast."""


def run_forecast(
    *,
    plan: Plan,
    as_of: date,
    clock: Callable[[], datetime],
    again: bool = False,
    call: Callable[[int, int], None] = nobody,
) -> Outcome:
    """
    Forecast a plan from what was known before a business day, and publish it.

    Safe to start any number of times, at once, and to kill anywhere: see `core.jobs`.

    :param again: reckon anew although the day is published (late data): the next revision
    :param call: asks other workers to help with a groundwork, see `lay_groundwork`
    :raises YearIsOver: where the plan's year ended before the day
    """
    year = plan.fiscal_year
    if as_of >= year.after_date:
        raise YearIsOver(
            _("%(year)s ended on %(last)s: look at its results instead of a forecast.")
            % {"year": year, "last": year.after_date - timedelta(days=1)}
        )
    run = jobs.due(job=JOB, scope=str(plan.pk), business_date=as_of, now=clock(), again=again)
    outcome = jobs.carry_out(
        run,
        reckon=lambda: _reckon(plan, as_of, clock, call),
        write=lambda row, night: _write(row, plan, as_of, night),
        doubt=_doubt,
        clock=clock,
    )
    if outcome is Outcome.PUBLISHED:
        reviewed = ForecastReview.objects.filter(plan=plan).values_list("run", flat=True)
        jobs.prune(job=JOB, scope=str(plan.pk), before=as_of - timedelta(days=KEPT_DAYS), keep=list(reviewed))
    return outcome


def _reckon(plan: Plan, as_of: date, clock: Callable[[], datetime], call: Callable[[int, int], None]) -> Snapshot:
    """On groundwork where the ledger is large; what goes wrong with the groundwork costs the night time, and nothing else."""
    if ledger_is_large():
        try:
            lay_groundwork(as_of=as_of, time_zone=plan.time_zone, clock=clock, call=call)
        except Exception:
            log.exception("no groundwork for %s: the whole history is read instead", as_of)
    return snapshot(plan=plan, as_of=as_of)


def _write(run: JobRun, plan: Plan, as_of: date, night: Snapshot) -> int:
    """Save all rows of a night; the caller's transaction holds them together."""
    ForecastEvidence.objects.create(run=run, plan=plan, as_of_date=as_of, is_thin=night.is_thin, facts=night.facts)
    written = 1
    for node in night.nodes:
        node.run = run
    for conversion in night.conversions:
        conversion.run = run
    return written + append(night.nodes) + save_deals(run, night.deals) + append(night.conversions)


def _doubt(night: Snapshot) -> str:
    """Look at a night before it is published: a sentence holds it back."""
    for row in night.nodes:
        if not row.p10 <= row.p50 <= row.p90:
            return f"quantiles out of order at unit {row.unit_id} person {row.person_id} {row.period}"
    year = [row for row in night.nodes if row.period == "FY"]
    company = sum(row.booked for row in year if row.unit_id == night.places.root_id)
    people = sum(row.booked for row in year if row.person_id is not None)
    if night.places.root_id is not None and company != people:
        return f"the company booked {company}, its people {people}"
    return ""
