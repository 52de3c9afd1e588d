from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from planning.models import MONTHS, PlanVersion, Target
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
JSON = {"Accept": "application/json"}


@pytest.fixture
def page(cast: Cast) -> Client:
    return signed_in(cast.planner)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    version = make_version()
    make_target(version, unit=cast.east)
    return version


def url_of(cast: Cast, version: PlanVersion, act: str = "edit") -> str:
    return reverse(f"planning:target-{act}", kwargs={"version": version.pk, "unit": cast.east.pk})


def patch(page: Client, url: str, **fields: str) -> Any:
    return page.patch(url, urlencode(fields), content_type="application/x-www-form-urlencoded", headers=JSON)


def twelve(**changed: str) -> dict[str, str]:
    return {**dict.fromkeys(MONTHS, "100.00"), **changed}


def test_the_grid_sends_the_months_that_were_edited_and_is_told_what_is_kept_about_them(
    cast: Cast, page: Client, version: PlanVersion
) -> None:
    told = patch(page, url_of(cast, version), m03="250", lock_version="1").json()

    assert (told["version"], told["months"][2], told["total"], told["locked"]) == (2, "250.00", "1350.00", False)
    assert told["unexplained"] == ["m03"]
    assert "Set by hand by Planner" in told["by_hand"]["m03"]
    again = patch(page, url_of(cast, version), m03="250", reason="The fair", lock_version="2").json()
    assert again["by_hand"]["m03"].endswith(": The fair")
    assert again["unexplained"] == []


def test_the_grid_sends_a_share_and_the_total_stays(cast: Cast, page: Client, version: PlanVersion) -> None:
    told = patch(page, url_of(cast, version), p03="25", lock_version="1").json()
    assert (told["months"][2], told["total"]) == ("300.00", "1200.00")


@pytest.mark.parametrize("share", ["101", "-1", "8.33333", "8,5", "half", ""])
def test_what_is_no_share_is_named_by_its_month_and_nothing_is_changed(
    cast: Cast, page: Client, version: PlanVersion, share: str
) -> None:
    answer = patch(page, url_of(cast, version), p03=share, lock_version="1")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["p03"])
    assert Target.objects.get().lock_version == 1


def test_the_grid_marks_months_set_by_hand_for_everybody_who_sees_the_row(
    cast: Cast, page: Client, version: PlanVersion
) -> None:
    patch(page, url_of(cast, version), m03="250", reason="The fair", lock_version="1")
    html = signed_in(cast.lin).get(f"/targets/?version={version.pk}").content.decode()
    assert "by-hand" in html
    assert "The fair" in html


def test_a_page_of_twelve_months_sets_by_hand_only_those_that_differ(
    cast: Cast, page: Client, version: PlanVersion
) -> None:
    sent = {**twelve(m06="160"), "reason": "Summer fair", "lock_version": "1"}
    assert page.post(url_of(cast, version), sent).status_code == 302

    target = Target.objects.get()
    assert (list(target.overrides), target.total) == (["m06"], Decimal(1260))
    html = page.get(url_of(cast, version)).content.decode()
    assert "Summer fair" in html
    assert "12.70% of the year" in html


def test_a_page_without_a_change_writes_nothing(cast: Cast, page: Client, version: PlanVersion) -> None:
    assert page.post(url_of(cast, version), {**twelve(), "lock_version": "1"}).status_code == 302
    shares = {f"p{month[1:]}": "8.3333" for month in MONTHS}
    assert page.post(url_of(cast, version), {**shares, "as": "percent", "lock_version": "1"}).status_code == 302
    assert Target.objects.get().lock_version == 1


def test_months_as_per_cent_of_the_year_keep_the_total(cast: Cast, page: Client, version: PlanVersion) -> None:
    html = page.get(f"{url_of(cast, version)}?as=percent").content.decode()
    assert html.count('value="8.3333"') == 12

    shares = {f"p{month[1:]}": "8.3333" for month in MONTHS} | {"p01": "20%"}
    assert page.post(url_of(cast, version), {**shares, "as": "percent", "lock_version": "1"}).status_code == 302
    target = Target.objects.get()
    assert (target.m01, target.total, list(target.overrides)) == (Decimal(240), Decimal(1200), ["m01"])


def test_a_row_without_a_target_asks_for_amounts_even_where_shares_were_asked_for(cast: Cast, page: Client) -> None:
    url = url_of(cast, make_version())
    assert 'name="m01"' in page.get(f"{url}?as=percent").content.decode()


def test_locking_clearing_and_growing_have_forms_that_come_back_to_the_row(
    cast: Cast, page: Client, version: PlanVersion
) -> None:
    patch(page, url_of(cast, version), m03="250", reason="The fair", lock_version="1")

    locked = page.post(url_of(cast, version, "lock"), {"locked": "on", "lock_version": "2"}, follow=True)
    assert "The annual target is locked." in locked.content.decode()
    cleared = page.post(url_of(cast, version, "clear"), {"months": "m03", "lock_version": "3"}, follow=True)
    assert "The month follows the split again." in cleared.content.decode()
    sent = {"source": "typed", "base": "1,000", "growth": "25", "split": "even", "lock_version": "4"}
    grown = page.post(url_of(cast, version, "grow"), sent, follow=True).content.decode()
    assert "The annual target follows the growth." in grown
    assert "+25.00%" in grown
    assert Target.objects.get().total == Decimal(1250)


def test_without_a_base_the_page_says_that_growth_is_not_known(cast: Cast, page: Client, version: PlanVersion) -> None:
    html = page.get(url_of(cast, version)).content.decode()
    assert "n/a" in html
    assert "∞" not in html
    sent = {"source": "last_year", "growth": "25", "split": "even", "lock_version": "1"}
    answer = page.post(url_of(cast, version, "grow"), sent)
    assert answer.status_code == 422
    assert "Nothing was won here in the twelve months before" in answer.content.decode()


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("lock", {"locked": "on"}),
        ("clear", {"months": "m03"}),
        ("grow", {"source": "none", "split": "even"}),
        ("split", {"total": "1", "split": "even"}),
    ],
)
def test_a_stale_form_is_told_of_the_conflict(
    cast: Cast, page: Client, version: PlanVersion, act: str, sent: dict[str, str]
) -> None:
    answer = page.post(url_of(cast, version, act), {**sent, "lock_version": "7"})
    assert answer.status_code == 412
    assert "Somebody changed this row while you did." in answer.content.decode()


def test_overrides_beyond_the_total_are_explained_on_the_page(cast: Cast, page: Client, version: PlanVersion) -> None:
    patch(page, url_of(cast, version), m03="900", reason="The fair", lock_version="1")
    answer = page.post(url_of(cast, version, "split"), {"total": "500", "split": "even", "lock_version": "2"})
    assert answer.status_code == 422
    assert "already come to 900.00, more than the annual target of 500.00" in answer.content.decode()
    assert Target.objects.get().lock_version == 2


def test_the_grids_lock_answers_in_json(cast: Cast, page: Client, version: PlanVersion) -> None:
    answer = page.post(url_of(cast, version, "lock"), {"locked": "on", "lock_version": "1"}, headers=JSON)
    assert (answer.json()["locked"], answer.json()["version"]) == (True, 2)


@pytest.mark.parametrize("form", [{"months": "m13"}, {}])
def test_a_month_that_is_none_cannot_be_cleared(
    cast: Cast, page: Client, version: PlanVersion, form: dict[str, str]
) -> None:
    answer = page.post(url_of(cast, version, "clear"), {**form, "lock_version": "1"})
    assert answer.status_code == 422
