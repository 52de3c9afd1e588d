"""A database for one run, on the server that DATABASE_URL names or on the embedded one, and production settings for it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg2

from config.embedded import parts


@contextmanager
def throw_away(kept: str = "") -> Iterator[bool]:
    """
    Name a fresh database in the environment, for this process and its children; afterwards it is dropped.

    :param kept: name of a database that stays instead, and is found again the next time: the block is told whether it was
    """
    name = kept or f"bench_{os.getpid()}"
    with parts(prefix="bench-"), TemporaryDirectory(prefix="yearline-bench-") as static:
        server = urlsplit(os.environ["DATABASE_URL"])
        postgres = server._replace(path="/postgres").geturl()
        found = bool(_execute(postgres, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))  # noqa: S608  # ours
        if not found:
            _execute(postgres, f"CREATE DATABASE {name}")
        ours = {
            "DATABASE_URL": server._replace(path=f"/{name}").geturl(),
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "STATIC_ROOT": static,
            "API_RATE": "1000000/min",
            "LOG_LEVEL": "ERROR",
        }
        before = {variable: os.environ.get(variable) for variable in ours}
        os.environ.update(ours)
        try:
            yield found
        finally:
            for variable, value in before.items():
                os.environ.pop(variable)
                if value is not None:
                    os.environ[variable] = value
            if not kept:
                _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
