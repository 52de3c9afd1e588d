"""
A pytest plugin (`-p tests.servers` in pyproject.toml): Postgres and Redis before pytest-django reads the settings.

DATABASE_URL and REDIS_URL name a developer's own servers; without them the embedded ones start, in folders of their own
and without fsync. Workers of pytest-xdist inherit the variables and so share the servers.
"""

import os
from contextlib import ExitStack

import pytest

from config.embedded import parts

_running = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    # The only hook of an early plugin that runs before pytest-django's first look at the settings.
    os.environ["DEBUG"] = "1"
    _running.enter_context(parts(durable=False, prefix="test-"))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    server, _, number = os.environ["REDIS_URL"].rpartition("/")
    if worker and number == "0":
        # Postgres gives each worker a database of its own; so does Redis.
        os.environ["REDIS_URL"] = f"{server}/{int(worker.removeprefix('gw')) + 1}"


def pytest_unconfigure(config: pytest.Config) -> None:
    _running.close()
