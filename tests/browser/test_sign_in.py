"""Two steps to sign in, from the set-up on the profile to the code after the password."""

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import inspect
from tests.browser.site import Site, troubles
from tests.factories.teams import PASSWORD

pytestmark = pytest.mark.browser


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def _prove(page: Page) -> None:
    """Go to the set-up, which asks for the password once more."""
    page.goto(reverse("mfa_activate_totp"))
    page.wait_for_url(f"**{reverse('account_reauthenticate')}**")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('mfa_activate_totp')}")


def _set_up(page: Page) -> list[str]:
    """Set up the second step; return the recovery codes."""
    page.locator("#id_code").fill(_code(page.locator(".secret").inner_text()))
    page.locator("main .yl-form [type=submit]").click()
    page.wait_for_url(f"**{reverse('mfa_view_recovery_codes')}")
    return page.locator(".codes code").all_inner_texts()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_of_the_second_step_are_accessible_and_in_one_language(site: Site, axe: str, language: str) -> None:
    rao = site.world.cast.rao
    untranslated = inspect.Untranslated({"Rao", "Test company", "Demo"})
    names = ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp")
    with site.signed_in(rao, language=language) as page:
        _prove(page)
        assert inspect.unaccessible(page, axe) == []
        assert language == "en" or untranslated(inspect.words_of(page)) == []
        assert len(_set_up(page)) == 10
        for name in names:
            page.goto(reverse(name))
            assert inspect.unaccessible(page, axe) == [], name
            assert language == "en" or untranslated(inspect.words_of(page)) == [], name
        assert troubles(page) == []


def test_after_the_set_up_the_password_alone_opens_nothing(site: Site, axe: str) -> None:
    rao = site.world.cast.rao
    with site.signed_in(rao) as page:
        _prove(page)
        codes = _set_up(page)
    with site.visitor() as page:
        page.goto(reverse("account_login"))
        page.get_by_label("Email").fill(rao.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('mfa_authenticate')}**")
        assert inspect.unaccessible(page, axe) == []
        page.locator("#id_code").fill("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        page.locator("#id_code").fill(codes[0])
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('customers:my-day')}")
        assert troubles(page) == []
