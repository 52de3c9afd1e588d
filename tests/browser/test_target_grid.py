"""The target grid in a real browser, by keyboard alone: typing, moving, pasting, and two people at one row."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from planning.models import PlanVersion, Target
from planning.queries.outline import AT_ONCE
from teams.models import User
from tests.browser import inspect
from tests.browser.site import Site, troubles
from tests.factories.planning import make_target
from tests.factories.teams import make_person

pytestmark = [pytest.mark.browser, pytest.mark.requirement("R1.2", "R1.5")]
PASTE = """(cell, text) => {
  const clipboard = new DataTransfer();
  clipboard.setData("text/plain", text);
  cell.focus();
  cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true }));
}"""


class Grid:
    """The grid of the draft with its first quarter open, in whole currency, as one person uses it."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.year = site.world.plan.fiscal_year.year
        page.goto(f"/targets/?version={site.world.draft.pk}&unit=one&open=1")

    def cell(self, name: str, month: str) -> Locator:
        return self.page.get_by_label(f"{name}, {month} {self.year}", exact=True)

    def total(self, name: str) -> Locator:
        return self.page.get_by_label(f"{name}, Annual target", exact=True)

    def text(self, unit_key: str, column: str) -> Locator:
        return self.page.locator(f"#{unit_key} [data-col={column}]")

    def paste(self, cell: Locator, text: str) -> None:
        cell.evaluate(PASTE, text)

    def is_saved(self) -> None:
        expect(self.page.locator("#grid-status")).to_have_text("All changes saved")

    def says(self, words: str) -> None:
        expect(self.page.locator("#grid-status")).to_contain_text(words)

    def type(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key) if len(key) > 1 and key[0].isupper() else self.page.keyboard.type(key)


@contextmanager
def grid_of(site: Site, user: User) -> Iterator[Grid]:
    with site.signed_in(user) as page:
        yield Grid(page, site)


@pytest.fixture
def draft(site: Site) -> Site:
    """The draft with targets of team one in the east and of its two reps."""
    cast = site.world.cast
    Target.objects.filter(version=site.world.draft).exclude(unit=cast.company).delete()
    make_target(site.world.draft, unit=cast.east_one, month=Decimal(300))
    make_target(site.world.draft, person=cast.rao, month=Decimal(100))
    make_target(site.world.draft, person=cast.peer, month=Decimal(200))
    return site


def january(user: User, site: Site) -> Decimal:
    return Target.objects.get(version=site.world.draft, person=user).m01


def test_typing_moves_on_sums_follow_at_once_and_the_row_is_saved(draft: Site) -> None:
    cast = draft.world.cast
    team = f"unit-{cast.east_one.pk}"
    with grid_of(draft, cast.lin) as grid:
        expect(grid.text(team, "gap")).to_have_text("0.00")
        grid.cell("Peer of Rao", "Jan").focus()
        grid.type("1,250.50", "Enter")
        expect(grid.cell("Rao", "Jan")).to_be_focused()
        expect(grid.text(team, "planned")).to_have_text("4,650.50")
        expect(grid.text(team, "gap").locator("span")).to_have_text("+1,050.50")
        expect(grid.text(team, "gap").locator("small")).to_have_text("+29.2%")
        expect(grid.text(f"person-{cast.peer.pk}", "q1")).to_have_text("1,650.50")
        grid.is_saved()
        expect(grid.page.locator(f"#person-{cast.peer.pk} [data-state]")).to_have_text("✓")
        assert january(cast.peer, draft) == Decimal("1250.50")
        assert troubles(grid.page) == []


def test_arrows_move_and_escape_restores(draft: Site) -> None:
    with grid_of(draft, draft.world.cast.lin) as grid:
        grid.cell("Rao", "Jan").focus()
        grid.type("ArrowRight")
        expect(grid.cell("Rao", "Feb")).to_be_focused()
        grid.type("ArrowUp")
        expect(grid.cell("Peer of Rao", "Feb")).to_be_focused()
        grid.type("ArrowUp")
        expect(grid.cell("East one", "Feb")).to_be_focused()
        grid.type("ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft")
        expect(grid.total("Rao")).to_be_focused()
        grid.type("ArrowRight", "999", "Escape")
        expect(grid.cell("Rao", "Jan")).to_have_value("100")
        grid.type("Tab")
        grid.is_saved()
    assert january(draft.world.cast.rao, draft) == 100


def test_what_is_no_amount_is_marked_and_blank_is_not_zero(draft: Site) -> None:
    with grid_of(draft, draft.world.cast.lin) as grid:
        cell = grid.cell("Rao", "Jan")
        for typed, reason in (("1.2万", "Enter plain figures"), ("", "Blank is not zero")):
            cell.focus()
            cell.fill(typed)
            grid.type("Tab")
            expect(cell).to_have_attribute("aria-invalid", "true")
            grid.says(reason)
        cell.focus()
        grid.type("Escape", "Tab")
        grid.is_saved()
    assert january(draft.world.cast.rao, draft) == 100


def test_a_block_pastes_into_several_rows_each_with_its_own_result(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        grid.paste(grid.cell("Peer of Rao", "Jan"), "1,000\t2000.5\r\n3000\t4000\r\n")
        grid.is_saved()
        for person in (cast.peer, cast.rao):
            expect(grid.page.locator(f"#person-{person.pk} [data-state]")).to_have_text("✓")
    peer, rao = (Target.objects.get(version=draft.world.draft, person=person) for person in (cast.peer, cast.rao))
    assert (peer.m01, peer.m02, peer.m03) == (Decimal(1000), Decimal("2000.50"), Decimal(200))
    assert (rao.m01, rao.m02) == (Decimal(3000), Decimal(4000))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("1\t2\n3\tx", "Some cells of the block are no amounts"),
        ("1\t2\n3\t", "Some cells of the block are no amounts"),
        ("1\t2\t3\t4\n5\t6\t7\t8", "reaches beyond the grid"),
        ("1\t2\n3\t4\n5\t6", "covers a row that you may not change"),
    ],
)
def test_a_block_with_one_bad_cell_changes_nothing(draft: Site, block: str, reason: str) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.mori) as grid:
        start = "Peer of Rao"
        if "may not change" in reason:
            grid.page.goto(f"/targets/?version={draft.world.draft.pk}&unit=one&open=1")
            make_locked(grid)
        grid.paste(grid.cell(start, "Jan"), block)
        expect(grid.page.locator("#toasts")).to_contain_text(reason)
        if "no amounts" in reason:
            expect(grid.cell("Rao", "Feb")).to_have_attribute("aria-invalid", "true")
            expect(grid.cell("Rao", "Feb")).to_have_value("100.00")
    assert january(cast.peer, draft) == 200
    assert january(cast.rao, draft) == 100


def make_locked(grid: Grid) -> None:
    """Put the locked row of the team below its people, where a block of three rows reaches it."""
    grid.page.evaluate("document.querySelector('tbody').append(document.querySelector('tr.level-team'))")


def test_two_people_at_one_row_see_both_values_and_choose(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as mine, grid_of(draft, cast.planner) as theirs:
        theirs.cell("Rao", "Jan").focus()
        theirs.type("500", "Enter")
        theirs.is_saved()
        mine.cell("Rao", "Jan").focus()
        mine.type("600", "Tab", "Tab", "Tab")
        conflict = mine.page.locator(".conflict-row")
        expect(conflict).to_contain_text("Somebody changed this row while you did.")
        expect(conflict.get_by_role("row", name=f"Jan {mine.year}")).to_contain_text("600.00")
        expect(conflict.get_by_role("row", name=f"Jan {mine.year}")).to_contain_text("500.00")
        assert january(cast.rao, draft) == 500
        mine.page.get_by_role("button", name="Keep mine").press("Enter")
        mine.is_saved()
        assert january(cast.rao, draft) == 600

        theirs.cell("Rao", "Jan").focus()
        theirs.type("700", "Enter")
        theirs.page.get_by_role("button", name="Take theirs").press("Enter")
        theirs.is_saved()
        expect(theirs.cell("Rao", "Jan")).to_have_value("600.00")
    assert january(cast.rao, draft) == 600


def test_a_total_is_spread_by_the_tool_and_by_typing_it(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        grid.total("Rao").focus()
        grid.type("2400", "Enter")
        expect(grid.cell("Rao", "Jan")).to_have_value("200.00")
        grid.is_saved()
        grid.page.get_by_role("link", name="Spread or edit Rao").press("Enter")
        dialog = grid.page.get_by_role("dialog", name="Spread over the months")
        expect(dialog.get_by_label("Annual target")).to_have_value("2400")
        dialog.get_by_label("Annual target").fill("1000.01")
        dialog.get_by_role("button", name="Evenly").press("Enter")
        expect(grid.cell("Rao", "Jan")).to_have_value("83.34")
        expect(grid.page.locator("#toasts")).to_contain_text("The same amount in every month.")
        grid.is_saved()
    assert Target.objects.get(version=draft.world.draft, person=cast.rao).total == Decimal("1000.01")


def test_a_row_without_a_target_waits_for_twelve_months(draft: Site) -> None:
    cast = draft.world.cast
    Target.objects.filter(version=draft.world.draft, person=cast.rao).delete()
    with grid_of(draft, cast.lin) as grid:
        grid.cell("Rao", "Jan").focus()
        grid.type("500", "Enter")
        grid.says("Months still blank: 11")
        assert not Target.objects.filter(version=draft.world.draft, person=cast.rao).exists()
        grid.total("Rao").focus()
        grid.type("1200", "Enter")
        grid.is_saved()
    assert Target.objects.get(version=draft.world.draft, person=cast.rao).total == 1200


def test_quarters_open_rows_fold_and_the_unit_is_display_only(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        toggle = grid.page.get_by_role("button", name="Q2")
        expect(grid.cell("Rao", "Apr")).to_have_count(0)
        toggle.press("Enter")
        expect(toggle).to_have_attribute("aria-expanded", "true")
        expect(grid.cell("Rao", "Apr")).to_be_visible()
        grid.page.get_by_role("button", name="Rows below East one").press("Enter")
        expect(grid.page.locator(f"#person-{cast.rao.pk}")).to_be_hidden()
        grid.page.get_by_role("button", name="Rows below East one").press("Enter")
        grid.page.get_by_label("Amounts in").select_option("thousand")
        # 1,200 a year is 1 thousand, and shown quarters add up to the shown year
        expect(grid.text(f"person-{cast.rao.pk}", "q1")).to_have_text("1")
        expect(grid.text(f"person-{cast.rao.pk}", "q2")).to_have_text("0")
        grid.cell("Rao", "Apr").focus()
        expect(grid.cell("Rao", "Apr")).to_have_value("0.1")
        grid.type("2.5", "Enter")
        grid.is_saved()
    assert Target.objects.get(version=draft.world.draft, person=cast.rao).m04 == 2500


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_grid_in_use_is_accessible(draft: Site, axe: str, theme: str) -> None:
    cast = draft.world.cast
    with draft.signed_in(cast.lin, theme=theme) as page:
        grid = Grid(page, draft)
        grid.cell("Rao", "Jan").fill("x")
        grid.cell("Rao", "Feb").focus()
        Target.objects.filter(version=draft.world.draft, person=cast.peer).update(lock_version=5)
        grid.cell("Peer of Rao", "Jan").fill("7")
        grid.cell("Rao", "Feb").focus()
        expect(page.locator(".conflict-row")).to_be_visible()
        assert inspect.unaccessible(page, axe) == []
        page.get_by_role("link", name="Spread or edit Rao").click()
        assert inspect.unaccessible(page, axe) == []


def test_paper_gets_the_table_without_controls(draft: Site) -> None:
    with grid_of(draft, draft.world.cast.lin) as grid:
        grid.page.emulate_media(media="print")
        for hidden in (".grid-bar", ".grid-foot", ".tools", ".page-actions", ".navbar", ".fold"):
            for part in grid.page.locator(hidden).all():
                expect(part).to_be_hidden()
        expect(grid.page.get_by_role("button", name="Q1")).to_be_visible()
        assert str(draft.world.draft.number) in grid.page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--print-line')"
        )


def test_a_month_set_by_hand_is_marked_asked_why_and_kept_by_the_next_spread(draft: Site, axe: str) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        grid.cell("Rao", "Jan").fill("250")
        grid.type("Enter")
        question = grid.page.get_by_label(f"Why was this set by hand? Rao: Jan {grid.year}")
        question.fill("The fair")
        grid.type("Enter")
        expect(question).to_be_hidden()
        cell = grid.text(f"person-{cast.rao.pk}", "m01")
        expect(cell).to_have_class(re.compile("by-hand"))
        expect(cell).to_have_attribute("title", re.compile("Set by hand by Lin.*: The fair"))
        grid.total("Rao").fill("2450")
        grid.type("Enter")
        grid.is_saved()
        expect(grid.cell("Rao", "Jan")).to_have_value("250.00")
        expect(grid.cell("Rao", "Feb")).to_have_value("200.00")
        assert inspect.unaccessible(grid.page, axe) == []
    target = Target.objects.get(version=draft.world.draft, person=cast.rao)
    assert (target.all_overrides["m01"].reason, target.total) == ("The fair", 2450)


def test_months_in_per_cent_keep_the_total_and_move_the_others(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        grid.page.get_by_label("Months in % of the year").check()
        expect(grid.cell("Rao", "Jan")).to_have_value("8.4%")
        grid.cell("Rao", "Jan").fill("25")
        grid.type("Enter")
        grid.is_saved()
        expect(grid.cell("Rao", "Jan")).to_have_value("25.0%")
        expect(grid.total("Rao")).to_have_value("1,200.00")
        grid.cell("Rao", "Feb").fill("half")
        grid.type("Enter")
        grid.says("Enter a share between 0 and 100 %")
        assert troubles(grid.page) == []
    target = Target.objects.get(version=draft.world.draft, person=cast.rao)
    assert [target.m01, target.total] == [300, 1200]


def test_a_locked_total_stays_while_a_month_changes(draft: Site) -> None:
    cast = draft.world.cast
    with grid_of(draft, cast.lin) as grid:
        grid.page.locator(f"#person-{cast.rao.pk} [data-spread]").click()
        grid.page.get_by_label("Lock the annual total").check()
        expect(grid.page.locator(f"#person-{cast.rao.pk} [data-lock]")).to_be_visible()
        grid.page.keyboard.press("Escape")
        grid.cell("Rao", "Jan").fill("210")
        grid.type("Enter")
        grid.is_saved()
        expect(grid.cell("Rao", "Feb")).to_have_value("90.00")
        expect(grid.total("Rao")).to_have_value("1,200.00")
        grid.cell("Rao", "Feb").fill("1200")
        grid.type("Enter")
        grid.says("The months set by hand already come to 1,410.00")
    assert january(cast.rao, draft) == 210


def test_a_large_grid_unfolds_finds_and_keeps_what_is_typed_in_every_part(draft: Site, axe: str) -> None:
    cast = draft.world.cast
    for number in range(AT_ONCE + 3):
        make_target(draft.world.draft, person=make_person(f"Zhou {number:02}", unit=cast.east_two), month=Decimal(10))
    with grid_of(draft, cast.lin) as grid:
        expect(grid.page.locator(f"#person-{cast.rao.pk}")).to_have_count(0)
        grid.page.get_by_role("button", name="Rows below East one").press("ArrowRight")
        grid.page.get_by_role("button", name="Rows below East two").press("Enter")
        expect(grid.cell("Zhou 59", "Jan")).to_be_visible()
        expect(grid.cell("Zhou 60", "Jan")).to_have_count(0)
        grid.cell("Rao", "Jan").fill("700")
        grid.cell("Zhou 03", "Jan").fill("20")
        grid.type("Enter")
        expect(grid.text(f"unit-{cast.east_one.pk}", "planned")).to_have_text("4,200.00")
        expect(grid.text(f"unit-{cast.east_two.pk}", "planned")).to_have_text("7,570.00")
        grid.is_saved()

        grid.cell("Rao", "Feb").fill("x")
        grid.page.get_by_role("button", name="Rows below East one").press("ArrowLeft")
        expect(grid.page.locator(f"#person-{cast.peer.pk}")).to_be_hidden()
        expect(grid.cell("Rao", "Feb")).to_have_value("x")  # what needs attention stays in sight
        grid.cell("Rao", "Feb").fill("100")
        grid.type("Enter")

        grid.page.get_by_label("Find a unit or person").press_sequentially("zhou 62")
        expect(grid.page.locator("#grid-found")).to_contain_text("East › East two")
        grid.type("Enter")
        expect(grid.total("Zhou 62")).to_be_focused()
        assert inspect.unaccessible(grid.page, axe) == []
        grid.page.goto(f"/targets/?version={draft.world.draft.pk}&unit=one&open=1")
        expect(grid.cell("Zhou 03", "Jan")).to_have_value("20.00")  # what was open is open again
        assert troubles(grid.page) == []
    assert january(cast.rao, draft) == 700


def test_months_that_were_over_are_shown_and_not_typed_into(draft: Site) -> None:
    cast, version = draft.world.cast, draft.world.draft
    month = version.plan.fiscal_year.first_date.replace(month=2)
    PlanVersion.objects.filter(pk=version.pk).update(effective_date=month, shortfall="drop")
    with grid_of(draft, cast.lin) as grid:
        expect(grid.cell("Rao", "Feb")).to_be_visible()
        expect(grid.cell("Rao", "Jan")).to_have_count(0)
        expect(grid.text(f"person-{cast.rao.pk}", "m01")).to_have_text("100.00")
        expect(grid.page.get_by_role("columnheader", name="Jan over, stays as it was")).to_be_visible()
        grid.total("Rao").focus()
        grid.type("ArrowRight")
        expect(grid.cell("Rao", "Feb")).to_be_focused()
        assert troubles(grid.page) == []
