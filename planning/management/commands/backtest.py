"""The track record by hand: forecast the past months again, hold them against what came, print the scores."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.jobs import Outcome
from core.periods import FiscalCalendar, month_start, months_apart
from planning import services
from planning.forecasting.scores import Reliability
from planning.models import PastForecast
from planning.queries import track_record
from planning.queries.forecasts import Node
from planning.queries.track_record import Score
from teams.models import Company, OrgUnit

HEAD = (
    "days to go",
    "n",
    "WAPE",
    "run rate",
    "pipeline",
    "last year",
    "bias",
    "wQL",
    "80 %",
    "95 %",
    "skill",
    "over pl.",
)


class Command(BaseCommand):
    help = (
        "Judge the forecast on the company's own history: each day is forecast from what was known then. The result is kept "
        "for the page Track record. Scores are shares: WAPE = absolute error / what came; skill = 1 - WAPE / run rate's."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", type=int, help="only the months of this fiscal year")
        parser.add_argument(
            "--unit", default="", help="name of the unit whose scores are printed (default: the company)"
        )
        parser.add_argument("--months", type=int, default=services.JUDGED_MONTHS, help="how many months back")
        parser.add_argument("--anew", action="store_true", help="forecast all days again, the kept ones too")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        year = self._year(options["year"])
        unit = self._unit(options["unit"])
        months = options["months"] if year is None else months_apart(year[0], month_start(today))
        if months < 1:
            raise CommandError("No month of that time is over yet: there is nothing to judge.")
        begun = perf_counter()
        outcome = services.run_track_record(
            today=today, clock=timezone.now, months=months, again=True, anew=options["anew"], watch=self._watch
        )
        if outcome is not Outcome.PUBLISHED:
            raise CommandError(f"The track record was not made: {outcome}.")
        self.stdout.write(f"Judged in {perf_counter() - begun:.0f} s.")
        node = Node(unit=unit)
        for kind in PastForecast.Kind:
            rows = [row for row in track_record.past_forecasts(node, kind) if year is None or _within(row, year)]
            self._table(f"{unit} · {kind}s", track_record.score_table(rows))
            self._chances(f"chance of a target, {kind}s", track_record.goal_reliability(rows), None)
        self._chances("chance of a deal, won within three months", *track_record.deal_reliability(node))
        verdict = track_record.verdict_on(node)
        said = "not judged yet" if not verdict.is_judged else "hidden" if verdict.hides else "shown"
        self.stdout.write(
            f"Last {verdict.periods} of {verdict.of} months at 30 days to go: skill over run rate "
            f"{_number(verdict.skill)}; the forecast is {said}."
        )

    def _table(self, title: str, lines: Sequence[Score]) -> None:
        self.stdout.write(f"\n{title}")
        if not lines:
            self.stdout.write("  nothing to judge: no such period is over that had 90 days of history before it")
            return
        self.stdout.write("".join(f"{name:>11}" for name in HEAD))
        for line in lines:
            self.stdout.write(
                f"{line.days_to_go:>11}{line.periods:>11}"
                + "".join(
                    f"{_number(value):>11}"
                    for value in (
                        line.wape,
                        line.run_rate,
                        line.pipeline,
                        line.last_year,
                        line.bias,
                        line.wql,
                        line.covered_80,
                        line.covered_95,
                        line.over_run_rate,
                        line.over_pipeline,
                    )
                )
            )

    def _chances(self, title: str, found: Reliability, ladder: float | None) -> None:
        peer = "" if ladder is None else f", fixed stage percentages' Brier {_number(ladder)}"
        self.stdout.write(
            f"  {title}: n {found.n}, log loss {_number(found.log_loss)}, Brier {_number(found.brier)}{peer}, "
            f"ECE {_number(found.ece)}"
        )

    def _watch(self, done: int, of: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\rday {done} of {of}   ", ending="" if done < of else "\n")
            self.stderr.flush()

    def _year(self, year: int | None) -> tuple[date, date] | None:
        if year is None:
            return None
        span = FiscalCalendar(Company.objects.the_one().fiscal_start_month).year(year)
        return span.first, span.last

    def _unit(self, name: str) -> OrgUnit:
        units = OrgUnit.objects.all()
        found = (units.filter(name__iexact=name) if name else units.filter(kind=OrgUnit.Kind.COMPANY)).first()
        if found is None:
            raise CommandError(f"There is no unit {name}." if name else "There is no company yet: set one up first.")
        return found


def _within(row: PastForecast, year: tuple[date, date]) -> bool:
    return year[0] <= row.first_date <= year[1]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
