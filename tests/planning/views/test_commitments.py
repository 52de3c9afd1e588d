from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from planning.models import Commitment, PlanVersion, Target
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
MINE = reverse("planning:my-commitment")
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    version = make_version()
    PlanVersion.objects.filter(pk=version.pk).update(talk=PlanVersion.Talk.BLIND)
    make_target(version, unit=cast.east_one, month=Decimal(1000))
    make_target(version, person=cast.rao, month=Decimal("777.77"))
    return version


def said(version: PlanVersion, cast: Cast, amount: int = 5000) -> Commitment:
    return Commitment.objects.create(
        version=version, person=cast.rao, act="commit", amount=amount, said_by=cast.rao, said_at=NOW
    )


def test_a_rep_commits_without_seeing_the_draft_target(cast: Cast, version: PlanVersion) -> None:
    client = signed_in(cast.rao)
    assert "9,333" not in client.get(MINE).content.decode()
    assert client.post(MINE, {"amount": "9,000.50", "note": "Two renewals"}).status_code == 302
    assert Commitment.objects.get().amount == Decimal("9000.50")
    assert "9,000.50" in client.get(MINE).content.decode()


def test_the_draft_target_is_on_the_page_where_those_who_plan_show_it(cast: Cast, version: PlanVersion) -> None:
    talk = reverse("planning:version-talk", kwargs={"pk": version.pk})
    assert signed_in(cast.planner).post(talk, {"talk": "shown"}).status_code == 302
    rows = signed_in(cast.rao).get(MINE).context["lines"]
    assert [row.row.target.total for row in rows] == [Decimal("9333.24")]
    assert [row.row.target for row in signed_in(cast.peer).get(MINE).context["lines"]] == [None]


def test_a_manager_commits_for_the_own_unit_beside_what_those_below_say(cast: Cast, version: PlanVersion) -> None:
    said(version, cast)
    client = signed_in(cast.mori)
    row = client.get(MINE).context["lines"][0].row
    assert (row.node.name, row.below, row.told, row.of) == ("East one", 5000, 1, 2)
    assert client.post(f"{MINE}?of=unit%3D{cast.east_one.pk}", {"amount": "11000"}).status_code == 302
    assert Commitment.objects.filter(unit=cast.east_one).count() == 1
    assert client.post(f"{MINE}?of=unit%3D{cast.east_two.pk}", {"amount": "11000"}).status_code == 404


def test_without_an_open_version_nobody_is_asked(cast: Cast) -> None:
    make_version()
    client = signed_in(cast.rao)
    assert client.get(MINE).context["version"] is None
    assert client.post(MINE, {"amount": "1"}).status_code == 409


def test_the_screen_leads_down_and_closes_a_gap_by_accepting(cast: Cast, version: PlanVersion) -> None:
    word = said(version, cast)
    client = signed_in(cast.mori)
    screen = reverse("planning:targets-reconcile", kwargs={"version": version.pk})
    lines = client.get(screen, {"unit": cast.east_one.pk}).context["lines"]
    assert {line.line.spot.name: line.line.gap_below for line in lines}["Rao"] == Decimal("-4333.24")
    answer = reverse("planning:target-answer", kwargs={"version": version.pk, "person": cast.rao.pk})
    body = {"act": "accept", "seen": word.pk, "lock_version": 1}
    assert (
        client.post(f"{answer}?unit={cast.east_one.pk}", body).headers["Location"]
        == f"{screen}?unit={cast.east_one.pk}"
    )
    target = Target.objects.get(person=cast.rao)
    assert (target.total, bool(target.kept_reason)) == (5000, True)
    assert client.post(answer, body).status_code == 422  # the row has changed since


def test_a_counter_without_a_reason_comes_back_in_its_row(cast: Cast, version: PlanVersion) -> None:
    said(version, cast)
    client = signed_in(cast.mori)
    answer = reverse("planning:target-answer", kwargs={"version": version.pk, "person": cast.rao.pk})
    refused = client.post(f"{answer}?unit={cast.east_one.pk}", {"act": "counter", "amount": "6000", "note": ""})
    assert refused.status_code == 422
    assert [line.counter.is_bound for line in refused.context["lines"] if line.counter] == [True]
    assert client.post(answer, {"act": "counter", "amount": "6000", "note": "Pipeline"}).status_code == 302
    assert "6,000.00" in signed_in(cast.rao).get(MINE).content.decode()


def test_those_who_plan_alone_open_a_draft_for_commitments(cast: Cast, version: PlanVersion) -> None:
    talk = reverse("planning:version-talk", kwargs={"pk": version.pk})
    assert signed_in(cast.lin).post(talk, {"talk": "shown"}).status_code == 403
    version.refresh_from_db()
    assert version.talk == PlanVersion.Talk.BLIND
