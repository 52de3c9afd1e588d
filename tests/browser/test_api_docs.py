"""The API's page for people: Swagger's scripts under the policy of every other page."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import inspect
from tests.browser.site import Site, troubles

pytestmark = [pytest.mark.browser, pytest.mark.requirement("R7.3")]


def test_the_operations_are_drawn_and_the_policy_is_kept(site: Site) -> None:
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(reverse("api:docs"))
        page.set_viewport_size({"width": 1280, "height": 16_000})  # Swagger draws what comes into view
        expect(page.locator(".opblock", has_text="/api/v1/workdays/").first).to_be_visible()
        drawn = page.locator(".opblock-summary-path").all_inner_texts()
        page.locator(".opblock", has_text="/api/v1/deals/{id}/moves/").first.locator(".opblock-summary").click()
        expect(page.locator(".opblock-body").first).to_be_visible()
        assert troubles(page) == []
    shown = {path.replace("\u200b", "") for path in drawn}
    assert {"/api/v1/deals/", "/api/v1/customers/", "/api/v1/forecasts/", "/api/v1/targets/split/"} <= shown


def test_the_page_finds_its_name_and_its_language(site: Site, axe: str) -> None:
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(reverse("api:docs"))
        expect(page.locator(".opblock").first).to_be_visible()
        assert page.title() == "Yearline API"
        # Swagger draws what is below; what we give is the document around it.
        ours = [line for line in inspect.unaccessible(page, axe) if line.startswith(("axe: html", "axe: document"))]
        assert ours == []
