"""Who gets in: people by session, tokens within their scopes, nobody who was disabled."""

import logging
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.test import APIClient

from core.api.throttles import FailsOpen, PerAddress, PerPerson, TurnedAway
from core.models import ApiToken, AuditEntry
from core.tokens import issue_token
from teams.models import User


def bearer(person: User, *scopes: str) -> APIClient:
    _token, secret = issue_token(actor=person, name="Reporting", scopes=scopes, days=1)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def test_a_stranger_is_told_to_sign_in(person: User) -> None:
    answer = APIClient().get("/api/people")
    assert (answer.status_code, answer["WWW-Authenticate"], answer.json()["code"]) == (
        401,
        "Token",
        "not_authenticated",
    )


def test_a_token_does_what_its_scope_says_and_no_more(person: User) -> None:
    reader = bearer(person, "people:read")
    assert reader.get("/api/people").status_code == 200
    refused = reader.post("/api/people", {"name": "Bo"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "deals:write" in refused.json()["detail"]
    assert bearer(person, "deals:write").get("/api/people").status_code == 403


def test_a_view_that_names_no_scope_takes_no_token(person: User, client: APIClient) -> None:
    assert client.get("/api/no-scopes").json() == {"hello": "Ada"}
    assert bearer(person, "people:read", "deals:write").get("/api/no-scopes").status_code == 403


def test_the_audit_trail_names_the_token_and_forgets_it_after_the_request(person: User, client: APIClient) -> None:
    AuditEntry.objects.all()
    bearer(person, "deals:write").post("/api/people", {"name": "Bo"})
    client.post("/api/people", {"name": "Cy"})
    lines = AuditEntry.objects.filter(event="teams.user.added").order_by("pk")
    assert [line.token_name for line in lines] == ["Reporting", ""]


@pytest.mark.parametrize(
    "header",
    ["Token", "Token a b", "Token x", "Token yl_" + "0" * 64, "Token yl_\x00", "Token yl_é", "Token " + "y" * 5000],
)
def test_a_token_that_is_none_is_refused(person: User, header: str) -> None:
    answer = APIClient().get("/api/people", headers={"authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_an_expired_token_and_a_disabled_persons_are_refused(person: User, client: APIClient) -> None:
    caller = bearer(person, "people:read")
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert caller.get("/api/people").status_code == 401
    assert ApiToken.objects.count() == 1  # reading deletes nothing
    ApiToken.objects.update(expiry=timezone.now() + timedelta(days=1))
    User.objects.update(is_active=False)
    assert caller.get("/api/people").status_code == 401
    assert client.get("/api/people").status_code == 401


def test_a_session_needs_the_csrf_token_to_change_things(person: User) -> None:
    strict = APIClient(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.post("/api/people", {"name": "Bo"}).status_code == 403
    assert not User.objects.filter(name="Bo").exists()


def test_too_many_requests_are_told_when_to_come_back(client: APIClient) -> None:
    with patch.object(PerPerson, "rate", "2/min", create=True):
        codes = [client.get("/api/people").status_code for _ in range(3)]
        answer = client.get("/api/people")
    assert codes == [200, 200, 429]
    assert (answer.json()["code"], 1 <= int(answer["Retry-After"]) <= 61) == ("throttled", True)


def turned_away(header: str, address: str = "10.2.0.1") -> Any:
    return APIClient(REMOTE_ADDR=address).get("/api/people", headers={"authorization": header} if header else {})


UNKNOWN = "Token yl_" + "0" * 64


def test_every_token_that_is_not_valid_gets_the_same_answer(person: User) -> None:
    def told(secret: str) -> tuple[int, dict[str, object], str]:
        answer = turned_away(f"Token {secret}")
        return answer.status_code, {**answer.json(), "request_id": ""}, answer["WWW-Authenticate"]

    secrets = [issue_token(actor=person, name="x", scopes=("people:read",), days=1)[1] for _ in range(3)]
    beside_the_secret = secrets[0][:20] + "0" * (len(secrets[0]) - 20)
    expired = ApiToken.objects.get(token_key=secrets[1][:15])
    ApiToken.objects.filter(pk=expired.pk).update(expiry=timezone.now() - timedelta(days=1))
    answers = [told(beside_the_secret), told(secrets[1]), told(UNKNOWN.removeprefix("Token ")), told("x")]
    User.objects.update(is_active=False)
    assert [*answers, told(secrets[2])] == [answers[0]] * 5
    assert answers[0][0] == 401


@pytest.mark.parametrize("header", [UNKNOWN, "Token x", ""])
def test_an_address_that_was_turned_away_too_often_is_told_when_to_come_back(person: User, header: str) -> None:
    with patch.object(TurnedAway, "rate", "3/min", create=True):
        codes = [turned_away(header).status_code for _ in range(3)]
        answer = turned_away(header)
        elsewhere = turned_away(header, "10.2.0.2")
    assert codes == [401, 401, 401]
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert elsewhere.status_code == 401


def test_from_such_an_address_no_token_is_listened_to_but_who_is_signed_in_goes_on(
    person: User, client: APIClient
) -> None:
    caller = bearer(person, "people:read")
    with patch.object(TurnedAway, "rate", "3/min", create=True):
        for _ in range(3):
            turned_away(UNKNOWN, "127.0.0.1")
        assert caller.get("/api/people").status_code == 429
        assert client.get("/api/people").status_code == 200


def test_those_turned_away_are_counted_in_postgres_and_need_no_redis(person: User) -> None:
    caches["redis"].clear()
    with (
        patch.object(TurnedAway, "rate", "1/min", create=True),
        patch("django.core.cache.backends.redis.RedisCache.get", side_effect=RedisAway),
    ):
        turned_away(UNKNOWN)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM shared_cache WHERE cache_key LIKE '%turned_away%'")
            assert cursor.fetchone() == (1,)
        assert turned_away(UNKNOWN).status_code == 429


def test_a_caller_cannot_become_somebody_else_by_a_header(person: User) -> None:
    request = APIClient().get("/api/schema", headers={"x-forwarded-for": "1.2.3.4"}).wsgi_request
    assert PerAddress().get_ident(request) == "127.0.0.1"  # type: ignore[arg-type]


def test_without_redis_everybody_may_and_the_log_says_so_once(
    client: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, logger="core.api.throttles"),
        patch("django.core.cache.backends.redis.RedisCache.get", side_effect=RedisAway) as asked,
    ):
        assert [client.get("/api/people").status_code for _ in range(3)] == [200, 200, 200]
    assert asked.call_count == 1
    assert len(caplog.records) == 1
    assert FailsOpen.breaker.is_open


@override_settings(DEBUG=False)
def test_answers_are_private_and_vary_by_who_asks(client: APIClient) -> None:
    answer = client.get("/api/people")
    assert answer["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie", "Accept-Language"} <= {part.strip() for part in answer["Vary"].split(",")}
