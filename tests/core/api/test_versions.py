"""No lost update: a change says which version it was made from."""

import pytest
from rest_framework.test import APIClient

from core.models import AuditEntry
from teams.models import User
from tests.core.api import site
from tests.factories.teams import make_person


def test_a_change_needs_the_etag_that_was_read(client: APIClient, person: User) -> None:
    address = f"/api/people/{person.pk}"
    etag = client.get(address)["ETag"]
    assert etag == f'"user-{person.pk}-1"'
    changed = client.patch(address, {"name": "Eva"}, headers={"if-match": etag})
    assert (changed.status_code, changed["ETag"]) == (200, f'"user-{person.pk}-2"')
    stale = client.patch(address, {"name": "Lost"}, headers={"if-match": etag})
    assert (stale.status_code, stale["ETag"], stale.json()["current_version"]) == (412, f'"user-{person.pk}-2"', 2)
    assert User.objects.get(pk=person.pk).name == "Eva"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 428),
        ({"if-match": "*"}, 428),
        ({"if-match": "1"}, 400),
        ({"if-match": 'W/"user-1-1"'}, 400),
        ({"if-match": '"x"'}, 412),
    ],
)
def test_without_a_proper_etag_nothing_changes(
    client: APIClient, person: User, header: dict[str, str], status: int
) -> None:
    answer = client.post(f"/api/people/{person.pk}/rename", {"name": "Lost"}, headers=header)
    assert answer.status_code == status
    assert User.objects.get(pk=person.pk).name == "Ada"
    assert not AuditEntry.objects.exists()


def test_an_etag_of_another_thing_does_not_fit(client: APIClient, person: User) -> None:
    other = make_person("Bo")
    tag = client.get(f"/api/people/{other.pk}")["ETag"]
    assert client.patch(f"/api/people/{person.pk}", {"name": "X"}, headers={"if-match": tag}).status_code == 412
    both = f'{tag}, "user-{person.pk}-1"'
    assert client.patch(f"/api/people/{person.pk}", {"name": "X"}, headers={"if-match": both}).status_code == 200


def test_a_conflict_that_the_service_finds_carries_the_current_etag(
    client: APIClient, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_person = site.name_person

    def raced(**wish: object) -> User:
        User.objects.filter(pk=person.pk).update(version=7)
        return name_person(**wish)  # type: ignore[arg-type]

    monkeypatch.setattr(site, "name_person", raced)
    answer = client.patch(f"/api/people/{person.pk}", {"name": "X"}, headers={"if-match": f'"user-{person.pk}-1"'})
    assert (answer.status_code, answer["ETag"]) == (412, f'"user-{person.pk}-7"')
