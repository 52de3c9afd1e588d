from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from rest_framework.throttling import SimpleRateThrottle

from core.access import SCOPES
from core.tokens import issue_token
from planning.services import run_forecast
from tests.fuzz.company import Company, one_connection, undone
from tests.samples import make_world

WHO = ("admin", "lin", "rao")  # an administrator, a supervisor, a rep of hers


@pytest.fixture(scope="session")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    """One company for all operations: making it takes longer than asking about it."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), one_connection(), undone():
        # Many requests are the point here; the throttles have tests of their own.
        patch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"person": None, "address": None, "turned_away": None})
        today = timezone.localdate()
        world = make_world(today, deals=21, store_file=False)
        run_forecast(plan=world.plan, as_of=today, clock=timezone.now)
        people = [getattr(world.cast, who) for who in WHO]
        tokens = {person.name: issue_token(actor=person, name="Fuzz", scopes=SCOPES, days=1)[1] for person in people}
        yield Company(world, tokens)
