"""The pages of an import: each step, what it refuses, and whose it is."""

import csv
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from customers import services
from customers.models import Deal, ImportFile, Pipeline
from teams.models import User
from tests.factories.customers import make_pipeline, make_product
from tests.factories.imports import DEALS, EVENTS, bring_in, hand_in, map_as_guessed, work
from tests.factories.teams import Cast

State = ImportFile.State


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are played by the tests themselves."""
    monkeypatch.setattr("core.wake._send", lambda task, arguments: None)


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    return make_pipeline()


def as_(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def at(name: str, file: ImportFile) -> str:
    return reverse(f"customers:import-{name}", kwargs={"pk": file.pk})


def upload(client: Client, content: bytes, name: str = "deals.csv", **fields: str) -> Any:
    return client.post(
        reverse("customers:import-new"), {"file": SimpleUploadedFile(name, content), "source": "crm", **fields}
    )


def form_of(response: Any) -> dict[str, Any]:
    """Return what a browser would send of the mapping form as it is shown."""
    form = response.context["form"]
    sent = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in sent.items()}


def test_a_file_goes_all_the_way_through_the_pages(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    as_(client, cast.admin)
    answer: Any = upload(client, DEALS.encode())
    file = ImportFile.objects.get()
    assert answer.url == at("map", file)

    answer = client.post(at("map", file), {**form_of(client.get(at("map", file))), "policy": "rows"})
    assert answer.url == at("preview", file)
    assert "Every line is being checked" in client.get(at("preview", file)).content.decode()

    work(file)
    page = client.get(at("preview", file)).content.decode()
    assert "Every line can be taken" in page
    assert "Cancity, GTX Basic" in page

    answer = client.post(at("preview", file), {"version": file.version, "policy": "rows"})
    assert answer.url == at("detail", file)
    assert "Waiting for a worker" in client.get(at("detail", file)).content.decode()

    work(file)
    assert "What came in" in client.get(at("detail", file)).content.decode()
    assert Deal.objects.count() == 3


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_template_maps_itself(cast: Cast, pipeline: Pipeline, client: Client, language: str) -> None:
    User.objects.filter(pk=cast.admin.pk).update(language=language)
    as_(client, User.objects.get(pk=cast.admin.pk))
    for shape in ("deals", "events"):
        for kind in ("csv", "xlsx"):
            url = reverse("customers:import-template", kwargs={"shape": shape, "kind": kind})
            content = b"".join(client.get(url)) if kind == "csv" else client.get(url).content
            assert upload(client, content, f"template.{kind}").status_code == 302

            file = ImportFile.objects.latest("pk")
            assert file.shape == shape
            assert all(file.mapping.values())
            assert len(file.mapping) == len(file.header)


def test_a_workbook_comes_in_with_its_dates(cast: Cast, pipeline: Pipeline) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["id", "stage", "entered at", "amount", "owner"], ["7", "Lead", date(2025, 3, 1), 12.5, "Rao"]):
        sheet.append(row)
    content = BytesIO()
    book.save(content)

    bring_in(cast.admin, content.getvalue(), pipeline=pipeline)

    deal = Deal.objects.get()
    assert (deal.external_id, str(deal.created_date), str(deal.amount)) == ("7", "2025-03-01", "12.50")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\x1f\x8b damaged", b"a,a\n1,2\n", b"PK\x03\x04 no workbook"])
def test_what_is_no_table_is_refused_with_a_reason(cast: Cast, client: Client, content: bytes) -> None:
    answer = upload(as_(client, cast.admin), content, "deals.csv.gz" if content.startswith(b"\x1f") else "deals.csv")

    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not ImportFile.objects.exists()


def test_a_column_that_is_needed_must_be_assigned(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = hand_in(cast.admin, DEALS)
    as_(client, cast.admin)

    answer = client.post(at("map", file), {**form_of(client.get(at("map", file))), "col_stage": ""})

    assert answer.status_code == 422
    assert "col_stage" in answer.context["form"].errors


def test_another_shape_draws_the_form_anew_and_judges_nothing(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = hand_in(cast.admin, EVENTS)
    as_(client, cast.admin)
    sent = {**form_of(client.get(at("map", file))), "drawn_shape": "events", "shape": "deals", "look": "1"}

    answer = client.post(at("map", file), sent)

    form = answer.context["form"]
    assert answer.status_code == 200
    assert "col_created" in form.fields
    assert form["col_external_id"].value() == "opportunity_id"
    assert form["source"].value() == "crm"
    file.refresh_from_db()
    assert file.state == State.UPLOADED


def test_a_new_pipeline_asks_for_its_name_and_what_is_won(cast: Cast, client: Client) -> None:
    rows = b"id,stage,entered_at,owner\n1,booked,2025-01-01,Rao\n1,stayed,2025-02-01,Rao\n2,booked,2025-01-05,Rao\n"
    upload(as_(client, cast.admin), rows)
    file = ImportFile.objects.get()
    shown = form_of(client.get(at("map", file)))
    assert (shown["pipeline"], shown["stage_0"], shown["stage_1"]) == ("new", "open", "won")

    client.post(at("map", file), {**shown, "new_pipeline": "Hotel", "policy": "all"})
    work(file)
    client.post(at("preview", file), {"version": file.version, "policy": "all"})
    work(file)

    stages = Pipeline.objects.get(name="Hotel").stages.values_list("name", "kind")
    assert list(stages) == [("booked", "open"), ("stayed", "won"), ("Lost", "lost")]
    assert Deal.objects.filter(stage__name="stayed").count() == 1


def test_a_rep_is_offered_neither_units_nor_new_pipelines(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = hand_in(cast.rao, DEALS)

    form = as_(client, cast.rao).get(at("map", file)).context["form"]

    assert "unit" not in form.fields
    assert [value for value, _label in form.fields["pipeline"].choices] == [str(pipeline.pk)]
    assert [label for _value, label in form.fields["default_owner"].choices] == ["Rao"]


def test_a_rep_cannot_make_a_pipeline_by_sending_it(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = hand_in(cast.rao, DEALS)
    sent = form_of(as_(client, cast.rao).get(at("map", file)))

    answer = client.post(at("map", file), {**sent, "pipeline": "new", "new_pipeline": "Mine"})

    assert answer.status_code == 422
    assert Pipeline.objects.count() == 1


def test_somebody_elses_import_is_not_there(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = hand_in(cast.rao, DEALS)

    for user in (cast.peer, cast.mori, cast.lin, cast.sato):
        as_(client, user)
        for name in ("map", "preview", "detail", "problems"):
            assert client.get(at(name, file)).status_code == 404
        for name in ("map", "preview", "retry", "discard"):
            assert client.post(at(name, file), {"version": 1}).status_code == 404
        assert file.file_name not in client.get(reverse("customers:imports")).content.decode()


def test_the_list_of_problems_runs_no_formula(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = bring_in(cast.admin, DEALS.replace("1054", "=1+1"), pipeline=pipeline)

    answer = as_(client, cast.admin).get(at("problems", file))

    rows = list(csv.reader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[1] == ["2", "close_value", "'=1+1", "This is not an amount."]


def test_problems_are_told_in_the_language_of_the_reader(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = bring_in(cast.admin, DEALS.replace("1054", "ten"), pipeline=pipeline)
    User.objects.filter(pk=cast.admin.pk).update(language="zh-hans")

    as_(client, User.objects.get(pk=cast.admin.pk))

    assert "这不是金额" in client.get(at("detail", file)).content.decode()
    assert "这不是金额" in b"".join(client.get(at("problems", file))).decode()


def test_while_a_worker_is_at_it_only_the_bar_is_asked_for(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline)
    as_(client, cast.admin)

    bar = client.get(at("preview", file), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in bar
    assert 'hx-trigger="every 1s"' in bar

    work(file)
    assert client.get(at("preview", file), headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_a_second_press_of_the_button_starts_nothing_twice(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline))
    as_(client, cast.admin)
    press = {"version": file.version, "policy": "rows"}

    assert client.post(at("preview", file), press).status_code == 302
    client.post(at("preview", file), press)
    work(file)

    assert Deal.objects.count() == 3


def test_a_file_is_thrown_away_before_it_begins_and_not_after(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline))
    done = bring_in(cast.admin, EVENTS, pipeline=pipeline)
    as_(client, cast.admin)

    assert client.post(at("discard", file), {"version": file.version}).status_code == 302
    assert client.post(at("discard", done), {"version": done.version}).status_code == 422
    assert list(ImportFile.objects.all()) == [done]


def test_a_failed_import_is_tried_again(cast: Cast, pipeline: Pipeline, client: Client) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline))
    file = services.start_import(file=file, version=file.version, actor=cast.admin, policy="rows")
    ImportFile.objects.filter(pk=file.pk).update(state=State.FAILED, error="It stopped.")
    as_(client, cast.admin)
    assert "It stopped." in client.get(at("detail", file)).content.decode()

    client.post(at("retry", file), {"version": file.version})

    assert work(file).state == State.DONE


def test_the_number_of_queries_of_the_list_does_not_grow(
    cast: Cast, pipeline: Pipeline, client: Client, django_assert_max_num_queries: Any
) -> None:
    make_product("Line")
    as_(client, cast.admin)
    for _number in range(20):
        hand_in(cast.admin, DEALS)

    with django_assert_max_num_queries(12):
        client.get(reverse("customers:imports"))


def test_a_template_is_a_workbook_that_opens(cast: Cast, client: Client) -> None:
    url = reverse("customers:import-template", kwargs={"shape": "deals", "kind": "xlsx"})

    sheet = load_workbook(BytesIO(as_(client, cast.admin).get(url).content)).active

    assert sheet is not None
    assert [cell.value for cell in sheet[1]][:2] == ["Deal id", "Created on"]
