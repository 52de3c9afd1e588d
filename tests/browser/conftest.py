"""The browser and the live server, made once; its company, made for each test and emptied after it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

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
from tests.samples import make_world

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
    """The product in threads of its own, on the test database."""
    running = LiveServer("127.0.0.1")
    yield running
    running.stop()
    # A thread that the browser keeps alive holds its connection, and a database that is read cannot be dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


@pytest.fixture
def site(transactional_db: None, server: LiveServer, browser: Browser, tmp_path: Path) -> Iterator[Site]:
    """
    The product and the gallery of components with the sample company.

    The server reads from connections of its own, so the rows are committed, and the tables emptied after the test.
    """
    with override_settings(MEDIA_ROOT=tmp_path, ROOT_URLCONF="tests.browser.gallery", ALLOWED_HOSTS=["127.0.0.1"]):
        today = timezone.localdate()
        world = make_world(today)
        run_forecast(plan=world.plan, as_of=today, clock=timezone.now)
        watch_conversions(plan=world.plan, as_of=today, clock=timezone.now)
        run_track_record(today=today, clock=timezone.now, months=2)
        yield Site(server.url, world, browser)
