"""`manage.py compile_messages`: compile the catalogues with Babel, so that no machine needs the gettext tools."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import catalogues


class Command(BaseCommand):
    help = "Compile the catalogues that changed since they were compiled."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        compiled = catalogues.compile_all(settings.BASE_DIR)
        self.stdout.write(f"{len(compiled)} catalogues compiled.")
