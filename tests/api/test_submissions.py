import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.tokens import issue_token
from planning.models import PlanVersion
from tests.api.conftest import Calling
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]
WHOLE = "/api/v1/plan-versions/{}/"
PARTS = "/api/v1/submissions/"


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    version = make_version(by=cast.planner)
    make_target(version, unit=cast.company)
    make_target(version, person=cast.rao)
    return version


def test_a_part_goes_up_and_is_decided_with_the_etag_that_was_read(
    cast: Cast, draft: PlanVersion, as_person: Calling
) -> None:
    made = as_person(cast.mori).post(PARTS, {"version": draft.pk, "unit": cast.east_one.pk, "reason": "New"})
    assert made.status_code == 201, made.json()
    address = f"{PARTS}{made.json()['id']}/"
    lin = as_person(cast.lin)
    assert lin.post(f"{address}approve/", {}).status_code == 428
    etag = lin.get(address)["ETag"]
    assert lin.post(f"{address}send-back/", {}, headers={"if-match": etag}).status_code == 400
    sent = lin.post(f"{address}send-back/", {"comment": "More"}, headers={"if-match": etag})
    assert (sent.status_code, sent.json()["status"], sent.json()["comment"]) == (200, "sent_back", "More")
    assert as_person(cast.diaz).get(address).status_code == 404


def test_a_whole_plan_goes_up_by_token_and_is_approved_and_activated_by_people_alone(
    cast: Cast, draft: PlanVersion, as_person: Calling
) -> None:
    address = WHOLE.format(draft.pk)
    tokens = {}
    for person in (cast.planner, cast.admin):
        _token, secret = issue_token(actor=person, name="Plans", scopes=("plans:read", "plans:write"), days=1)
        tokens[person] = APIClient(headers={"authorization": f"Token {secret}"})
    etag = tokens[cast.planner].get(address)["ETag"]
    body = {"reason": "As agreed"}
    made = tokens[cast.planner].post(f"{address}submit/", body, format="json", headers={"if-match": etag})
    assert made.status_code == 201, made.json()
    approve = f"{PARTS}{made.json()['id']}/approve/"
    etag = as_person(cast.admin).get(f"{PARTS}{made.json()['id']}/")["ETag"]
    assert tokens[cast.admin].post(approve, {}, format="json", headers={"if-match": etag}).status_code == 403
    assert as_person(cast.planner).post(approve, {}, headers={"if-match": etag}).json()["code"] == "not_allowed"
    assert as_person(cast.admin).post(approve, {}, headers={"if-match": etag}).status_code == 200
    etag = as_person(cast.planner).get(address)["ETag"]
    activate = f"{address}activate/"
    assert tokens[cast.planner].post(activate, {}, format="json", headers={"if-match": etag}).status_code == 403
    done = as_person(cast.planner).post(activate, {}, headers={"if-match": etag})
    assert (done.status_code, done.json()["status"]) == (200, "active")
    etag = done["ETag"]
    closed = as_person(cast.planner).post(f"{address}close/", {}, headers={"if-match": etag})
    assert closed.status_code in {200, 409}
    wish = {"effective_date": timezone.localdate().replace(day=1).isoformat(), "shortfall": "drop"}
    revised = as_person(cast.planner).post(f"/api/v1/plans/{draft.plan_id}/revise/", wish)
    assert revised.status_code == (201 if closed.status_code == 409 else 409)
