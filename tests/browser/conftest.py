"""The browser, the live server and the sample company, made once; each test has a copy of the company."""

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from django.db import connection
from django.test.utils import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from config import assets
from planning.services import run_forecast, run_track_record, watch_conversions
from tests import chromium
from tests.browser.site import Site
from tests.copies import copy_of
from tests.migrated import migrated_database
from tests.samples import World, make_world

# Two workers must not copy to one name, also where no database of the tests is made.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
expect.set_options(timeout=30_000)  # a loaded machine is no failure, a hang is

HERE = Path(__file__).resolve().parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
PINNED = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]["axe-core"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    path = chromium.find()
    if path is None:
        pytest.skip("No Chromium or Chrome here: install one, or name one in CHROMIUM.")
    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=list(chromium.ARGUMENTS), env={**chromium.environment(path)}
        )
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, brought by npm when a test first asks for it."""
    if not AXE.exists() or PINNED not in AXE.with_name("package.json").read_text(encoding="utf-8"):
        assets.npm(["ci"], HERE)
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def server(browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[LiveServer]:
    """The product in threads of its own, on the database that the test has."""
    running = LiveServer("127.0.0.1")
    yield running
    running.stop()
    # A thread that answers a page after its test connects to what is there then, and what is read cannot be dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


@dataclass(frozen=True)
class Made:
    """The sample company as it was made: the database that holds it, its rows and its files."""

    database: str
    world: World
    media: Path


@pytest.fixture(scope="session")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The sample company after a night, made once: every test gets a copy."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_made{WORKER}"
        with copy_of(migrated_database(), name, keep=True), override_settings(MEDIA_ROOT=media):
            today = timezone.localdate()
            world = make_world(today)
            run_forecast(plan=world.plan, as_of=today, clock=timezone.now)
            watch_conversions(plan=world.plan, as_of=today, clock=timezone.now)
            run_track_record(today=today, clock=timezone.now, months=2)
    return Made(name, world, media)


@pytest.fixture
def site(
    made: Made, server: LiveServer, browser: Browser, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Site]:
    """The product and the gallery of components with the sample company, which a test may change as it likes."""
    media = tmp_path / "media"
    copytree(made.media, media)
    with (
        django_db_blocker.unblock(),
        copy_of(made.database, f"{connection.settings_dict['NAME']}_site{WORKER}"),
        override_settings(MEDIA_ROOT=media, ROOT_URLCONF="tests.browser.gallery", ALLOWED_HOSTS=["127.0.0.1"]),
    ):
        yield Site(server.url, deepcopy(made.world), browser)
