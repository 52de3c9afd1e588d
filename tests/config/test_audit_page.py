import re

import pytest
from django.conf import settings
from django.test import Client

from config.events import THINGS, VERBS, facts_in_words, in_words
from teams import services
from teams.models import User
from tests.factories.teams import Cast

pytestmark = pytest.mark.requirement("R7.4")
EVENT = re.compile(r"audit\.record\(\s*f?\"([a-z_.{}]+)\"")


def page_of(user: User, query: str = "") -> str:
    client = Client()
    client.force_login(user)
    text = client.get(f"/setup/audit/{query}").content.decode()
    return text[text.find("</form>", text.find('role="search"')) :]  # below the filter, which names people too


@pytest.fixture
def lines(cast: Cast) -> Cast:
    services.change_profile(actor=cast.rao, version=1, name="Rao renamed", language="", theme="light", weekly_mail=True)
    services.change_profile(
        actor=cast.west_rep, version=1, name="West renamed", language="", theme="light", weekly_mail=True
    )
    services.create_unit(actor=cast.admin, name="East three", kind="team", parent=cast.east)
    return cast


@pytest.mark.parametrize(
    ("who", "reads"),
    [
        ("rao", {"Rao renamed"}),
        ("peer", set()),
        ("mori", {"Rao renamed"}),
        ("diaz", set()),
        ("lin", {"Rao renamed"}),
        ("sato", {"West renamed"}),
        ("planner", {"Rao renamed", "West renamed", "East three"}),
        ("admin", {"Rao renamed", "West renamed", "East three"}),
    ],
)
def test_everybody_reads_the_lines_that_are_theirs_to_read(lines: Cast, who: str, reads: set[str]) -> None:
    text = page_of(getattr(lines, who))
    assert {mark for mark in ("Rao renamed", "West renamed", "East three") if mark in text} == reads


def test_a_filter_finds_nobody_elses_lines(lines: Cast) -> None:
    assert "West renamed" not in page_of(lines.lin, f"?actor={lines.west_rep.pk}")
    assert "Rao renamed" in page_of(lines.lin, f"?actor={lines.rao.pk}&event=teams.profile.")
    assert "Rao renamed" not in page_of(lines.lin, "?event=teams.unit.")


def test_older_lines_follow_on_the_next_page(lines: Cast) -> None:
    for number in range(51):
        services.change_appearance(actor=lines.peer, theme="dark" if number % 2 == 0 else "light")
    first = page_of(lines.mori)
    older = re.search(r"\?before=(\d+)", first)
    assert older is not None
    assert "Rao renamed" not in first
    assert "Rao renamed" in page_of(lines.mori, older.group())


def test_facts_read_as_was_and_became() -> None:
    facts = {
        "changes": {"name": ["Rao", "Ray"], "hired_date": [None, "2026-01-01"]},
        "note": "",
        "roles": ["rep", "lead"],
    }
    assert facts_in_words(facts) == [("name", "Rao → Ray"), ("hired_date", "– → 2026-01-01"), ("roles", "rep, lead")]


def test_every_event_that_is_recorded_has_its_words() -> None:
    sources = [
        path
        for app in ("core", "teams", "customers", "planning", "processes", "risks", "config")
        for path in (settings.BASE_DIR / app).rglob("*.py")
    ]
    events = {event for path in sources for event in EVENT.findall(path.read_text()) if "{" not in event}
    assert events
    assert {e for e in events if e.rpartition(".")[0] not in THINGS or e.rpartition(".")[2] not in VERBS} == set()
    assert in_words("teams.person.moved") == "Person · moved"
