"""What every test stands on."""

import pytest
from django.conf import settings

from config import catalogues


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the catalogues first: a test that reads Chinese must read today's."""
    catalogues.compile_all(settings.BASE_DIR)
