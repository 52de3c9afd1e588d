"""The frame of every page: keyboard, palette, language, theme, the bar under the thumb."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import inspect
from tests.browser.site import Site, troubles
from tests.factories.teams import PASSWORD

pytestmark = pytest.mark.browser

HOME = "/people/profile/"


def _focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.innerText || document.activeElement.id")
    return text.strip()


def test_the_first_tab_stop_skips_to_the_content(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        page.keyboard.press("Tab")
        assert _focused(page) == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_the_keyboard_walks_through_the_sidebar_in_its_order(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        entries = page.locator(".navbar-vertical .nav-link").all_inner_texts()
        page.locator(".navbar-vertical .palette-opener").focus()
        walked = []
        for _entry in entries:
            page.keyboard.press("Tab")
            walked.append(_focused(page))
        assert walked == entries


def test_the_palette_finds_a_page_by_a_part_of_its_name(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        page.keyboard.press("Control+k")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.type("custom")
        chosen = page.locator("#palette [role=option][aria-selected=true]")
        expect(chosen).to_have_text("Customers")
        assert page.locator("#palette-input").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('customers:customers')}")
        assert troubles(page) == []


def test_the_palette_says_when_no_page_has_the_name_and_searches_deals(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        page.keyboard.press("Control+k")
        page.keyboard.type("Deal 4")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('customers:deals')}?q=Deal%204")


def test_escape_closes_the_palette_and_gives_the_focus_back(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        opener = page.locator(".palette-opener")
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        expect(opener).to_be_focused()


def test_theme_and_language_are_kept_in_the_profile_and_drawn_by_the_server(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        menu = page.locator(".user-menu-bottom")
        menu.locator("summary").click()
        menu.get_by_role("button", name="Dark").click()
        page.wait_for_url(f"**{HOME}")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        menu.locator("summary").click()
        menu.get_by_role("button", name="中文").click()
        page.wait_for_url(f"**{HOME}")
        expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        assert troubles(page) == []


def test_escape_closes_the_persons_menu(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        summary = page.locator(".user-menu-bottom summary")
        summary.press("Enter")
        expect(page.locator("#user-menu")).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(page.locator("#user-menu")).to_be_hidden()
        expect(summary).to_be_focused()


def test_a_rep_has_four_pages_under_the_thumb(site: Site) -> None:
    with site.signed_in(site.world.cast.rao, phone=True) as page:
        page.goto(HOME)
        bar = page.locator(".bottom-bar a")
        assert bar.all_inner_texts() == ["My day", "My pipeline", "My plan", "Log"]
        for link in bar.all():
            box = link.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["width"] >= 44
        bar.nth(1).click()
        page.wait_for_url(f"**{reverse('customers:board')}")
        expect(page.locator(".bottom-bar [aria-current]")).to_have_text("My pipeline")


def test_a_supervisor_has_the_menu_on_the_phone_and_no_bar(site: Site) -> None:
    with site.signed_in(site.world.cast.lin, phone=True) as page:
        page.goto(HOME)
        expect(page.locator(".bottom-bar")).to_have_count(0)
        expect(page.locator("#sidebar-menu")).to_be_hidden()
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(page.locator("#sidebar-menu")).to_be_visible()


def test_a_person_signs_in_with_the_keyboard_and_out_again(site: Site) -> None:
    lin = site.world.cast.lin
    lin.set_password(PASSWORD)
    lin.save()
    with site.visitor() as page:
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(lin.email)
        page.get_by_label("Password").fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('planning:overview')}")
        page.locator(".user-menu-bottom summary").click()
        page.locator("#user-menu").get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/accounts/login/")
        assert troubles(page) == []


def test_a_visitor_with_a_dark_device_gets_a_dark_sign_in(site: Site) -> None:
    with site.visitor(dark=True) as page:
        page.goto("/accounts/login/")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_chart_shows_its_data_and_its_colours_follow_the_theme(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto("/gallery/")
        page.wait_for_selector("#bars .bars path")
        light = page.evaluate("getComputedStyle(document.querySelector('#bars .bars path')).fill")
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        page.wait_for_function(
            "light => getComputedStyle(document.querySelector('#bars .bars path')).fill !== light", arg=light
        )
        button = page.locator("[data-chart=bars] [data-chart-toggle]")
        button.click()
        expect(page.locator("#bars-data")).to_be_visible()
        expect(button).to_have_attribute("aria-expanded", "true")
        assert troubles(page) == []


def test_on_paper_a_dark_page_is_light_and_goes_dark_again(site: Site) -> None:
    with site.signed_in(site.world.cast.lin, theme="dark") as page:
        page.goto("/gallery/")
        page.wait_for_selector("#bars .bars path")
        colour = "getComputedStyle(document.querySelector('#bars .bars path')).fill"
        dark = page.evaluate(colour)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.wait_for_function(f"{colour} === 'rgb(11, 87, 194)'")
        page.emulate_media(media="print")
        expect(page.locator(".navbar-vertical")).to_be_hidden()
        expect(page.locator(".page-actions")).to_be_hidden()
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.wait_for_function(f"dark => {colour} === dark", arg=dark)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("path", "status"), [("/nowhere/", 404), ("/people/new/", 403), ("/deals/999999/", 404)])
def test_a_refusal_is_a_page_with_a_reason_and_a_way_back(
    site: Site, axe: str, language: str, path: str, status: int
) -> None:
    with site.signed_in(site.world.cast.rao, language=language) as page:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        expect(page.locator("[data-refusal]")).to_be_visible()
        expect(page.locator("main a.btn")).to_be_visible()
        expect(page.locator(".navbar-vertical")).to_be_visible()
        assert inspect.unaccessible(page, axe) == []
        if language == "zh-hans":
            assert inspect.Untranslated({"Rao", "Test company"})(inspect.words_of(page)) == []
        assert troubles(page) == []


def test_a_refusal_to_htmx_is_said_as_a_message(site: Site) -> None:
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(HOME)
        page.evaluate("htmx.ajax('GET', '/people/new/', {target: 'main', swap: 'innerHTML'})")
        expect(page.locator(".yl-toast-error")).to_be_visible()
        expect(page.locator("h1")).to_have_text("Your profile")


def test_a_form_ties_its_errors_to_its_fields(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto("/gallery/?bad=1")
        field = page.get_by_label("Name")
        expect(field).to_have_attribute("aria-invalid", "true")
        described = (field.get_attribute("aria-describedby") or "").split()
        assert [page.locator(f"#{one}").inner_text() for one in described] == [
            "As it stands on the contract.",
            "This field is required.",
        ]
        expect(page.locator("[data-focus]")).to_be_focused()


def test_the_watch_sees_what_the_policy_refuses(site: Site) -> None:
    with site.signed_in(site.world.cast.lin) as page:
        page.goto(HOME)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
        page.wait_for_function("window.__violations.length > 0")
        assert any(line.startswith("policy: style-src-attr") for line in troubles(page))
