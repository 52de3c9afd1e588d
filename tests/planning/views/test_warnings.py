from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from planning import services
from planning.models import By, ConversionWarning, Lever, PlanVersion
from planning.queries.forecasts import Node
from planning.queries.warnings import lever_lines, waiting_time
from tests.factories.charts import charts_of, charts_without_data
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person
from tests.factories.warnings import make_history, make_warning

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.9")]
Status = ConversionWarning.Status


@pytest.fixture
def warning(cast: Cast) -> ConversionWarning:
    """A warning about team one in the east."""
    stage = make_pipeline().stages.get(name="Quoted")
    plan = make_plan(timezone.localdate().year)
    return make_warning(plan=plan, stage=stage, by=By.UNIT, member=cast.east_one.pk)


def _page(client: Client, name: str, *arguments: object, **query: str | int) -> str:
    response = client.get(reverse(f"planning:{name}", args=arguments), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_what_fell_how_far_what_it_costs_and_what_to_do(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    client.force_login(cast.mori)

    text = _page(client, "warnings")

    for words in ("Quoted", "East one", "30 expected", "40%", "26% – 58%", "¥120K", "Quoting: look through"):
        assert words in text, words


def test_the_list_is_narrowed_by_status_stage_and_unit(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    client.force_login(cast.lin)
    other = make_warning(
        plan=warning.plan, stage=warning.stage.pipeline.stages.get(name="Lead"), by=By.UNIT, member=cast.east.pk
    )

    def shown(**query: str | int) -> list[bool]:
        text = _page(client, "warnings", **query)
        return [reverse("planning:warning-detail", args=[row.pk]) in text for row in (warning, other)]

    assert shown() == [True, True]
    assert shown(stage=warning.stage_id) == [True, False]
    assert shown(unit=cast.east.pk) == [False, True]
    assert shown(status="closed") == [False, False]
    assert client.get(reverse("planning:warnings"), {"status": "nonsense"}).status_code == 404


def test_the_page_of_a_warning_shows_its_evidence(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    client.force_login(cast.mori)

    text = _page(client, "warning-detail", warning.pk)

    for words in (
        "80% interval 26% – 58%",
        "Lower across the board",
        "&lt; 1% of such cells",
        "mix -1.0, rate -20.0",
        "Owner",
    ):
        assert words in text, words


def test_every_chart_has_its_data_table(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    client.force_login(cast.mori)
    text = _page(client, "warning-detail", warning.pk)

    assert charts_of(text)
    assert not charts_without_data(text)


def test_the_page_the_mail_and_the_api_name_slower_answers_as_the_cause(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    parts = warning.facts["splits"]
    rows = [
        {"member": 1, "before": 40, "now": 12, "rate_before": 0.7, "rate_now": 0.7},
        {"member": 0, "before": 40, "now": 29, "rate_before": 0.2, "rate_now": 0.2},
    ]
    parts["response"] = {"mix": -0.1, "rate": 0.0, "explains": 120000.0, "rows": rows}
    warning.facts["cause"] = "response"
    warning.save()
    client.force_login(cast.mori)

    text = _page(client, "warning-detail", warning.pk)

    for words in (
        "Leads are answered later than they were",
        "Early follow-up: leads get their first answer later",
        "the mix explains ¥120K",
        "within 1.5 working hours",
        "later, or not yet",
        "30% of 41 deals now, 50% of 80 in the year before",
        "-20.0 points, 80% interval -31.0 – -9.0",
    ):
        assert words in text, words
    assert client.get(f"/api/v1/warnings/{warning.pk}/").json()["facts"]["answers"]["in_time_now"] == 0.3
    services.send_digests(week=date(2026, 6, 15), clock=timezone.now)
    assert "Leads are answered later than they were" in str(mail.outbox[0].body)
    with translation.override("zh-hans"):
        assert waiting_time(90, "hours") == "1.5 个工作小时"
        assert waiting_time(0, "days") == "当天"


def test_a_faded_warning_says_why_and_stands_in_the_list_of_faded_ones(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    ConversionWarning.objects.filter(pk=warning.pk).update(
        status=Status.FADED, faded_date=timezone.localdate(), faded_why="no_gap"
    )
    client.force_login(cast.mori)

    text = _page(client, "warning-detail", warning.pk)

    assert "the shortfall is no larger than chance any more" in text
    assert "Open again" not in text
    link = reverse("planning:warning-detail", args=[warning.pk])
    assert link in _page(client, "warnings", status="faded")
    assert link not in _page(client, "warnings")


def test_colleagues_rates_are_for_who_manages_the_cell(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    services.assign_warning(warning=warning, version=1, actor=cast.mori, today=date(2026, 6, 15), owner=cast.rao)
    client.force_login(cast.rao)

    text = _page(client, "warning-detail", warning.pk)

    assert "Lead source" in text
    assert ">Owner " not in text
    assert client.get(f"/api/v1/warnings/{warning.pk}/").json()["facts"]["splits"].keys() == {
        "channel",
        "product",
        "band",
    }


def test_a_form_closes_a_warning_with_a_reason_and_asks_for_it(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    client.force_login(cast.mori)
    url = reverse("planning:warning-close", args=[warning.pk])

    refused = client.post(url, {"version": 1, "note": ""})
    assert refused.status_code == 422
    assert client.post(url, {"version": 1, "note": "Known"}).status_code == 302
    warning.refresh_from_db()
    assert (warning.status, warning.note) == (Status.CLOSED, "Known")


def test_a_stale_form_says_that_somebody_was_quicker(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    services.acknowledge_warning(warning=warning, version=1, actor=cast.lin)
    client.force_login(cast.mori)

    response = client.post(reverse("planning:warning-acknowledge", args=[warning.pk]), {"version": 1})

    assert response.status_code == 422
    assert "Somebody changed this" in response.content.decode()


def test_the_bell_stands_on_every_page_of_who_has_something_waiting(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    client.force_login(cast.mori)
    assert "warnings that ask for attention" in _page(client, "targets")
    client.force_login(cast.rao)
    assert "warnings that ask for attention" not in _page(client, "targets")


def test_the_overview_loads_the_dearest_three(client: Client, cast: Cast, warning: ConversionWarning) -> None:
    for by, member in ((By.UNIT, cast.east.pk), (By.PERSON, cast.rao.pk), (By.PERSON, cast.peer.pk)):
        make_warning(plan=warning.plan, stage=warning.stage, by=by, member=member)
    client.force_login(cast.lin)

    assert _page(client, "warnings-top").count('scope="row"') == 3


def test_acts_over_the_api_need_the_version_that_was_read(
    client: Client, cast: Cast, warning: ConversionWarning
) -> None:
    client.force_login(cast.mori)
    url = f"/api/v1/warnings/{warning.pk}/"
    tag = client.get(url).headers["ETag"]
    body = {"owner": cast.rao.pk, "due_date": (timezone.localdate() + timedelta(days=5)).isoformat()}

    assert client.post(f"{url}assign/", body, content_type="application/json").status_code == 428
    done = client.post(f"{url}assign/", body, content_type="application/json", headers={"If-Match": tag})
    assert (done.status_code, done.json()["owner"], done.json()["status"]) == (200, cast.rao.pk, "acknowledged")
    late = client.post(f"{url}close/", {"note": "x"}, content_type="application/json", headers={"If-Match": tag})
    assert late.status_code == 412


def test_levers_say_what_a_stage_adds_to_the_chance_of_the_target(client: Client, cast: Cast) -> None:
    today = timezone.localdate()
    others = [cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    plan = make_plan(today.year, start_month=1)
    day = date(today.year, 6, 15)
    make_history(make_pipeline(), [cast.rao, *others], until=day, drop=0.8, per_week=30)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal(240_000))
    make_target(version, person=cast.rao, month=Decimal(60_000))
    services.run_forecast(plan=plan, as_of=day, clock=timezone.now)
    services.watch_conversions(plan=plan, as_of=day, clock=timezone.now)

    lines = lever_lines(plan, user=cast.admin, node=Node(person=cast.rao))

    assert lines[0].lever.stage.name == "Contacted"
    assert (lines[0].lift or 0) > 0
    assert all(line.gain > 0 for line in lines)
    client.force_login(cast.rao)
    assert "Contacted" in _page(client, "levers")
    assert {row["member"] for row in client.get("/api/v1/levers/").json()["results"]} == {cast.rao.pk}
    assert Lever.objects.visible_to(cast.rao).exclude(member=cast.rao.pk).count() == 0
