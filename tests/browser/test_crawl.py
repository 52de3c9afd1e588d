"""
Every page of the product, found through the URL resolver, in both languages, light and dark, wide and on a phone.

A new page is covered the day it gets a name. Each is loaded once per person and language: light on a desktop, then the
same document turned dark on a phone's width, which is what the server would have sent (one attribute apart).
"""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from teams.models import User
from tests.browser import inspect
from tests.browser.site import DESKTOP, PHONE, Site, troubles
from tests.routes import Route, named_routes
from tests.samples import CSV, arguments

pytestmark = [pytest.mark.browser, pytest.mark.long]

# Not pages: the API answers in JSON and has its own tests.
NO_PAGES = ("api:", "healthz", "readyz")
REFUSED = frozenset({400, 403, 404, 405, 409, 410})
LANGUAGES = ("en", "zh-hans")
WHO = ("lin", "rao", "admin")
FIRST = {("lin", "en"), ("rao", "zh-hans")}  # asked by make test; the others by make thorough
GALLERY = "gallery"  # every component once; it speaks English only


def _pages() -> list[Route]:
    return [route for route in named_routes() if not route.name.startswith(NO_PAGES)]


def _paths(site: Site, user: User | None) -> Iterator[tuple[str, str]]:
    """Yield name and path of what answers this person with a page of its own."""
    client = Client(headers={"host": "127.0.0.1"})
    if user is not None:
        client.force_login(User.objects.get(pk=user.pk))
    for route in _pages():
        try:
            path = reverse(route.name, kwargs=arguments(route.name, route.arguments, site.world))
        except KeyError:  # said once, by the test of the samples
            continue
        answer = client.get(path)
        assert answer.status_code < 500, f"{route.name} {path}: {answer.status_code}"
        if answer.status_code in REFUSED or 300 <= answer.status_code < 400:
            continue
        # A download is no page, and a fragment is seen on the page that asks for it.
        if answer.headers["Content-Type"].startswith("text/html") and b"<html" in answer.content:
            yield route.name, path


def _data() -> set[str]:
    """Return every text in the tables that people wrote: names, titles, notes."""
    found: set[str] = set(CSV.decode().splitlines()[0].split(","))  # the columns of the sample file are data too
    for model in apps.get_models():
        if model._meta.app_label not in {"core", "teams", "customers", "planning"}:
            continue
        for column in model._meta.get_fields():
            if isinstance(column, models.CharField | models.TextField) and not column.choices:
                found |= set(model._default_manager.values_list(column.name, flat=True).distinct()[:500])
    return {text for text in found if isinstance(text, str)}


def _faults(page: Page, path: str, language: str, axe: str, untranslated: inspect.Untranslated) -> list[str]:
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # a plain dict of the two
    page.goto(path, wait_until="load")
    page.wait_for_function("Array.from(document.querySelectorAll('[data-chart]')).every(card => card.dataset.drawn)")
    words = inspect.words_of(page)
    found = [*inspect.holes(words), *inspect.unaccessible(page, axe)]
    if page.locator("html").get_attribute("lang") != ("zh-hans" if language == "zh-hans" else "en"):
        found.append("in another language than the profile's")
    if language == "zh-hans" and GALLERY not in path:
        found += untranslated(words)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict of the two
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    found += [
        f"dark, phone: {line}" for line in (*inspect.unaccessible(page, axe, again=True), *inspect.too_wide(page))
    ]
    return found + troubles(page)


@pytest.mark.parametrize(
    ("who", "language"),
    [
        # A rep's and an administrator's pages are the supervisor's with less or more on them: make thorough reads them
        # in English too.
        pytest.param(who, language, marks=() if (who, language) in FIRST else pytest.mark.thorough)
        for who in WHO
        for language in LANGUAGES
    ],
)
def test_every_page_is_accessible_whole_and_in_one_language(site: Site, axe: str, who: str, language: str) -> None:
    user: User = getattr(site.world.cast, who)
    untranslated = inspect.Untranslated(_data())
    # The administrator's own pages: the others look the same to a supervisor.
    seen = {name for name, _path in _paths(site, site.world.cast.lin)} if who == "admin" else set()
    with site.signed_in(user, language=language) as page:
        found = {
            name: _faults(page, path, language, axe, untranslated)
            for name, path in _paths(site, user)
            if name not in seen
        }
    if any(found.values()):
        pytest.fail(inspect.summary(found), pytrace=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_visitor_finds_every_open_page_accessible(site: Site, axe: str, language: str) -> None:
    untranslated = inspect.Untranslated(_data())
    with site.visitor(language=language) as page:
        found = {name: _faults(page, path, language, axe, untranslated) for name, path in _paths(site, None)}
    assert "account_login" in found
    if any(found.values()):
        pytest.fail(inspect.summary(found), pytrace=False)


def test_every_route_with_arguments_has_a_sample(site: Site) -> None:
    for route in _pages():
        reverse(route.name, kwargs=arguments(route.name, route.arguments, site.world))
