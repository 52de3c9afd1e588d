"""What every test stands on."""

import pytest
from django.conf import settings
from hypothesis import settings as hypothesis_settings

from config import catalogues

# A busy machine is no bug: no test judges by the clock.
hypothesis_settings.register_profile("yearline", deadline=None)
hypothesis_settings.load_profile("yearline")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the catalogues first: a test that reads Chinese must read today's."""
    catalogues.compile_all(settings.BASE_DIR)
