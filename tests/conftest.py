"""What every test may use. Postgres and Redis are real: DATABASE_URL and REDIS_URL, or the embedded ones."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.db.models.signals import post_migrate
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from config import catalogues
from planning.models import Metric
from tests.factories.teams import Cast, make_cast
from tests.migrated import migrated_database

# What protects a real password by taking its time only slows a test down.
PBKDF2PasswordHasher.iterations = 1_000

# A busy machine is no bug: no test judges by the clock.
hypothesis_settings.register_profile("yearline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("yearline")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the catalogues first: a test that reads Chinese must read today's."""
    catalogues.compile_all(settings.BASE_DIR)
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a missing one


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Begin what takes long, and measure no coverage in a browser.

    A tracer makes pages slower by two thirds (Python 3.11), and who walks through all pages asserts nothing about a line:
    what walks is marked `no_cover`, and the floor under the coverage is held by the tests of each thing.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker("no_cover")
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Copy the migrated database instead of migrating an empty one."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_database()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """
    Fill the tables that migrations filled again whenever a test empties all of them.

    Which test comes after it in the same process is chance, and an empty list of metrics is no state of the product.
    Where only a browser's tests were asked for, each has a copy of its own, and no database of the tests is made.
    """
    if not connection.settings_dict["NAME"].startswith("test_"):
        return
    with django_db_blocker.unblock():
        standard = list(Metric.objects.all())
    assert standard

    def refill(**emitted: object) -> None:
        if "plan" not in emitted:  # emptied, not migrated
            Metric.objects.bulk_create(standard, ignore_conflicts=True)

    post_migrate.connect(refill, sender=apps.get_app_config("planning"), weak=False)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """The reader of another test may have left another language behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    """The company of the tests: who leads whom."""
    return make_cast()


@pytest.fixture
def no_queries() -> Callable[[], AbstractContextManager[None]]:
    """Rendering must not query: what runs inside may not touch the database."""

    @contextmanager
    def forbidding() -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        assert not captured.captured_queries, captured.captured_queries

    return forbidding
