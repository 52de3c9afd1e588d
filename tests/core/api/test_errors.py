"""Every refusal and failure is a problem+json that says what to do and tells nothing it should not."""

import pytest
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditEntry
from teams.models import User

PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "code", "detail", "errors", "request_id"}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("integrity", 409, "conflict"),
        ("protected", 409, "in_use"),
        ("data", 400, "out_of_range"),
        ("database", 503, "unavailable"),
        ("slow", 503, "slow_query"),
        ("validation", 400, "invalid"),
        ("throttled", 429, "throttled"),
        ("bug", 500, "internal_error"),
    ],
)
def test_failures_become_problems(client: APIClient, kind: str, status: int, code: str) -> None:
    client.raise_request_exception = False
    answer = client.get(f"/api/failing/{kind}", headers={"x-request-id": "seen-in-the-log"})
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    problem = answer.json()
    assert set(problem) >= MEMBERS
    assert (problem["status"], problem["code"], problem["request_id"]) == (status, code, "seen-in-the-log")
    assert "secret" not in answer.text
    assert "somebody" not in answer.text
    if status in {429, 503}:
        assert int(answer["Retry-After"]) >= 5


def test_what_somebody_else_is_changing_can_be_tried_again(client: APIClient) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(42)")
        answer = client.get("/api/failing/locked")
    finally:
        other.close()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "busy", "1")


def test_a_bug_still_reaches_the_log_and_the_test_client(client: APIClient) -> None:
    with pytest.raises(ZeroDivisionError):
        client.get("/api/failing/bug")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/nowhere", 404, "not_found"),
        ("get", "/api/people/999999", 404, "not_found"),
        ("get", "/api/people/x", 404, "not_found"),
        ("put", "/api/people", 405, "method_not_allowed"),
        ("options", "/api/people", 405, "method_not_allowed"),
        ("get", "/api/people/%00", 400, "bad_request"),
        ("get", "/api/people?q=%00", 400, "bad_request"),
    ],
)
def test_what_is_not_there_is_a_problem_too(client: APIClient, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (status, PROBLEM, code)


def test_a_nul_in_a_cookie_is_refused_before_the_database_sees_it(client: APIClient) -> None:
    answer = client.get("/api/people", headers={"cookie": 'sessionid="a\\000b"'})
    assert answer.status_code == 400


def test_pages_are_refused_as_pages(db: None) -> None:
    answer = Client().get("/nowhere")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/api/people", "/accounts/login/"])
def test_an_absent_database_is_503_for_pages_and_api(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def away(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", away)
    client.raise_request_exception = False
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert (answer["Content-Type"] == PROBLEM) == path.startswith("/api/")


def test_a_refusal_of_the_trade_keeps_its_code_its_fields_and_its_facts_and_leaves_nothing(client: APIClient) -> None:
    answer = client.post("/api/people", {"name": "Bo", "refuse": "yes"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["hint"]) == (409, "name_taken", "Other")
    assert problem["errors"] == [{"field": "name", "message": "Taken.", "code": "taken"}]
    assert not User.objects.filter(name="Bo").exists()
    assert not AuditEntry.objects.exists()


def test_wrong_fields_are_named_with_their_place(client: APIClient) -> None:
    body = {"name": "", "nam": 1, "addresses": [{"city": "Xi'an"}, {"city": "x" * 21}]}
    assert {error["field"] for error in client.post("/api/people", body).json()["errors"]} == {"nam"}
    del body["nam"]
    errors = client.post("/api/people", body).json()["errors"]
    assert {(error["field"], error["code"]) for error in errors} == {
        ("name", "blank"),
        ("addresses.1.city", "max_length"),
    }


def test_refusals_speak_the_callers_language(client: APIClient) -> None:
    answer = client.get("/api/people?limit=0", headers={"accept-language": "zh-hans"})
    assert answer.json()["errors"][0]["message"] == "每页可为 1 到 200 行。"
