"""Lists: filters that refuse what they do not know, pages that neither lose nor repeat a row."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.api.pages import CursorPages
from teams.models import User
from tests.factories.teams import make_person


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("nmae=Ada", "unknown_parameter"),
        ("language=en&language=en", "repeated_parameter"),
        ("language=fr", "invalid_choice"),
        ("theme=light&theme=blue", "invalid_choice"),
        ("ordering=email", "invalid_choice"),
        ("created_at_after=soon", "invalid"),
        ("limit=0", "bad_limit"),
        ("limit=201", "bad_limit"),
        ("limit=1_0", "bad_limit"),
        ("limit=-5", "bad_limit"),
        ("cursor=made-up", "bad_cursor"),
        ("q=" + "x" * 101, "max_length"),
        ("q=" + "+".join("abcdefghi"), "too_many_words"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(client: APIClient, query: str, code: str) -> None:
    answer = client.get(f"/api/people?{query}")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/api/people/{}?language=en"), ("patch", "/api/people/{}?x=1"), ("post", "/api/people?limit=1")],
)
def test_only_lists_have_filters(client: APIClient, person: User, method: str, path: str) -> None:
    answer = getattr(client, method)(path.format(person.pk), {"name": "Bo"} if method != "get" else None)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "unknown_parameter"


def test_a_view_may_read_parameters_of_its_own(client: APIClient) -> None:
    assert client.get("/api/people/today?day=2026-11-23").json() == {"day": "2026-11-23"}
    assert client.get("/api/people/today?limit=5").status_code == 400


def test_filters_search_and_ordering_work(client: APIClient, person: User) -> None:
    bo = make_person("Bo Lin", language="zh-hans")
    make_person("Cy Lin", language="en")
    found = client.get("/api/people?q=lin+bo&language=zh-hans&theme=light&theme=dark").json()["results"]
    assert [row["id"] for row in found] == [bo.pk]
    names = [row["name"] for row in client.get("/api/people?ordering=-name").json()["results"]]
    assert names == ["Cy Lin", "Bo Lin", "Ada"]


def walked(client: APIClient, address: str) -> list[int]:
    """Follow `next` to the end."""
    ids: list[int] = []
    while address:
        page = client.get(address).json()
        ids += [row["id"] for row in page["results"]]
        address = page["next"] or ""
        assert len(ids) < 1000
    return ids


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.none() | st.dates(date(2020, 1, 1), date(2020, 1, 3))), max_size=12
    ),
    limit=st.integers(1, 5),
    ordering=st.sampled_from(["name", "-name", "hired_date", "-hired_date"]),
)
def test_pages_hold_every_row_once_in_order_whatever_is_equal_or_missing(
    client: APIClient, person: User, rows: list[tuple[str, date | None]], limit: int, ordering: str
) -> None:
    User.objects.exclude(pk=person.pk).delete()
    for name, hired in rows:
        make_person(name, hired_date=hired)
    ids = walked(client, f"/api/people?limit={limit}&ordering={ordering}")
    assert ids == walked(client, f"/api/people?limit=200&ordering={ordering}")
    assert sorted(ids) == sorted(User.objects.values_list("pk", flat=True))
    field = ordering.lstrip("-")
    values: list[Any] = [User.objects.values_list(field, flat=True).get(pk=key) for key in ids]
    present = [value for value in values if value is not None]
    assert values == sorted(present, reverse=ordering.startswith("-")) + [None] * (len(values) - len(present))


def test_rows_that_come_and_go_between_pages_shift_nothing(client: APIClient) -> None:
    people = [make_person(name) for name in ("b", "d", "f", "h")]
    first = client.get("/api/people?limit=3").json()  # Ada, b, d
    make_person("a0")
    people[0].delete()
    rest = client.get(first["next"]).json()["results"]
    assert [row["name"] for row in rest] == ["f", "h"]


def test_a_cursor_fits_only_the_order_it_was_made_for(client: APIClient) -> None:
    make_person("Bo")
    (cursor,) = parse_qs(urlsplit(client.get("/api/people?limit=1").json()["next"]).query)["cursor"]
    assert client.get(f"/api/people?limit=1&cursor={cursor}").status_code == 200
    assert client.get(f"/api/people?limit=1&ordering=-name&cursor={cursor}").status_code == 400
    assert client.get(f"/api/people?limit=1&cursor={cursor[:-1]}").status_code == 400


def test_a_list_that_cannot_be_paged_is_found_in_development() -> None:
    with pytest.raises(TypeError, match="annotate and name it"):
        CursorPages().paginate_queryset(User.objects.order_by("?"), _Request())  # type: ignore[arg-type]


class _Request:
    query_params: dict[str, str] = {}
