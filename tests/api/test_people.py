"""People over HTTP: names for the team, more only for those who see the person's work."""

import pytest

from tests.api.conftest import Calling
from tests.factories.teams import Cast

pytestmark = [pytest.mark.requirement("R7.4"), pytest.mark.django_db]


def test_a_rep_reads_the_name_of_a_peer_and_no_more(cast: Cast, as_person: Calling) -> None:
    shown = as_person(cast.rao).get(f"/api/v1/people/{cast.peer.pk}/").json()
    assert shown["name"] == cast.peer.name
    assert {shown[name] for name in ("email", "external_id", "hired_date", "left_date")} == {None}


def test_a_lead_and_the_person_read_the_email(cast: Cast, as_person: Calling) -> None:
    for reader in (cast.mori, cast.rao):
        assert as_person(reader).get(f"/api/v1/people/{cast.rao.pk}/").json()["email"] == cast.rao.email


def test_a_search_by_email_finds_only_people_whose_email_the_caller_reads(cast: Cast, as_person: Calling) -> None:
    def found(email: str) -> list[str]:
        rows = as_person(cast.rao).get("/api/v1/people/", {"q": email}).json()["results"]
        return [row["name"] for row in rows]

    assert found(cast.rao.email) == ["Rao"]
    assert found(cast.peer.email) == []
    assert found(cast.peer.name) == [cast.peer.name]


@pytest.mark.parametrize(
    "query",
    ["people/?is_active=AAA", "people/?is_active=", "deals/?owner=0.5", "deals/?owner=", "deals/?created_date_before="],
)
def test_a_filter_that_cannot_be_understood_is_refused_and_filters_not_nothing(
    cast: Cast, as_person: Calling, query: str
) -> None:
    assert as_person(cast.rao).get(f"/api/v1/{query}").status_code == 400


def test_a_yes_or_no_filter_means_what_it_says(cast: Cast, as_person: Calling) -> None:
    for value, count in (("true", 9), ("false", 0)):
        rows = as_person(cast.admin).get(f"/api/v1/people/?is_active={value}").json()["results"]
        assert len(rows) == count


def test_a_method_that_a_list_does_not_take_is_refused_as_such(cast: Cast, as_person: Calling) -> None:
    assert as_person(cast.rao).generic("TRACE", "/api/v1/deals/?limit=5").status_code == 405
