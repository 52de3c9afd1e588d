"""
A database with all migrations applied, made once and copied for every run: the migrations cost more than most tests.

Its name holds a digest of the migrations, so that a changed one makes a new database, and the old ones are dropped.
"""

import hashlib

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

PREFIX = "yearline_migrated_"
_ONE_MAKER = 7_150_900  # the lock under which a worker makes it while the other waits


def migrated_database() -> str:
    """Return the name of the migrated database, made if need be; of several workers one makes it."""
    name = PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [_ONE_MAKER])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in cursor.fetchall()}
        if name not in there:
            for old in there:
                cursor.execute(f"DROP DATABASE {connection.ops.quote_name(old)}")
            cursor.execute(f"CREATE DATABASE {PREFIX}unfinished")
            _migrate(f"{PREFIX}unfinished")
            cursor.execute(f"ALTER DATABASE {PREFIX}unfinished RENAME TO {name}")
    return name


def _digest() -> str:
    """A mark of every migration of this project, and of the versions of the others' (the locked requirements)."""
    files = [settings.BASE_DIR / "requirements.txt"]
    for app in sorted(apps.get_app_configs(), key=lambda config: config.label):
        if settings.BASE_DIR in (settings.BASE_DIR / app.path).parents and ".venv" not in app.path:
            files += sorted((settings.BASE_DIR / app.path / "migrations").glob("*.py"))
    told = hashlib.sha256()
    for file in files:
        told.update(file.name.encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _migrate(name: str) -> None:
    connection.close()
    own, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
