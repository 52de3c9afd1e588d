"""JSON is read strictly: what could be understood in two ways, or breaks a reader, is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from core.api.json import MAX_DEPTH, strict_json

JSON = "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * 200_000,
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\\u0000"}',
        b'{"a\\u0000":1}',
        b'{"a":"\x00"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b"{'a':1}",
        b'{"a":1}x',
        b"",
    ],
)
def test_what_is_not_strictly_json_is_refused(client: APIClient, body: bytes) -> None:
    answer = client.post("/api/people", body, content_type=JSON)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_brackets_in_text_do_not_count_as_depth() -> None:
    assert strict_json(json.dumps({"a": '[{"' * 100}).encode()) == {"a": '[{"' * 100}
    assert strict_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_json_is_read(client: APIClient, kind: str) -> None:
    answer = client.generic("POST", "/api/people", "name=Bo", content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("size", [1_100_000, 3_000_000])
def test_a_large_body_is_refused(client: APIClient, size: int) -> None:
    answer = client.post("/api/people", b'{"name":"' + b"x" * size + b'"}', content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


clean = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | clean, lambda inner: st.lists(inner) | st.dictionaries(clean, inner)
    )
)
def test_proper_json_is_read_as_python_would(value: object) -> None:
    assert strict_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_no_body_makes_the_reader_fall_over(body: bytes) -> None:
    try:
        strict_json(body)
    except ParseError as refusal:
        assert refusal.detail  # noqa: PT017  # either a value or a refusal, nothing else


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("bonus", 12.5, "amount"),
        ("bonus", "1_000", "amount"),
        ("bonus", "1e3", "amount"),
        ("bonus", "-0", "amount"),
        ("bonus", " 5", "amount"),
        ("bonus", "01", "amount"),
        ("bonus", "٣", "amount"),
        ("bonus", "1.234", "max_decimal_places"),
        ("age", "5", "whole"),
        ("age", True, "whole"),
        ("age", 5.0, "whole"),
        ("age", 2**63, "whole"),
        ("share", "0.5", "number"),
        ("share", "nan", "number"),
        ("share", False, "number"),
        ("share", 10**400, "number"),
        ("is_away", 1, "yes_no"),
        ("is_away", "yes", "yes_no"),
        ("met_at", "2026-11-23T09:00:00", "offset"),
        ("met_at", "2026-11-23T09:00:00-17:37", "offset"),
        ("met_at", "2026-13-23T09:00:00Z", "offset"),
        ("met_at", "9999-12-31T23:59:59Z", "far"),
        ("met_at", 5, "offset"),
        ("hired_date", "0001-01-01", "far"),
        ("hired_date", "23.11.2026", "invalid"),
        ("name", "a\u202eb", "control_characters"),
        ("name", "a\nb", "control_characters"),
        ("name", 5, "text"),
        ("note", "a\x07b", "control_characters"),
    ],
)
def test_fields_refuse_what_two_readers_would_read_differently(
    client: APIClient, field: str, value: object, code: str
) -> None:
    answer = client.post("/api/people", {"name": "Bo", field: value})
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_text_is_trimmed_and_normalised(client: APIClient) -> None:
    body = {
        "name": "  Cafe\u0301 ",
        "note": "a\r\nb",
        "bonus": "-12.50",
        "age": -5,
        "met_at": "2026-11-23T09:00:00+08:00",
    }
    answer = client.post("/api/people", body)
    assert (answer.status_code, answer.json()["name"]) == (201, "Café")
