"""A POST that is sent twice with the same key has one effect, also when both come at the same moment."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient

from core.api.idempotency import forget_old_answers
from core.models import AuditEntry, IdempotentAnswer
from core.transactions import around_a_service
from teams.models import User
from tests.core.api import site
from tests.factories.teams import make_person

KEY = {"idempotency-key": "import-42"}


def added(name: str) -> int:
    return User.objects.filter(name=name).count()


@pytest.mark.parametrize("own_transaction", [False, True])
def test_the_second_request_gets_the_first_ones_answer(request: pytest.FixtureRequest, own_transaction: bool) -> None:
    request.getfixturevalue("transactional_db" if own_transaction else "db")
    client: APIClient = request.getfixturevalue("client")
    first = client.post("/api/people", {"name": "Bo"}, headers=KEY)
    again = client.post("/api/people", {"name": "Bo"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Location"] == first["Location"]
    assert again["ETag"] == first["ETag"]
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert added("Bo") == 1
    assert AuditEntry.objects.filter(event="teams.user.added").count() == 1


def test_without_a_key_every_request_counts(client: APIClient) -> None:
    for _ in range(2):
        client.post("/api/people", {"name": "Bo"})
    assert added("Bo") == 2


def test_a_key_is_one_persons(client: APIClient) -> None:
    client.post("/api/people", {"name": "Bo"}, headers=KEY)
    other = APIClient()
    other.force_login(make_person(capabilities=("administrator",)))
    assert "Idempotent-Replayed" not in other.post("/api/people", {"name": "Bo"}, headers=KEY)
    assert added("Bo") == 2


def test_a_key_that_comes_with_something_else_is_a_mistake(client: APIClient, person: User) -> None:
    client.post("/api/people", {"name": "Bo"}, headers=KEY)
    for path, body in (("/api/people", {"name": "Cy"}), (f"/api/people/{person.pk}/rename", {"name": "Bo"})):
        answer = client.post(path, body, headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert added("Cy") == 0


@pytest.mark.parametrize("key", ["", "a b", "ключ", "x" * 256])
def test_a_key_that_is_none_is_refused(client: APIClient, key: str) -> None:
    assert client.post("/api/people", {"name": "Bo"}, headers={"idempotency-key": key}).status_code == 400
    assert added("Bo") == 0


def test_a_refusal_is_not_kept_so_that_a_retry_runs_anew(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = client.post("/api/people", {"name": "Bo", "refuse": "yes"}, headers=KEY)
    assert refused.status_code == 409
    assert not IdempotentAnswer.objects.exists()
    assert client.post("/api/people", {"name": "Bo"}, headers=KEY).status_code == 201


def test_an_answer_with_a_refusals_status_undoes_the_work(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(self: site.PersonViewSet, request: object) -> Response:
        site.add_person(name="Bo", actor=self.user)
        return Response({"detail": "after all, no"}, status=409)

    monkeypatch.setattr(site.PersonViewSet, "create", create)
    assert client.post("/api/people", {"name": "Bo"}, headers=KEY).status_code == 409
    assert added("Bo") == 0
    assert not IdempotentAnswer.objects.exists()


def test_a_replay_shows_nothing_that_the_person_may_not_see_any_more(client: APIClient, person: User) -> None:
    client.post("/api/people", {"name": "Bo"}, headers=KEY)
    User.objects.filter(pk=person.pk).update(capabilities=["rep"])
    assert client.post("/api/people", {"name": "Bo"}, headers=KEY).status_code == 404


def test_a_replayed_change_does_not_stumble_over_its_own_version(client: APIClient, person: User) -> None:
    headers = {**KEY, "if-match": f'"user-{person.pk}-1"'}
    answers = [client.post(f"/api/people/{person.pk}/rename", {"name": "Eva"}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert User.objects.get(pk=person.pk).version == 2


def test_keys_are_forgotten_after_a_weekend(client: APIClient) -> None:
    client.post("/api/people", {"name": "Bo"}, headers=KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=73))
    assert "Idempotent-Replayed" not in client.post("/api/people", {"name": "Bo"}, headers=KEY)
    assert added("Bo") == 2
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=73))
    assert forget_old_answers(now=timezone.now()) == 1


def at_the_same_moment(person: User, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Send the same request from eight threads that all stand before the service when the first one enters it."""
    start = threading.Barrier(8)
    add_person = site.add_person

    def slowly(**wish: object) -> User:
        made = add_person(**wish)  # type: ignore[arg-type]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
        return made

    monkeypatch.setattr(site, "add_person", slowly)

    def send(_number: int) -> int:
        client = APIClient()
        client.force_login(person)
        start.wait()
        try:
            return client.post("/api/people", {"name": "Bo"}, headers=headers).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(send, range(8)))


@pytest.mark.django_db(transaction=True)
def test_eight_at_the_same_moment_have_one_effect(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_the_same_moment(person, KEY, monkeypatch) == [201] * 8
    assert added("Bo") == 1
    assert AuditEntry.objects.filter(event="teams.user.added").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_key_the_same_race_has_eight_effects(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_same_moment(person, {}, monkeypatch)
    assert added("Bo") == 8


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_commit_runs_once_it_is_there_and_not_after_a_refusal(person: User) -> None:
    seen: list[str] = []

    @transaction.atomic(durable=True)
    def service(name: str) -> None:
        make_person(name)
        transaction.on_commit(lambda: seen.append(name))

    with around_a_service():
        service("kept")
        assert seen == []
    with contextlib.suppress(LookupError), around_a_service():
        service("undone")
        raise LookupError
    assert seen == ["kept"]
    assert (added("kept"), added("undone")) == (1, 0)
    assert connection.get_autocommit()
    service("alone")
    assert seen == ["kept", "alone"]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_dies_around_a_service_leaves_a_working_one(person: User) -> None:
    def cut_off() -> None:
        with around_a_service(), connection.cursor() as cursor:
            make_person("lost")
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        cut_off()
    assert added("lost") == 0
    make_person("kept")
    assert added("kept") == 1
