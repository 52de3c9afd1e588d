"""An import in a real browser: from the file to its result, with the bar that goes on by itself."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers import services
from customers.models import Deal, ImportFile
from tests.browser import inspect
from tests.browser.site import Site, troubles

pytestmark = pytest.mark.browser
SAMPLE = settings.BASE_DIR / "examples" / "hotel"
SHARED = Path(os.environ.get("SHARED_DATA", "../shared/data"))


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here; the shipped sample covers the same paths.")
    return path


def hand_in(page: Page, site: Site, path: Path, source: str) -> ImportFile:
    page.goto(f"{site.url}/imports/new/")
    page.set_input_files("input[type=file]", path)
    page.fill("input[name=source]", source)
    page.click("main form [type=submit]")
    page.wait_for_url("**/map/")
    return ImportFile.objects.latest("pk")


def work(file: ImportFile) -> None:
    """Be the worker."""
    services.work_on_import(file.pk, clock=timezone.now)


def deals_of(source: str) -> QuerySet[Deal]:
    return Deal.objects.filter(source=source)


def check_and_import(page: Page, file: ImportFile) -> None:
    page.click("text=Check the file")
    page.wait_for_url("**/preview/")
    expect(page.get_by_text("Every line is being checked.")).to_be_visible()
    work(file)
    page.click(".import-decide .btn-primary", timeout=60_000)  # the bar found out by itself that the check is through
    page.wait_for_url(f"**/imports/{file.pk}/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    work(file)
    expect(page.get_by_text("What to do next")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("name", ["deals.csv.gz", "events.csv.gz"])
def test_the_sample_comes_in_through_the_pages(site: Site, name: str) -> None:
    with site.signed_in(site.world.cast.admin) as page:
        file = hand_in(page, site, SAMPLE / name, "hotel")
        page.select_option("select[name=pipeline]", "new")
        page.fill("input[name=new_pipeline]", "Hotel")  # drawn anew by the choice before
        check_and_import(page, file)
        assert troubles(page) == []

    assert deals_of("hotel").count() == 2015
    assert deals_of("hotel").exclude(stage__kind="open").count() == 2015


def test_a_chosen_column_shows_its_samples_and_a_stage_column_its_words(site: Site) -> None:
    with site.signed_in(site.world.cast.admin) as page:
        hand_in(page, site, SAMPLE / "deals.csv.gz", "hotel")
        page.select_option("select[name=col_channel]", "segment")
        row = page.locator("tr", has=page.locator("select[name=col_channel]"))
        expect(row.locator("[data-samples]")).to_contain_text("Resort Hotel")

        page.select_option("select[name=col_stage]", "segment")

        expect(page.get_by_role("rowheader", name="Resort Hotel")).to_be_visible()
        expect(page.locator("select[name=col_channel]")).to_have_value("segment")


def test_every_step_is_in_order_for_everybody(site: Site, axe: str) -> None:
    """No step is without its audit: light and dark, wide and on a phone, in both languages."""
    for language, theme, phone in (("en", "light", False), ("zh-hans", "dark", True)):
        with site.signed_in(site.world.cast.admin, language=language, theme=theme, phone=phone) as page:
            file = hand_in(page, site, SAMPLE / "deals.csv.gz", f"hotel-{language}")
            assert inspect.unaccessible(page, axe) == []
            page.select_option("select[name=pipeline]", "new")
            page.fill("input[name=new_pipeline]", f"Hotel {language}")
            page.click("#import-map .btn-primary")
            page.wait_for_url("**/preview/")
            assert inspect.unaccessible(page, axe) == []
            work(file)
            page.wait_for_selector(".import-decide", timeout=60_000)
            assert inspect.unaccessible(page, axe) == []
            page.click(".import-decide .btn-primary")
            page.wait_for_selector("#import-progress")
            assert inspect.unaccessible(page, axe) == []
            work(file)
            page.wait_for_selector(".import-next", timeout=60_000)
            assert inspect.unaccessible(page, axe) == []
            assert troubles(page) == []


def test_a_real_crm_export_comes_in_through_the_pages(site: Site) -> None:
    path = shared("crm/sales_pipeline.csv")
    with site.signed_in(site.world.cast.admin) as page:
        file = hand_in(page, site, path, "crm")
        check_and_import(page, file)
        expect(page.get_by_text("500", exact=True).first).to_be_visible()

    assert deals_of("crm").count() == 8300


@pytest.mark.crash
@pytest.mark.parametrize("name", ["deals", "events"])
def test_all_bookings_of_the_hotels_come_in_through_the_pages(site: Site, name: str) -> None:
    path = shared(f"hotel/{name}.csv.gz")
    with site.signed_in(site.world.cast.admin) as page:
        file = hand_in(page, site, path, "hotel")
        page.select_option("select[name=pipeline]", "new")
        page.fill("input[name=new_pipeline]", "Hotel")
        check_and_import(page, file)

    assert deals_of("hotel").count() == 94_698
