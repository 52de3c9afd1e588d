"""`manage.py verify_invariants`: ask the whole database what must always be true of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers import queries as customers


class Command(BaseCommand):
    help = "Check what must always be true (ledgers, projections, ownership); exit 1 with a list where it is not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(customers.violations())
        for violation in found:
            keys = ", ".join(map(str, violation.keys))
            self.stderr.write(f"{violation.rule}: {violation.count} {violation.sentence} ({keys})")
        if found:
            raise CommandError(f"{len(found)} rules do not hold.")
        self.stdout.write("Every rule holds.")
