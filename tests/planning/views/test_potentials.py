import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry
from planning.models import PlanVersion, Potential
from teams.models import OrgUnit
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    version = make_version()
    make_target(version, unit=cast.company)
    return version


def url_of(version: PlanVersion, unit: OrgUnit) -> str:
    return reverse("planning:potentials", kwargs={"version": version.pk, "unit": unit.pk})


def exported(client: Client, version: PlanVersion, unit: OrgUnit) -> str:
    kwargs = {"version": version.pk, "unit": unit.pk, "kind": "csv"}
    answer = client.get(reverse("planning:potentials-export", kwargs=kwargs))
    return b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # a streaming answer


def upload(client: Client, version: PlanVersion, unit: OrgUnit, text: str) -> tuple[int, str]:
    answer = client.post(url_of(version, unit), {"file": SimpleUploadedFile("potentials.csv", text.encode())})
    return answer.status_code, answer.content.decode()


def known() -> dict[str, Decimal]:
    return {str(row.unit or row.person): row.amount for row in Potential.objects.all()}


def test_a_planner_types_potentials_and_what_is_emptied_is_forgotten(cast: Cast, version: PlanVersion) -> None:
    client, url = signed_in(cast.planner), url_of(version, cast.company)
    east, west = f"unit-{cast.east.pk}", f"unit-{cast.west.pk}"
    assert client.post(url, {east: "3,000,000", west: "", "seen": "{}"}).status_code == 302
    assert known() == {"East": Decimal(3_000_000)}
    assert Potential.objects.get().origin == "typed"
    seen = client.get(url).context["form"]["seen"].value()
    assert json.loads(seen) == {east: "3000000.00"}
    text = client.get(url).content.decode()
    assert "open pipeline" in text  # of the west nobody said anything
    assert client.post(url, {east: "", west: "5", "seen": seen}).status_code == 302
    assert known() == {"West": Decimal(5)}
    assert AuditEntry.objects.filter(event="planning.potential.set").count() == 2


def test_two_who_judge_at_once_are_told_apart(cast: Cast, version: PlanVersion) -> None:
    client, url, east = signed_in(cast.planner), url_of(version, cast.company), f"unit-{cast.east.pk}"
    Potential.objects.create(
        plan=version.plan, unit=cast.east, amount=7, origin="typed", set_by=cast.admin, set_at=version.created_at
    )
    answer = client.post(url, {east: "8", "seen": "{}"})
    assert answer.status_code == 422
    assert "East" in answer.context["form"].non_field_errors()[0]
    assert known() == {"East": Decimal(7)}


def test_a_file_of_everybody_below_comes_back(cast: Cast, version: PlanVersion) -> None:
    client = signed_in(cast.planner)
    text = exported(client, version, cast.company)
    assert text.splitlines()[0] == "row,name,potential,was"
    rao = f"person-{cast.rao.pk}"
    changed = text.replace(f"{rao},Rao,,", f"{rao},Rao,1200.50,")
    assert upload(client, version, cast.company, changed)[0] == 302
    assert known() == {"Rao": Decimal("1200.50")}
    assert Potential.objects.get().origin == "imported"
    status, page = upload(client, version, cast.company, changed.replace("1200.50", "9"))  # exported before Rao was set
    assert status == 422
    assert "Somebody changed this row since the file was exported" in page
    again = exported(client, version, cast.company)
    assert upload(client, version, cast.company, again)[0] == 302  # the same says nothing new
    assert known() == {"Rao": Decimal("1200.50")}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name,potential\nRao,5\n", "columns are missing"),
        ("row,potential\nperson-0,5\n", "is called person-0"),
        ("row,potential\n{rao},-5\n", "zero or more"),
        ("row,potential\n{rao},many\n", "amount"),
        ("row,potential\n{rao},5\n{rao},6\n", "on line 2 already"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taken_over(
    text: str, word: str, cast: Cast, version: PlanVersion
) -> None:
    lines = text.format(rao=f"person-{cast.rao.pk}") + f"person-{cast.peer.pk},7\n"
    status, page = upload(signed_in(cast.planner), version, cast.company, lines)
    assert status == 422
    assert word in page
    assert known() == {}


def test_an_empty_upload_forgets_nothing(cast: Cast, version: PlanVersion) -> None:
    Potential.objects.create(
        plan=version.plan, unit=cast.east, amount=7, origin="typed", set_by=cast.admin, set_at=version.created_at
    )
    assert signed_in(cast.planner).post(url_of(version, cast.company), {}).status_code == 422
    assert known() == {"East": Decimal(7)}


def test_a_lead_judges_those_below_and_neither_themself_nor_strangers(cast: Cast, version: PlanVersion) -> None:
    make_target(version, person=cast.mori)
    client, url = signed_in(cast.mori), url_of(version, cast.east_one)
    fields = client.get(url).context["form"].fields.keys()
    assert fields == {"seen", f"person-{cast.rao.pk}", f"person-{cast.peer.pk}"}
    own = f"row,potential\nperson-{cast.mori.pk},5\n"
    assert "not change it" in upload(client, version, cast.east_one, own)[1]
    assert client.get(url_of(version, cast.west)).status_code == 404
    assert signed_in(cast.rao).get(url).status_code in {403, 404}
