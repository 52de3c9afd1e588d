"""The demo company: three years of invented history in an empty installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demo import PASSWORD, SIGN_INS, load_demo
from core.errors import DomainError


class Command(BaseCommand):
    help = "Load the demo company into an empty installation: three years of invented history, plainly marked."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            load_demo(clock=timezone.now, today=timezone.localdate(), say=self.stdout.write)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        for email, role in SIGN_INS.items():
            self.stdout.write(f"{email}  {PASSWORD}  {role}")
