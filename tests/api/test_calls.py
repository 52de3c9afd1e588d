"""Calls over HTTP: submitted, listed as far as one sees, scoped."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from core.tokens import issue_token
from planning import services
from planning.models import Plan
from teams.models import User
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8", "R7.2")]

URL = "/api/v1/calls/"


@pytest.fixture
def plan(cast: Cast) -> Plan:
    plan = make_plan(timezone.localdate().year)
    services.run_forecast(plan=plan, as_of=timezone.localdate(), clock=lambda: datetime.now(UTC))
    return plan


def _with_token(user: User, *scopes: str) -> Client:
    _token, secret = issue_token(actor=user, name="Calls", scopes=scopes, days=1)
    return Client(headers={"authorization": f"Token {secret}"})


def test_a_call_is_submitted_and_found_again_with_what_was_computed(cast: Cast, plan: Plan) -> None:
    client = _with_token(cast.rao, "forecasts:read", "forecasts:write")
    body = {"plan": plan.pk, "person": cast.rao.pk, "period": "FY", "commit": "1500.00", "best_case": "2000.00"}

    made = client.post(URL, body, content_type="application/json")
    listed = client.get(URL, {"person": str(cast.rao.pk), "in_force": "true"})

    assert made.status_code == 201, made.content
    assert (made.json()["stand"], made.json()["commit"], made.json()["computed"]) == ("own", "1500.00", "0.00")
    assert [row["id"] for row in listed.json()["results"]] == [made.json()["id"]]


def test_reading_alone_may_not_write_and_strangers_are_not_there(cast: Cast, plan: Plan) -> None:
    body = {"plan": plan.pk, "person": cast.rao.pk, "period": "FY", "commit": "1500.00"}
    reading = _with_token(cast.rao, "forecasts:read")
    assert reading.post(URL, body, content_type="application/json").status_code == 403

    writing = _with_token(cast.peer, "forecasts:write")

    assert writing.post(URL, body, content_type="application/json").status_code == 400


def test_a_judgement_from_above_needs_its_reason(cast: Cast, plan: Plan) -> None:
    client = _with_token(cast.mori, "forecasts:write")
    body = {"plan": plan.pk, "person": cast.rao.pk, "period": "FY", "commit": "10.00"}

    answer = client.post(URL, body, content_type="application/json")
    given = client.post(URL, body | {"reason": "Seen the books"}, content_type="application/json")

    assert answer.status_code == 400
    assert given.status_code == 201
