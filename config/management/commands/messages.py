"""`manage.py messages`: bring the Chinese catalogues up to date with the sources, or check that they are."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import catalogues


class Command(BaseCommand):
    help = "Extract strings and merge them into each app's zh_Hans catalogue; new ones get an empty translation."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a translation is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        root = settings.BASE_DIR
        if options["check"]:
            problems = catalogues.problems(root)
            if problems:
                raise CommandError("\n".join(problems))
            self.stdout.write("Every string has its Chinese.")
            return
        for app in catalogues.APPS:
            outcome = catalogues.merged(root, app)
            catalogues.write(outcome)
            self.stdout.write(f"{app}: {len(outcome.added)} new, {len(outcome.removed)} removed")
            for problem in outcome.problems:
                self.stdout.write(f"  {problem}")
