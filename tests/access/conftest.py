"""One company for all cases, made once."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from tests.access.matrix import Scene, make_scene
from tests.once import made_once
from tests.samples import make_world

COUNTS = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    with made_once(django_db_blocker):
        yield make_scene(make_world(timezone.localdate(), deals=15, store_file=False))


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Counter[str]:
    return request.config.stash.setdefault(COUNTS, Counter())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counts = config.stash.get(COUNTS, None)
    if counts:
        terminalreporter.section("access matrix")
        verdicts = ", ".join(f"{name}: {number}" for name, number in sorted(counts.items()))
        terminalreporter.write_line(verdicts)
