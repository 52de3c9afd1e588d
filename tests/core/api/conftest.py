"""A client that speaks JSON, signed in as a rep's supervisor, on the small API of `site`."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import override_settings
from rest_framework.test import APIClient

from core.api.throttles import FailsOpen
from teams.models import User
from tests.factories.teams import make_person


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    FailsOpen.breaker.reset()
    caches["redis"].clear()
    with override_settings(ROOT_URLCONF="tests.core.api.site"):
        yield


@pytest.fixture
def person(db: None) -> User:
    return make_person("Ada", capabilities=("administrator",))


@pytest.fixture
def client(person: User) -> APIClient:
    api = APIClient()
    api.force_login(person)
    return api
