from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

COMMITTED = Path(settings.BASE_DIR) / "config" / "openapi.yaml"


def test_the_committed_description_is_that_of_the_code() -> None:
    generated = OpenApiYamlRenderer().render(SchemaGenerator().get_schema(request=None, public=True)).decode()  # type: ignore[no-untyped-call]

    assert yaml.safe_load(COMMITTED.read_text()) == yaml.safe_load(generated), "run: make schema"


def test_the_description_says_openapi_3_1_and_names_the_scope_of_every_operation() -> None:
    described = yaml.safe_load(COMMITTED.read_text())
    operations = [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if "/schema/" not in path
    ]

    assert described["openapi"].startswith("3.1")
    by_people_alone = {
        f"{method} {path}"
        for path, method, found in operations
        if not any(one.get("token") for one in found["security"])
    }
    # No token decides: a person approves, sends back, puts into force and closes.
    assert by_people_alone == {
        "post /api/v1/plan-versions/{id}/activate/",
        "post /api/v1/plan-versions/{id}/close/",
        "post /api/v1/submissions/{id}/approve/",
        "post /api/v1/submissions/{id}/send-back/",
    }


@pytest.mark.django_db
def test_the_description_is_for_those_who_are_signed_in(client: Client) -> None:
    assert client.get("/api/v1/schema/").status_code == 401
