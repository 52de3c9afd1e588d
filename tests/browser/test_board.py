"""The board and the day under a real hand: menu, mouse, keyboard and thumb."""

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from customers import services
from customers.models import Activity, Deal
from tests.browser.site import Site, troubles
from tests.factories.customers import stage_of

pytestmark = pytest.mark.browser

BOARD = "/pipeline/"


def card(page: Page, deal: Deal) -> Locator:
    return page.locator(f"#deal-{deal.pk}")


def column(page: Page, deal: Deal, stage: str) -> Locator:
    return page.locator(f'.board-cards[data-stage="{stage_of(deal.pipeline, stage).pk}"]')


def choose(page: Page, deal: Deal, stage: str) -> None:
    card(page, deal).locator("[data-move-menu]").click()
    page.locator("#move-menu").get_by_role("menuitem", name=stage, exact=True).click()


def said(page: Page) -> Locator:
    return page.locator("#toasts .yl-toast").last


def open_deal(site: Site) -> Deal:
    """A deal of Rao's in its first stage."""
    return Deal.objects.filter(owner=site.world.cast.rao, stage__name="Lead").select_related("pipeline").latest("pk")


def test_a_card_moves_by_its_menu_keeps_the_focus_and_says_so(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        choose(page, deal, "Visited")
        expect(column(page, deal, "Visited").locator(f"#deal-{deal.pk}")).to_be_visible()
        expect(said(page)).to_contain_text(f"“{deal.title}” moved to Visited.")
        expect(card(page, deal).locator("[data-move-menu]")).to_be_focused()
        assert page.locator("#toasts").get_attribute("aria-live") == "polite"
        assert troubles(page) == []
    assert Deal.objects.get(pk=deal.pk).stage.name == "Visited"


def test_the_menu_works_by_keyboard_alone(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        button = card(page, deal).locator("[data-move-menu]")
        button.focus()
        page.keyboard.press("ArrowDown")
        expect(page.locator("#move-menu [role=menuitem]:not([hidden])").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(said(page)).to_contain_text("moved to Visited.")
        assert troubles(page) == []


def test_undo_takes_a_move_back_and_the_history_keeps_both(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        choose(page, deal, "Quoted")
        said(page).get_by_role("button", name="Undo").click()
        expect(column(page, deal, "Lead").locator(f"#deal-{deal.pk}")).to_be_visible()
        expect(said(page)).to_contain_text("Undone")
        assert troubles(page) == []
    assert [event.kind for event in deal.events.all()] == ["create", "move", "back"]


def test_a_card_is_dragged_to_another_column_with_a_mouse(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        card(page, deal).locator(".deal-card-foot").drag_to(
            column(page, deal, "Contacted"), target_position={"x": 60, "y": 20}
        )
        expect(said(page)).to_contain_text("moved to Contacted.")
        expect(column(page, deal, "Contacted").locator(f"#deal-{deal.pk}")).to_be_visible()
        card(page, deal).locator(".deal-card-foot").drag_to(
            column(page, deal, "Quoted"), target_position={"x": 60, "y": 20}
        )  # the board is a new one now and takes a second drag
        expect(said(page)).to_contain_text("moved to Quoted.")
        assert troubles(page) == []


def test_dropping_on_lost_asks_why_and_a_refusal_stays_in_the_dialog(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        card(page, deal).locator(".deal-card-foot").drag_to(page.locator(".drop-zone-lost"))
        dialog = page.locator("#move-dialog")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_label("Reason")).to_be_focused()
        dialog.get_by_role("button", name="Lost").click()
        expect(dialog.locator(".field-errors")).to_be_visible()
        dialog.get_by_label("Reason").fill("The plant is closed")
        dialog.get_by_role("button", name="Lost").click()
        expect(dialog).to_be_hidden()
        expect(card(page, deal)).to_have_count(0)
        expect(said(page)).to_contain_text("moved to Lost.")
        assert [line for line in troubles(page) if not line.startswith("422")] == []
    deal.refresh_from_db()
    assert (deal.stage.name, deal.events.latest("seq").reason) == ("Lost", "The plant is closed")


def test_winning_asks_for_the_amount_and_offers_the_one_that_is_known(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao) as page:
        page.goto(BOARD)
        choose(page, deal, "Won")
        dialog = page.locator("#move-dialog")
        expect(dialog.get_by_label("Amount")).to_have_value(str(deal.amount))
        dialog.get_by_label("Amount").fill("123456.78")
        dialog.get_by_role("button", name="Won").click()
        expect(said(page)).to_contain_text("moved to Won.")
        assert troubles(page) == []
    deal.refresh_from_db()
    assert (deal.stage.name, str(deal.amount)) == ("Won", "123456.78")


def test_a_conflict_shows_what_both_wanted_and_where_the_card_is_now(site: Site) -> None:
    deal = open_deal(site)
    cast = site.world.cast
    with site.signed_in(cast.rao) as page:
        page.goto(BOARD)
        services.move_deal(
            deal=deal,
            to_stage=stage_of(deal.pipeline, "Visited"),
            version=deal.version,
            actor=cast.mori,
            now=timezone.now(),
        )
        choose(page, deal, "Contacted")
        expect(said(page)).to_contain_text("Mori changed")
        expect(said(page)).to_contain_text("You wanted Contacted")
        expect(column(page, deal, "Visited").locator(f"#deal-{deal.pk}")).to_be_visible()
        assert troubles(page) == []


def test_on_a_phone_the_menu_is_the_way_and_nothing_can_be_dragged(site: Site) -> None:
    deal = open_deal(site)
    with site.signed_in(site.world.cast.rao, phone=True, language="zh-hans") as page:
        page.goto(BOARD)
        if page.evaluate("matchMedia('(hover: hover) and (pointer: fine)').matches"):
            pytest.skip("this browser says that a phone has a mouse")
        expect(page.locator(".drop-zone").first).to_be_hidden()
        card(page, deal).locator("[data-move-menu]").tap()
        page.locator("#move-menu").get_by_role("menuitem", name="已拜访").tap()
        expect(said(page)).to_contain_text("已移动到“已拜访”")
        assert troubles(page) == []


def test_one_tap_finishes_a_next_step(site: Site) -> None:
    step = Activity.objects.planned().filter(person=site.world.cast.rao).latest("pk")
    with site.signed_in(site.world.cast.rao, phone=True) as page:
        page.goto("/my-day/")
        page.get_by_role("button", name=f"Done: {step.subject}").tap()
        expect(page.get_by_role("button", name=f"Done: {step.subject}")).to_have_count(0)
        assert troubles(page) == []
    step.refresh_from_db()
    assert step.done_at is not None
