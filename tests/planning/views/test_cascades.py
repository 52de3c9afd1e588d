import json
from decimal import Decimal

import pytest
from django.urls import reverse

from planning.models import AssignmentRule, PlanVersion, Target
from teams.models import OrgUnit
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]


def url_of(version: PlanVersion, unit: OrgUnit) -> str:
    return reverse("planning:target-cascade", kwargs={"version": version.pk, "unit": unit.pk})


def typed(**fields: str) -> dict[str, str]:
    return {"method": "even", "percent": "100", "shape": "parent", "seen": "{}", **fields}


def test_a_preview_shows_what_each_would_get_and_writes_nothing(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal(100))
    answer = signed_in(cast.mori).post(url_of(version, cast.east_one), typed(do="preview"))
    shown = {share.spot.name: share.proposed for share in answer.context["proposal"].shares}
    assert shown == {"Rao": Decimal(600), "Peer of Rao": Decimal(600)}
    assert Target.objects.count() == 1


def test_what_was_looked_at_is_carried_out(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal(100))
    make_target(version, person=cast.rao, month=Decimal(1))
    client = signed_in(cast.mori)
    looked = client.get(url_of(version, cast.east_one))
    keep = {f"keep_person-{cast.rao.pk}": "Agreed in May"}
    answer = client.post(url_of(version, cast.east_one), typed(do="apply", seen=looked.context["seen"], **keep))
    assert answer.status_code == 302
    rows = {row.person_id: row for row in Target.objects.filter(person__isnull=False)}
    assert (rows[cast.rao.pk].total, rows[cast.rao.pk].kept_reason) == (Decimal(12), "Agreed in May")
    assert rows[cast.peer.pk].total == Decimal(1188)


def test_rows_changed_since_the_preview_are_named_and_nothing_is_written(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal(100))
    make_target(version, person=cast.rao, month=Decimal(1))
    seen = json.dumps({f"person-{cast.rao.pk}": 7})
    answer = signed_in(cast.mori).post(url_of(version, cast.east_one), typed(do="apply", seen=seen))
    assert answer.status_code == 412
    assert "Rao" in answer.content.decode()
    assert not Target.objects.filter(person=cast.peer).exists()


@pytest.mark.parametrize(
    "fields",
    [{"floor": "900"}, {"cap": "50%"}, {"floor": "-5"}, {"percent": "x"}, {"method": "manual"}, {"seen": '{"a": "b"}'}],
)
def test_what_cannot_be_carried_out_comes_back_with_its_reason(cast: Cast, fields: dict[str, str]) -> None:
    version = make_version()
    make_target(version, unit=cast.east_one, month=Decimal(100))
    answer = signed_in(cast.mori).post(url_of(version, cast.east_one), typed(**{"do": "apply", **fields}))
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert Target.objects.count() == 1


def test_stretch_and_challenge_are_typed_as_totals_or_per_cent_above(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao, month=Decimal(100))
    url = reverse("planning:target-levels", kwargs={"version": version.pk, "person": cast.rao.pk})
    client = signed_in(cast.mori)
    assert client.post(url, {"stretch": "+20%", "challenge": "1,500.00", "lock_version": "1"}).status_code == 302
    target = Target.objects.get()
    assert (target.stretch, target.challenge) == (Decimal(1440), Decimal(1500))
    assert client.post(url, {"stretch": "1100", "lock_version": "2"}).status_code == 422


def test_a_grid_warns_of_what_the_policy_does_not_allow_and_planners_may_change_it(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(120))
    client = signed_in(cast.planner)
    grid = reverse("planning:targets")
    assert [row.name for row in client.get(grid).context["outside"]] == ["Company"]
    url = reverse("planning:plan-assignment", kwargs={"pk": version.plan_id})
    spans = {
        f"{level}_{end}": figure for level in OrgUnit.Kind.values for end, figure in (("least", "-5"), ("most", "25"))
    }
    assert client.post(url, spans).status_code == 302
    assert AssignmentRule.objects.count() == 3
    assert client.get(grid).context["outside"] == []
    assert client.post(url, {**spans, "team_most": "-6"}).status_code == 422
