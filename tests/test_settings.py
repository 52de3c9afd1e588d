"""Settings that keep a promise; those of Celery are held by tests/config/test_celery_settings.py."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from celery.schedules import crontab
from django.conf import settings

from config.embedded import BASE_DIR
from tests.environment import variables_read

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "a-long-random-text-of-more-than-fifty-characters-0123456789-abc",
    "ALLOWED_HOSTS": "yearline.example",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "HTTPS": "1",
    "BEHIND_PROXY": "1",
    "EMBEDDED": "0",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env={**PRODUCTION, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# --- Beat ------------------------------------------------------------------------------------------------------------


def test_what_beat_looks_for_it_looks_for_often_instead_of_once_a_night() -> None:
    for name in ("nightly", "imports", "worker-seen"):
        schedule = settings.CELERY_BEAT_SCHEDULE[name]["schedule"]
        assert isinstance(schedule, crontab), name
        assert schedule.hour == set(range(24)), f"{name} would miss its only look while the machine is off"


# --- Postgres and Redis ----------------------------------------------------------------------------------------------


def test_no_query_and_no_lock_waits_for_ever() -> None:
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["connect_timeout"] == 2
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert re.search(rf"-c {name}=[1-9]\d*", options["options"]), name
    assert settings.DATABASES["default"]["CONN_HEALTH_CHECKS"] is True


def test_the_redis_cache_gives_up_quickly() -> None:
    options: Any = settings.CACHES["redis"]["OPTIONS"]
    assert options["socket_connect_timeout"] <= 0.5
    assert options["socket_timeout"] <= 1


def test_what_must_outlive_an_emptied_redis_does_not_live_in_it() -> None:
    assert "Redis" not in settings.CACHES["default"]["BACKEND"]
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"


# --- Production ------------------------------------------------------------------------------------------------------


def test_djangos_deployment_check_finds_nothing_under_production_settings() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_a_missing_setting_is_loud(name: str) -> None:
    environment = {key: value for key, value in PRODUCTION.items() if key != name}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert name in done.stderr


def test_models_and_migrations_agree() -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout


def test_the_readme_tells_of_every_variable_and_of_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)`", (BASE_DIR / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(set(rows))
    assert set(rows) == variables_read()


def test_every_page_finds_its_static_files_under_their_hashed_names(tmp_path: Path) -> None:
    done = manage("collectstatic", "--no-input", "--verbosity", "0", STATIC_ROOT=str(tmp_path))
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "staticfiles.json").read_text()
    asked = re.compile(r"""\{%\s*static\s+["']([^"']+)["']""")
    for template in sorted((BASE_DIR / "templates").rglob("*.html")):
        for name in asked.findall(template.read_text()):
            assert f'"{name}"' in manifest, f"{template.relative_to(BASE_DIR)} asks for {name}"
