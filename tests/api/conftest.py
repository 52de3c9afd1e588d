"""Clients of the API for the people of the cast."""

from collections.abc import Callable

import pytest
from django.core.cache import caches
from rest_framework.test import APIClient

from core.api.throttles import FailsOpen
from teams.models import User

Calling = Callable[[User], APIClient]


@pytest.fixture(autouse=True)
def fresh_throttles() -> None:
    FailsOpen.breaker.reset()
    caches["redis"].clear()


@pytest.fixture
def as_person() -> Calling:
    """Call as a person who is signed in."""

    def calling(person: User) -> APIClient:
        client = APIClient()
        client.force_login(person)
        return client

    return calling
