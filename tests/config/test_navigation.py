"""The way through the product: everybody sees what opens for them, and nothing that does not."""

import pytest
from django.test import Client
from django.urls import reverse

from config import navigation
from tests.factories.customers import make_pipeline
from tests.factories.teams import PASSWORD, Cast

PEOPLE = ("lin", "mori", "rao", "planner", "admin")


def _urls(menu: navigation.Menu) -> list[str]:
    links = [link for _label, group in menu.groups for link in group]
    tabs = [tab for link in links for tab in link.tabs]
    return [link.url for link in (*links, *tabs, *menu.bottom, *menu.personal, *menu.actions)]


@pytest.mark.parametrize("who", PEOPLE)
def test_every_entry_of_a_persons_menu_opens_for_that_person(client: Client, cast: Cast, who: str) -> None:
    make_pipeline()
    person = getattr(cast, who)
    person.set_password(PASSWORD)
    person.save()
    client.force_login(person)
    for url in _urls(navigation.menu(person, "/")):
        assert client.get(url).status_code == 200, url


@pytest.mark.parametrize(("who", "first"), [("lin", "planning:overview"), ("rao", "customers:my-day")])
def test_home_leads_to_the_first_page_of_the_persons_own_menu(client: Client, cast: Cast, who: str, first: str) -> None:
    client.force_login(getattr(cast, who))
    assert client.get("/").headers["Location"] == reverse(first)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/pipeline/", "Pipeline"),
        ("/deals/7/", "Pipeline"),
        ("/funnel/", "Pipeline"),
        ("/people/units/", "People and units"),
        ("/contacts/3/edit/", "Customers"),
        ("/targets/", "Targets"),
    ],
)
def test_the_entry_above_a_page_is_the_current_one(cast: Cast, path: str, current: str) -> None:
    menu = navigation.menu(cast.lin, path)
    assert [str(link.label) for _label, group in menu.groups for link in group if link.current] == [current]


def test_the_tabs_of_a_section_stand_on_its_own_pages_only(cast: Cast) -> None:
    assert [str(tab.label) for tab in navigation.menu(cast.lin, "/deals/").tabs] == [
        "Board",
        "List",
        "Funnel",
        "Conversion",
    ]
    assert navigation.menu(cast.lin, "/overview/").tabs == []
