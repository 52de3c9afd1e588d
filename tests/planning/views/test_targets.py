import json
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from planning.models import MONTHS, PlanVersion, Target
from teams.models import Capability, Membership, User
from tests.factories.customers import make_deal
from tests.factories.planning import activate, make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2", "R1.5")]
JSON = {"Accept": "application/json"}


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    return make_version()


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def url_of(version: PlanVersion, name: str = "target-edit", **subject: Any) -> str:
    return reverse(f"planning:{name}", kwargs={"version": version.pk, **{key: row.pk for key, row in subject.items()}})


def months(amount: str = "10", **changed: str) -> dict[str, str]:
    return {**dict.fromkeys(MONTHS, amount), **changed}


def patch(client: Client, url: str, **fields: str) -> Any:
    return client.patch(url, urlencode(fields), content_type="application/x-www-form-urlencoded", headers=JSON)


def facts_of(html: str) -> dict[str, Any]:
    start = html.index('<script id="grid-facts" type="application/json">')
    found: dict[str, Any] = json.loads(html[html.index(">", start) + 1 : html.index("</script>", start)])
    return found


def test_before_there_is_a_plan_those_who_plan_are_asked_for_the_number(client: Client, cast: Cast) -> None:
    html = signed_in(client, cast.planner).get("/targets/").content.decode()
    assert "What must this year bring?" in html
    assert reverse("planning:plan-new") in html
    html = signed_in(client, cast.rao).get("/targets/").content.decode()
    assert "No plan counts yet" in html
    assert reverse("planning:plan-new") not in html


def test_the_grid_shows_every_row_with_its_exact_amounts_for_the_script(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    make_target(draft, unit=cast.company, month=Decimal("1000.10"))
    make_target(draft, unit=cast.east, month=Decimal("400.00"))
    html = signed_in(client, cast.planner).get("/targets/").content.decode()
    rows = {row["name"]: row for row in facts_of(html)["rows"]}
    assert rows["Company"]["months"] == ["1000.10"] * 12
    assert (rows["Company"]["planned"], rows["East"]["parent"]) == ("4800.00", f"unit-{cast.company.pk}")
    assert (rows["Rao"]["months"], rows["Rao"]["version"], rows["Rao"]["editable"]) == (None, 0, True)
    assert "12,001.20" in html
    assert "-7,201.20" in html


def test_rounded_months_add_up_to_rounded_quarters_and_year(client: Client, cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.company, month=Decimal("1400.00"))
    response = signed_in(client, cast.planner).get("/targets/?unit=thousand&open=1&open=2&open=3&open=4")
    line = response.context["lines"][0]
    shown = [int(text) for quarter in line.quarters for _, text, _note in quarter.months]
    assert line.total == "17"
    assert sum(shown) == 17
    assert [int(quarter.text) for quarter in line.quarters] == [sum(shown[q : q + 3]) for q in (0, 3, 6, 9)]


def test_each_language_counts_in_its_own_units(client: Client, cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.company, month=Decimal(2_000_000))
    page = signed_in(client, cast.planner)
    assert "¥ thousand" in page.get("/targets/").content.decode()
    User.objects.filter(pk=cast.planner.pk).update(language="zh-hans")
    html = page.get("/targets/?unit=wan").content.decode()
    assert "千元" in html
    assert "2,400.0" in html
    for word in ("年度目标", "已分解", "缺口", "达成率", "去年走势", "平均分配", "按工作日"):
        assert word in html


def test_a_draft_is_hidden_from_reps_and_its_address_is_unknown_to_them(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    page = signed_in(client, cast.rao)
    assert page.get(f"/targets/?version={draft.pk}").status_code == 404
    assert page.get(url_of(draft, person=cast.rao)).status_code == 404
    assert page.get("/targets/?version=99999").status_code == 404
    assert page.get("/targets/?version=x").status_code == 404


def test_an_active_version_is_text(client: Client, cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company)
    html = signed_in(client, cast.planner).get("/targets/").content.decode()
    assert not any(row["editable"] for row in facts_of(html)["rows"])
    assert "Locked: a version that counts does not change." in html
    assert "data-spread aria-label" not in html


def test_a_draft_beside_the_active_version_is_announced(client: Client, cast: Cast) -> None:
    plan = make_plan()
    make_version(plan, status=PlanVersion.Status.ACTIVE)
    draft = make_version(plan, number=2)
    html = signed_in(client, cast.planner).get("/targets/").content.decode()
    assert f"/targets/?version={draft.pk}" in html
    assert "Draft version 2 is being worked on." in html


def test_wins_of_unknown_amount_and_of_people_in_no_unit_are_named(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    first = draft.plan.fiscal_year.first_date
    Membership.objects.filter(user=cast.west_rep).update(valid_to=first)
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=first, days_in_stage=0, amount=None)
    make_deal(owner=cast.west_rep, path=("Lead", "Won"), created=first, days_in_stage=0)
    html = signed_in(client, cast.planner).get("/targets/").content.decode()
    assert "1 won deal has no amount" in html
    assert "¥1,000.00 were won by people who belonged to no unit" in html


def test_a_patch_writes_one_row_and_answers_with_it(client: Client, cast: Cast, draft: PlanVersion) -> None:
    answer = patch(signed_in(client, cast.lin), url_of(draft, person=cast.rao), lock_version="0", **months("1,000.50"))
    assert answer.status_code == 200
    assert answer.json() == {
        "version": 1,
        "months": ["1000.50"] * 12,
        "total": "12006.00",
        "message": "",
        "locked": False,
        "by_hand": {},
        "unexplained": [],
    }


def test_a_stale_patch_is_told_both_values(client: Client, cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, person=cast.rao, month=Decimal(7))
    answer = patch(signed_in(client, cast.lin), url_of(draft, person=cast.rao), lock_version="0", **months())
    assert answer.status_code == 412
    told = answer.json()
    assert (told["current_version"], told["theirs"], told["mine"]) == (1, ["7.00"] * 12, ["10"] * 12)
    assert Target.objects.get().total == 84


def test_a_bad_cell_is_named_and_nothing_is_half_applied(client: Client, cast: Cast, draft: PlanVersion) -> None:
    url = url_of(draft, person=cast.rao)
    answer = patch(signed_in(client, cast.lin), url, lock_version="0", **months(m03="abc", m04=""))
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "m03": ["Enter plain figures, for example 1,250,000.50."],
        "m04": ["Blank is not zero: enter an amount, or 0 where nothing is planned."],
    }
    assert not Target.objects.exists()


def test_a_service_that_refuses_an_amount_names_its_month(client: Client, cast: Cast) -> None:
    draft = make_version(make_plan(currency="JPY"))
    url = url_of(draft, person=cast.rao)
    answer = patch(signed_in(client, cast.lin), url, lock_version="0", **months(m02="0.50"))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["m02"])
    page = client.post(url, {"lock_version": "0", **months(m02="0.50")})
    assert page.status_code == 422
    assert "no amount smaller than" in page.content.decode()


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("who", "status"),
    [("rao", 404), ("peer", 404), ("diaz", 404), ("sato", 404), ("mori", 200), ("lin", 200), ("planner", 200)],
)
def test_only_those_above_reach_a_row(client: Client, cast: Cast, draft: PlanVersion, who: str, status: int) -> None:
    page = signed_in(client, getattr(cast, who))
    url = url_of(draft, person=cast.rao)
    assert page.get(url).status_code == status
    assert patch(page, url, lock_version="0", **months()).status_code == status
    assert Target.objects.exists() == (status == 200)


@pytest.mark.parametrize("of", ["east", "company"])
def test_what_a_manager_is_measured_by_is_not_theirs_to_set(
    client: Client, cast: Cast, draft: PlanVersion, of: str
) -> None:
    page = signed_in(client, cast.lin)
    expected = 403 if of == "east" else 404
    assert page.get(url_of(draft, unit=getattr(cast, of))).status_code == expected
    assert patch(page, url_of(draft, unit=getattr(cast, of)), lock_version="0", **months()).status_code == expected


def test_a_row_of_a_version_that_counts_answers_with_the_reason(client: Client, cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    page = signed_in(client, cast.planner)
    response = page.get(url_of(version, unit=cast.east))
    assert response.status_code == 409
    assert "its targets never change" in response.content.decode()


def test_without_javascript_a_row_is_a_form_of_twelve_months(client: Client, cast: Cast, draft: PlanVersion) -> None:
    page = signed_in(client, cast.lin)
    url = url_of(draft, person=cast.rao)
    html = page.get(url).content.decode()
    assert html.count('name="m') == 12
    response = page.post(url, {"lock_version": "0", **months("100")})
    assert response.status_code == 302
    assert Target.objects.get().total == 1200


def test_a_conflict_on_the_page_shows_both_and_saving_again_keeps_mine(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    make_target(draft, person=cast.rao, month=Decimal(7))
    page = signed_in(client, cast.lin)
    url = url_of(draft, person=cast.rao)
    response = page.post(url, {"lock_version": "0", **months("100")})
    html = response.content.decode()
    assert response.status_code == 412
    assert "¥7.00" in html
    assert 'value="100"' in html
    assert 'name="lock_version" value="1"' in html
    assert page.post(url, {"lock_version": "1", **months("100")}).status_code == 302
    assert Target.objects.get().total == 1200


def test_a_total_is_spread_and_the_page_says_by_what(client: Client, cast: Cast, draft: PlanVersion) -> None:
    page = signed_in(client, cast.lin)
    url = url_of(draft, "target-split", person=cast.rao)
    response = page.post(url, {"total": "1,200", "split": "last_year", "lock_version": "0"}, follow=True)
    assert "Evenly: too little was won last year to show a shape." in response.content.decode()
    answer = page.post(url, {"total": "2400", "split": "even", "lock_version": "1"}, headers=JSON)
    assert answer.json()["months"] == ["200.00"] * 12
    assert answer.json()["message"] == "The same amount in every month."
    stale = page.post(url, {"total": "2400", "split": "even", "lock_version": "1"}, headers=JSON)
    assert stale.status_code == 412
    assert page.post(url, {"total": "", "split": "even", "lock_version": "2"}).status_code == 422
    assert page.post(url, {"total": "5", "split": "even", "lock_version": "1"}).status_code == 412


def test_the_page_of_targets_costs_the_same_queries_for_two_hundred_people(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    page = signed_in(client, cast.planner)
    make_target(draft, unit=cast.company)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page.get("/targets/").status_code == 200
        return len(captured)

    with_few = count()
    people = User.objects.bulk_create(
        User(email=f"many{number}@test.example", name=f"Many {number}", capabilities=[Capability.REP])
        for number in range(200)
    )
    Membership.objects.bulk_create(
        Membership(user=person, unit=cast.east_one, valid_from=date(2020, 1, 1)) for person in people
    )
    Target.objects.bulk_create(
        Target(version=draft, person=person, **dict.fromkeys(MONTHS, Decimal(1))) for person in people
    )
    assert count() == with_few


def test_my_pace_is_ones_own(client: Client, cast: Cast) -> None:
    url = reverse("planning:my-pace")
    assert "No plan holds today yet." in signed_in(client, cast.rao).get(url).content.decode()
    with translation.override("en"):
        today = date.today()  # noqa: DTZ011  # the page reads the clock
    version = make_version(make_plan(today.year))
    make_target(version, person=cast.rao, month=Decimal(1_000_000))
    activate(version, by=cast.planner, approver=cast.admin)
    assert "of ¥3M" in client.get(url).content.decode()
    assert "You have no target in the active plan yet." in signed_in(client, cast.peer).get(url).content.decode()
