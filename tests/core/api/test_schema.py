"""The OpenAPI description tells what the defaults do."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return generated


def test_the_description_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")


def test_a_change_documents_its_headers_problems_and_scope(schema: dict[str, Any]) -> None:
    change = schema["paths"]["/api/people/{id}/rename"]["post"]
    headers = {one["name"]: one.get("required", False) for one in change["parameters"] if one["in"] == "header"}
    assert headers == {"If-Match": True, "Idempotency-Key": False}
    assert {"400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429"} <= set(change["responses"])
    problem = change["responses"]["412"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert {"token": ["deals:write"]} in change["security"]


def test_a_list_documents_its_filters_and_pages(schema: dict[str, Any]) -> None:
    listing = schema["paths"]["/api/people"]["get"]
    assert {"cursor", "limit", "q", "language", "theme", "ordering"} <= {one["name"] for one in listing["parameters"]}
    assert {"token": ["people:read"]} in listing["security"]
    assert "404" not in listing["responses"]


def test_a_view_without_scopes_offers_no_token(schema: dict[str, Any]) -> None:
    assert schema["paths"]["/api/no-scopes"]["get"]["security"] == [{"cookieAuth": []}]
