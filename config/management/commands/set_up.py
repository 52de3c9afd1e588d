"""
`manage.py set_up`: bring an installation to this version: tables, translations, static files.

Quick where nothing changed. `make run` calls it at each start, the compose file as its one-shot service.
"""

import hashlib
import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from config import catalogues
from config.demo import PASSWORD, SIGN_INS, load_demo
from core.models import Publication
from planning.models import Plan
from planning.models.forecasts import JOB
from teams.models import Company


class Command(BaseCommand):
    help = "Migrate, compile translations, collect static files; with --demo load the demo company into an empty one."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo company where there is no company yet")
        parser.add_argument("--files", action="store_true", help="only translations and static files: for an image")
        parser.add_argument("--facts", type=int, help="file descriptor that gets what the caller must know, as JSON")

    def handle(self, *args: Any, demo: bool, files: bool, facts: int | None, **options: Any) -> None:
        catalogues.compile_all(settings.BASE_DIR)
        self._collect_static()
        if files:
            return
        call_command("migrate", interactive=False, verbosity=0)
        is_new = demo and not Company.objects.exists()
        if is_new:
            self.stdout.write("Loading the demo company ...")
            load_demo(clock=timezone.now, today=timezone.localdate(), say=self.stdout.write)
        if facts is not None:
            with os.fdopen(facts, "w") as answer:
                json.dump(self._facts(is_new=is_new), answer)

    def _facts(self, *, is_new: bool) -> dict[str, object]:
        today = timezone.localdate()
        running = Plan.objects.filter(fiscal_year__first_date__lte=today, fiscal_year__after_date__gt=today)
        is_demo = Company.objects.filter(is_demo=True).exists()
        return {
            "sign_ins": [f"{email:<28}{PASSWORD}  ({role})" for email, role in SIGN_INS.items()] if is_demo else [],
            "first_night": running.exists() and (is_new or not Publication.objects.filter(job=JOB).exists()),
        }

    def _collect_static(self) -> None:
        """Collect, hash and compress the static files where one of them changed: it takes seconds."""
        root = Path(settings.STATIC_ROOT)
        stamp = root / ".collected"
        wanted = _static_fingerprint()
        if settings.DEBUG or (stamp.exists() and stamp.read_text() == wanted):
            return
        call_command("collectstatic", interactive=False, clear=root.exists(), verbosity=0)
        stamp.write_text(wanted)


def _static_fingerprint() -> str:
    names = []
    for finder in get_finders():
        for name, storage in finder.list(None):
            file = Path(storage.path(name))
            names.append(f"{name} {file.stat().st_size} {int(file.stat().st_mtime)}")  # an image keeps whole seconds
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
