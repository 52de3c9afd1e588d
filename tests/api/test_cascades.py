from decimal import Decimal

import pytest

from planning.models import Commitment, PlanVersion, Potential, Target
from tests.api.conftest import Calling
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3", "R1.5")]
TARGETS, COMMITMENTS, POTENTIALS = "/api/v1/targets/", "/api/v1/commitments/", "/api/v1/potentials/"


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    version = make_version()
    PlanVersion.objects.filter(pk=version.pk).update(talk=PlanVersion.Talk.BLIND)
    make_target(version, unit=cast.east_one, month=Decimal(100))
    return version


def test_a_spread_is_looked_at_then_carried_out_with_what_was_seen(
    cast: Cast, version: PlanVersion, as_person: Calling
) -> None:
    asking = as_person(cast.mori)
    body = {"version": version.pk, "unit": cast.east_one.pk, "method": "even", "cap": {"percent": "150"}}
    looked = asking.post(f"{TARGETS}cascade/", body, format="json")
    assert looked.status_code == 200, looked.json()
    assert {share["name"]: share["proposed"] for share in looked.json()["shares"]} == {
        "Peer of Rao": "600.00",
        "Rao": "600.00",
    }
    assert Target.objects.count() == 1
    spots = [{"person": share["person"], "seen": share["seen"]} for share in looked.json()["shares"]]
    done = asking.post(f"{TARGETS}cascade/", {**body, "preview": False, "spots": spots}, format="json")
    assert done.status_code == 200, done.json()
    assert Target.objects.filter(person__isnull=False).count() == 2
    again = asking.post(
        f"{TARGETS}cascade/", {**body, "preview": False, "percent": "90", "spots": spots}, format="json"
    )
    assert (again.status_code, again.json()["changed"]) == (412, ["Peer of Rao", "Rao"])


def test_what_cannot_be_spread_is_refused_with_its_reason(cast: Cast, version: PlanVersion, as_person: Calling) -> None:
    body = {"version": version.pk, "unit": cast.east_one.pk, "method": "even", "floor": {"amount": "900.00"}}
    looked = as_person(cast.mori).post(f"{TARGETS}cascade/", body, format="json")
    assert len(looked.json()["problems"]) == 1
    refused = as_person(cast.mori).post(f"{TARGETS}cascade/", {**body, "preview": False}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "cascade_is_invalid")
    assert as_person(cast.diaz).post(f"{TARGETS}cascade/", body, format="json").status_code == 400


def test_stretch_and_challenge_are_set_and_read_as_totals(cast: Cast, version: PlanVersion, as_person: Calling) -> None:
    body = {
        "version": version.pk,
        "unit": cast.east_one.pk,
        "lock_version": 1,
        "stretch": "1300.00",
        "challenge": "1500.00",
    }
    answer = as_person(cast.lin).post(f"{TARGETS}levels/", body, format="json")
    assert (answer.json()["stretch"], answer.json()["challenge"]) == ("1300.00", "1500.00")
    assert as_person(cast.mori).post(f"{TARGETS}levels/", body, format="json").status_code == 403


def test_an_owner_commits_and_those_above_answer(cast: Cast, version: PlanVersion, as_person: Calling) -> None:
    row = {"version": version.pk, "person": cast.rao.pk}
    said = as_person(cast.rao).post(COMMITMENTS, {**row, "amount": "700.00", "note": "Two renewals"}, format="json")
    assert said.status_code == 201, said.json()
    assert as_person(cast.peer).get(COMMITMENTS).json()["results"] == []
    countered = as_person(cast.mori).post(
        f"{COMMITMENTS}counter/", {**row, "amount": "800.00", "note": "Pipeline"}, format="json"
    )
    assert countered.json()["act"] == "counter"
    accepted = as_person(cast.mori).post(
        f"{COMMITMENTS}accept/", {**row, "seen": said.json()["id"], "lock_version": 0}, format="json"
    )
    assert accepted.json()["total"] == "700.00", accepted.json()
    assert [word["act"] for word in as_person(cast.rao).get(COMMITMENTS).json()["results"]] == [
        "commit",
        "counter",
        "accept",
    ]
    assert as_person(cast.rao).post(f"{COMMITMENTS}accept/", {**row, "seen": 1, "lock_version": 1}).status_code in {
        400,
        403,
    }
    assert Commitment.objects.count() == 3


def test_a_potential_comes_from_another_system_for_those_below_alone(
    cast: Cast, version: PlanVersion, as_person: Calling
) -> None:
    row = {"plan": version.plan_id, "person": cast.rao.pk}
    for amount in ("100.00", "250.00"):
        assert as_person(cast.mori).post(POTENTIALS, {**row, "amount": amount}, format="json").status_code == 200
    assert [(row.amount, row.origin) for row in Potential.objects.all()] == [(Decimal(250), "imported")]
    assert as_person(cast.rao).post(POTENTIALS, {**row, "amount": "1.00"}, format="json").status_code == 403
    assert as_person(cast.rao).get(POTENTIALS).json()["results"] == []
    for blank in ("", None, 5):
        assert as_person(cast.mori).post(POTENTIALS, {**row, "amount": blank}, format="json").status_code == 400
    gone = f"{POTENTIALS}{Potential.objects.get().pk}/"
    assert [as_person(who).delete(gone).status_code for who in (cast.rao, cast.diaz)] == [404, 404]
    assert as_person(cast.mori).delete(gone).status_code == 204
    assert not Potential.objects.exists()
