"""The night by hand: the same steps that beat starts."""

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.nightly import run_nights
from core.jobs import Outcome
from core.wake import wake


class Command(BaseCommand):
    help = "Forecast every running plan, as each night does. Safe to start twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, help="business day, e.g. 2026-03-01; default: today")
        parser.add_argument("--year", type=int, help="only the plan of this fiscal year; may be another than the day's")
        parser.add_argument("--again", action="store_true", help="reckon anew what is published already")
        parser.add_argument(
            "--then-month", action="store_true", help="have a worker judge past months at once, not at its next look"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        nights = run_nights(clock=timezone.now, as_of=options["date"], year=options["year"], again=options["again"])
        if not nights:
            raise CommandError("No plan has its fiscal year around that day: set a target first, or name --year.")
        for night in nights:
            self.stdout.write(f"{night.plan} · {night.as_of}: {night.error or night.outcome}")
        if options["then_month"]:
            wake("config.tasks.judge_due_month")
        if any(night.outcome is Outcome.FAILED for night in nights):
            sys.exit(1)
