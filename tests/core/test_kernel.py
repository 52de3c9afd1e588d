"""The words that every app leans on: the audit trail, transactions, refusals, access."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from core import audit
from core.access import PUBLIC, SCOPES, require
from core.errors import DomainError, Invalid, NotAllowed, Problem, VersionConflict
from core.models import AuditEntry
from core.transactions import within_transaction
from teams.models import User
from tests.factories.teams import make_person

pytestmark = pytest.mark.requirement("R7.4")


def test_a_line_of_the_trail_says_who_what_when_and_with_which_facts(db: None) -> None:
    person = make_person()
    facts = {"amount": Decimal("12.50"), "on": date(2026, 1, 5), "at": datetime(2026, 1, 5, tzinfo=UTC), "who": person}
    with transaction.atomic():
        line = audit.record("core.test.done", actor=person, subject=person, nested={"a": [1, {2}]}, **facts)
    line.refresh_from_db()
    assert (line.event, line.actor_id, line.subject_type, line.subject_id) == (
        "core.test.done",
        person.pk,
        "teams.user",
        str(person.pk),
    )
    assert line.facts == {
        "amount": "12.50",
        "on": "2026-01-05",
        "at": "2026-01-05T00:00:00+00:00",
        "who": person.pk,
        "nested": {"a": [1, [2]]},
    }


@pytest.mark.parametrize("change", ["UPDATE core_auditentry SET event = 'x'", "DELETE FROM core_auditentry"])
def test_the_trail_can_neither_be_changed_nor_shortened(db: None, change: str) -> None:
    person = make_person()
    with transaction.atomic():
        audit.record("core.test.done", actor=person, subject=person)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert AuditEntry.objects.get().event == "core.test.done"


@pytest.mark.django_db(transaction=True)
def test_a_shared_write_outside_a_service_is_refused() -> None:
    @within_transaction
    def write() -> str:
        return "written"

    with pytest.raises(RuntimeError, match="within a service's transaction"):
        write()
    with pytest.raises(RuntimeError):
        audit.record("core.test.done", actor=None, subject=User())
    with transaction.atomic():
        assert write() == "written"


def test_the_request_gives_its_name_to_the_trail_and_takes_only_harmless_ones(db: None) -> None:
    assert Client().get("/healthz", headers={"x-request-id": "abc-1.2"})["X-Request-ID"] == "abc-1.2"
    for given in ("a b", "x" * 65, "<script>", ""):
        assert Client().get("/healthz", headers={"x-request-id": given})["X-Request-ID"] != given
    assert audit.request_id.get() == ""


def test_a_refusal_carries_its_sentence_its_status_and_its_fields() -> None:
    refusal = Invalid("Not like this.", problems=[Problem("amount", "Too much.", line=7)])
    assert (refusal.message, refusal.status, refusal.problems[0].line) == ("Not like this.", 400, 7)
    conflict = VersionConflict(current=4, amount="5.00")
    assert (conflict.status, conflict.extra) == (412, {"current_version": 4, "amount": "5.00"})
    assert issubclass(NotAllowed, DomainError)


def test_require_lets_pass_or_refuses_with_the_reason() -> None:
    require(True)  # noqa: FBT003  # the one argument that it has
    with pytest.raises(NotAllowed, match="Only leads"):
        require(False, "Only leads.")  # noqa: FBT003
    with pytest.raises(NotAllowed, match="look at this"):
        require(False)  # noqa: FBT003


def test_scopes_are_a_thing_and_a_verb() -> None:
    assert all(scope.split(":")[1] in {"read", "write"} for scope in SCOPES)
    assert len(set(SCOPES)) == len(SCOPES)
    assert PUBLIC.public
