"""The weekly mail of warnings by hand: the same that beat sends on Monday morning."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from planning.services import send_digests


class Command(BaseCommand):
    help = "Mail every unit's manager the warnings that wait for them; nobody gets a week's mail twice."

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        week = today - timedelta(days=today.weekday())
        sent = send_digests(week=week, clock=timezone.now, link_base=settings.PUBLIC_URL)
        self.stdout.write(f"{sent} sent for the week of {week}")
