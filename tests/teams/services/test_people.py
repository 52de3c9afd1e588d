from datetime import date
from importlib import import_module

import pytest
from django.conf import settings
from django.test import Client

from core.errors import Invalid, VersionConflict
from core.models import AuditEntry
from core.tokens import issue_token
from teams import services
from teams.models import Capability, User
from tests.factories.teams import Cast, make_person

pytestmark = pytest.mark.requirement("R7.4")
TODAY = date(2026, 11, 23)


def edited(person: User, *, actor: User, **fields: object) -> User:
    wish: dict[str, object] = {
        "email": person.email,
        "name": person.name,
        "capabilities": person.capabilities,
        "version": person.version,
        **fields,
    }
    return services.edit_person(actor=actor, person=person, **wish)  # type: ignore[arg-type]


def test_a_new_person_gets_a_place_and_one_audit_line(cast: Cast) -> None:
    person = services.create_person(
        actor=cast.admin,
        email=" New@Test.Example ",
        name="New",
        capabilities=["rep"],
        unit=cast.east_one,
        from_date=TODAY,
    )
    assert person.email == "new@test.example"
    assert not person.has_usable_password()
    assert list(person.memberships.values_list("unit", "valid_from")) == [(cast.east_one.pk, TODAY)]
    (line,) = AuditEntry.objects.filter(event="teams.person.created")
    assert (line.actor_id, line.subject_id) == (cast.admin.pk, str(person.pk))
    assert "password" not in line.facts


def test_an_email_belongs_to_one_person(cast: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        services.create_person(actor=cast.admin, email=cast.rao.email.upper(), name="Twin")
    assert [problem.field for problem in refusal.value.problems] == ["email"]
    assert not AuditEntry.objects.exists()


def test_a_unit_without_its_day_is_refused(cast: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        services.create_person(actor=cast.admin, email="new@test.example", name="New", unit=cast.east_one)
    assert [problem.field for problem in refusal.value.problems] == ["from_date"]


def test_an_edit_says_what_it_was_and_what_it_became(cast: Cast) -> None:
    person = edited(cast.rao, actor=cast.admin, name="Rao the Second", capabilities=["lead", "rep"])
    assert (person.version, person.capabilities) == (2, ["rep", "lead"])
    line = AuditEntry.objects.get(event="teams.person.edited")
    assert line.facts["changes"] == {"name": ["Rao", "Rao the Second"], "capabilities": [["rep"], ["rep", "lead"]]}


def test_an_edit_that_changes_nothing_writes_nothing(cast: Cast) -> None:
    assert edited(cast.rao, actor=cast.admin).version == 1
    assert not AuditEntry.objects.exists()


def test_an_edit_of_an_older_version_is_refused(cast: Cast) -> None:
    edited(cast.rao, actor=cast.admin, name="First")
    with pytest.raises(VersionConflict) as refusal:
        edited(cast.rao, actor=cast.admin, name="Second")
    assert refusal.value.extra["current_version"] == 2


def test_nobody_changes_the_own_role(cast: Cast) -> None:
    with pytest.raises(services.OwnRoleIsNotYours):
        edited(cast.admin, actor=cast.admin, capabilities=["administrator", "hr"])


def test_an_administrator_may_correct_the_own_name(cast: Cast) -> None:
    assert edited(cast.admin, actor=cast.admin, name="Corrected").name == "Corrected"


def test_who_lost_the_right_meanwhile_changes_nobody(cast: Cast) -> None:
    before = User.objects.get(pk=cast.admin.pk)
    other = make_person("Other administrator", capabilities=(Capability.ADMINISTRATOR,))
    edited(cast.admin, actor=other, capabilities=["rep"])
    with pytest.raises(services.NoLongerEntitled):
        edited(other, actor=before, capabilities=["rep"])


def test_a_former_person_loses_sessions_and_tokens_and_keeps_the_place(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.rao)
    other = Client()
    other.force_login(cast.peer)
    issue_token(actor=cast.rao, name="Excel", scopes=["deals:read"], days=30)
    person = services.deactivate_person(actor=cast.admin, person=cast.rao, version=1, left_date=TODAY)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    assert not store(client.session.session_key).load()
    assert store(other.session.session_key).load()
    assert not person.auth_token_set.exists()
    assert person.memberships.current().count() == 1
    assert (person.is_active, person.left_date) == (False, TODAY)
    facts = AuditEntry.objects.get(event="teams.person.deactivated").facts
    assert (facts["sessions_ended"], facts["tokens_ended"]) == (1, 1)


def test_old_sessions_stay_dead_when_a_person_comes_back(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.rao)
    services.deactivate_person(actor=cast.admin, person=cast.rao, version=1, left_date=TODAY)
    person = services.reactivate_person(actor=cast.admin, person=cast.rao, version=2)
    assert person.is_active
    assert client.get("/people/profile/").status_code == 302


def test_nobody_shuts_the_own_door(cast: Cast) -> None:
    with pytest.raises(services.OwnRoleIsNotYours):
        services.deactivate_person(actor=cast.admin, person=cast.admin, version=1, left_date=TODAY)


def test_a_profile_is_ones_own_and_counts_up(cast: Cast) -> None:
    person = services.change_profile(
        actor=cast.rao, version=1, name="R. Rao", language="zh-hans", theme="dark", weekly_mail=True
    )
    assert (person.name, person.language, person.theme, person.version) == ("R. Rao", "zh-hans", "dark", 2)
    with pytest.raises(VersionConflict):
        services.change_profile(actor=cast.rao, version=1, name="Rao", language="en", theme="dark", weekly_mail=True)


def test_a_switch_of_the_theme_leaves_the_language(cast: Cast) -> None:
    services.change_appearance(actor=cast.rao, language="zh-hans")
    person = services.change_appearance(actor=cast.rao, theme="dark")
    assert (person.language, person.theme) == ("zh-hans", "dark")
