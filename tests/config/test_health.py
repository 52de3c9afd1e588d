"""`/healthz` and `/readyz`: red where a part is missing, never a trace of data."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config import health
from core.models import JobRun

pytestmark = pytest.mark.requirement("R7.2")
NOW = timezone.now()


@pytest.mark.django_db
def test_it_is_ready_when_every_part_is() -> None:
    health.note_worker_seen(now=timezone.now())
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "ready": {"database": True, "migrations": True, "redis": True, "worker": True},
        "last_night": {},
    }
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_worker_that_was_silent_for_three_minutes_is_not_ready() -> None:
    health.note_worker_seen(now=NOW)
    assert health.readiness(NOW + timedelta(seconds=179)).worker
    assert not health.readiness(NOW + timedelta(seconds=181)).worker
    assert not health.readiness(NOW + timedelta(seconds=181)).is_ready


@pytest.mark.django_db
def test_a_redis_that_is_away_is_named_and_the_answer_is_503(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"]["redis"] is False
    assert answer.json()["ready"]["database"] is True


@pytest.mark.django_db
def test_tables_that_lag_behind_are_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_pending", lambda: [("core", "9999_from_tomorrow")])
    state = health.readiness(NOW)
    assert state.database
    assert not state.migrations
    assert not state.is_ready


def test_without_a_database_it_answers_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    assert Client().get("/healthz").content == b"ok\n"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"]["database"] is False
    assert "away" not in answer.content.decode()


@pytest.mark.django_db
def test_it_tells_of_the_last_night() -> None:
    JobRun.objects.create(
        job="planning.forecast",
        scope="1",
        business_date=NOW.date(),
        state=JobRun.State.PUBLISHED,
        created_at=NOW,
        finished_at=NOW,
    )
    night = health.readiness(NOW).night
    assert night["business_date"] == NOW.date().isoformat()
    assert night["state"] == "published"


@pytest.mark.django_db
def test_the_canary_is_one_row_however_often_it_sings() -> None:
    for minute in range(3):
        health.note_worker_seen(now=NOW + timedelta(minutes=minute))
    assert health.readiness(NOW + timedelta(minutes=4)).worker


@pytest.mark.django_db
def test_setting_up_again_changes_nothing(settings: Settings) -> None:
    settings.DEBUG = True  # no static files to collect
    call_command("set_up")
    call_command("set_up")
    assert health.readiness(NOW).migrations
