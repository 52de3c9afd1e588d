"""The company's own words: what may be renamed, ordered, retired and deleted."""

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import VersionConflict
from core.models import AuditEntry
from customers import services
from customers.models import Channel, Pipeline, ProductLine, Region, Stage
from customers.services import refusals
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def names(pipeline: Pipeline) -> list[str]:
    return list(pipeline.stages.order_by("position").values_list("name", flat=True))


def test_a_new_pipeline_begins_with_the_stages_of_the_trade_in_both_languages(cast: Cast) -> None:
    pipeline = services.create_pipeline(actor=cast.admin, name="Sales", name_zh="销售")
    assert names(pipeline) == ["Lead", "Contacted", "Visited", "Quoted", "Won", "Lost"]
    assert "" not in pipeline.stages.values_list("name_zh", flat=True)
    with pytest.raises(refusals.NameIsTaken):
        services.create_pipeline(actor=cast.admin, name="sales ")


def test_a_pipeline_needs_open_stages_and_one_won_and_one_lost(cast: Cast) -> None:
    for stages in ([("a", "", "open"), ("b", "", "won")], [("w", "", "won"), ("l", "", "lost")]):
        with pytest.raises(refusals.PipelineNeedsItsStages):
            services.create_pipeline(actor=cast.admin, name="x", stages=stages)


def test_a_new_stage_stands_after_the_open_ones_and_moves_among_them(cast: Cast) -> None:
    pipeline = make_pipeline()
    stage = services.add_stage(pipeline=pipeline, actor=cast.admin, name="Tested", name_zh="已试用")
    assert names(pipeline) == ["Lead", "Contacted", "Visited", "Quoted", "Tested", "Won", "Lost"]
    services.move_stage(stage=stage, position=5, actor=cast.admin, up=True)
    services.move_stage(
        stage=stage_of(pipeline, "Quoted"), position=5, actor=cast.admin, up=False
    )  # at the end: nothing happens
    services.move_stage(
        stage=stage_of(pipeline, "Won"), position=6, actor=cast.admin, up=True
    )  # not an open one: neither
    assert names(pipeline) == ["Lead", "Contacted", "Visited", "Tested", "Quoted", "Won", "Lost"]


def test_a_stage_in_which_a_deal_ever_stood_is_retired_not_deleted(cast: Cast) -> None:
    deal = make_deal(path=("Lead", "Visited"))
    for name in ("Lead", "Visited"):
        with pytest.raises(refusals.StageIsInUse):
            services.delete_stage(stage=stage_of(deal.pipeline, name), version=1, actor=cast.admin)
    services.delete_stage(stage=stage_of(deal.pipeline, "Quoted"), version=1, actor=cast.admin)
    assert "Quoted" not in names(deal.pipeline)


def test_won_lost_and_the_last_open_stage_stay(cast: Cast) -> None:
    pipeline = make_pipeline()
    for name in ("Lead", "Contacted", "Visited"):
        stage = stage_of(pipeline, name)
        services.edit_stage(stage=stage, version=1, actor=cast.admin, name=name, name_zh="", is_active=False)
    for name in ("Quoted", "Won", "Lost"):
        stage = stage_of(pipeline, name)
        with pytest.raises(refusals.PipelineNeedsItsStages):
            services.edit_stage(stage=stage, version=1, actor=cast.admin, name=name, name_zh="", is_active=False)
        with pytest.raises(refusals.PipelineNeedsItsStages):
            services.delete_stage(stage=stage, version=1, actor=cast.admin)


def test_a_pipeline_with_open_deals_does_not_retire(cast: Cast) -> None:
    deal = make_deal()
    with pytest.raises(refusals.StageIsInUse):
        services.edit_pipeline(
            pipeline=deal.pipeline, version=1, actor=cast.admin, name="x", name_zh="", is_active=False
        )


@pytest.mark.parametrize(("kind", "model"), [("products", ProductLine), ("regions", Region), ("channels", Channel)])
def test_an_administrator_adds_renames_and_retires_words(
    cast: Cast, kind: str, model: type[ProductLine | Region | Channel]
) -> None:
    client = as_(cast.admin)
    assert client.post(reverse("customers:word-new", args=[kind]), {"name": "One", "name_zh": "一"}).status_code == 302
    assert client.post(reverse("customers:word-new", args=[kind]), {"name": "one"}).status_code == 422
    word = model._default_manager.get()
    edit = reverse("customers:word-edit", args=[kind, word.pk])
    assert client.post(edit, {"version": 1, "name": "First", "name_zh": ""}).status_code == 302
    word.refresh_from_db()
    assert (word.name, word.is_active) == ("First", False)


def test_setting_up_is_for_administrators(cast: Cast) -> None:
    pipeline = make_pipeline()
    stage = stage_of(pipeline, "Visited")
    for user in (cast.rao, cast.mori, cast.lin, cast.planner):
        client = as_(user)
        assert client.get(reverse("customers:stages")).status_code == 403
        assert client.post(reverse("customers:stage-move", args=[stage.pk]), {"way": "up"}).status_code == 403
        assert client.post(reverse("customers:stage-delete", args=[stage.pk])).status_code == 403
    assert Stage.objects.filter(pk=stage.pk, position=3).exists()


def test_the_pages_of_setup_carry_out_what_they_say(cast: Cast) -> None:
    client = as_(cast.admin)
    assert client.post(reverse("customers:pipeline-new"), {"name": "Service"}).status_code == 302
    pipeline = Pipeline.objects.get(name="Service")
    assert client.post(reverse("customers:stage-new", args=[pipeline.pk]), {"name": "Tested"}).status_code == 302
    stage = stage_of(pipeline, "Tested")
    edit = reverse("customers:stage-edit", args=[stage.pk])
    assert client.post(edit, {"version": 1, "name": "Tried", "name_zh": "已试用", "is_active": "on"}).status_code == 302
    assert (
        client.post(reverse("customers:stage-move", args=[stage.pk]), {"way": "up", "position": 5}).status_code == 302
    )
    assert names(pipeline)[3] == "Tried"
    assert client.post(reverse("customers:stage-delete", args=[stage.pk]), {"version": 2}).status_code == 302
    assert (
        client.post(
            reverse("customers:pipeline-edit", args=[pipeline.pk]), {"version": 1, "name": "Service"}
        ).status_code
        == 302
    )
    pipeline.refresh_from_db()
    assert (pipeline.is_active, "Tried" in names(pipeline)) == (False, False)
    assert client.get(reverse("customers:stages")).status_code == 200


# --- Two administrators at once ---------------------------------------------------------------------------------------


def test_of_two_edits_of_a_word_the_second_is_told_what_stands_there_and_keeps_its_own(cast: Cast) -> None:
    word = services.add_word(kind=Region, actor=cast.admin, name="North", name_zh="北区")
    client = as_(cast.admin)
    edit = reverse("customers:word-edit", args=["regions", word.pk])
    assert 'name="version" value="1"' in client.get(edit).content.decode()
    services.edit_word(word=word, version=1, actor=cast.admin, name="Far north", name_zh="北方", is_active=True)
    refused = client.post(edit, {"version": 1, "name": "Northern", "name_zh": "北部", "is_active": "on"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Far north" in page
    assert "北方" in page
    assert 'value="Northern"' in page
    assert 'name="version" value="2"' in page
    assert Region.objects.get().name == "Far north"
    assert client.post(edit, {"version": 2, "name": "Northern", "is_active": "on"}).status_code == 302
    assert Region.objects.values_list("name", "version").get() == ("Northern", 3)


@pytest.mark.parametrize("thing", ["pipeline", "stage"])
def test_of_two_edits_of_a_pipeline_or_a_stage_the_second_loses_nothing_of_the_first(cast: Cast, thing: str) -> None:
    pipeline = make_pipeline()
    row = pipeline if thing == "pipeline" else stage_of(pipeline, "Visited")
    client = as_(cast.admin)
    edit = reverse(f"customers:{thing}-edit", args=[row.pk])
    first = {"version": 1, "name": "First", "name_zh": "", "is_active": "on"}
    assert client.post(edit, first).status_code == 302
    second = client.post(edit, {**first, "name": "Second"})
    assert (second.status_code, "First" in second.content.decode()) == (422, True)
    row.refresh_from_db()
    assert (row.name, row.version) == ("First", 2)


def test_writing_the_same_words_again_is_no_change(cast: Cast) -> None:
    word = services.add_word(kind=Channel, actor=cast.admin, name="Fair")
    services.edit_word(word=word, version=1, actor=cast.admin, name="Fair ", name_zh="", is_active=True)
    assert Channel.objects.get().version == 1
    assert not AuditEntry.objects.filter(event="customers.channel.edited").exists()


def test_a_change_of_a_word_is_on_record_with_what_was_and_what_became(cast: Cast) -> None:
    word = services.add_word(kind=Channel, actor=cast.admin, name="Fair")
    services.edit_word(word=word, version=1, actor=cast.admin, name="Trade fair", name_zh="", is_active=False)
    line = AuditEntry.objects.get(event="customers.channel.edited")
    assert line.facts["changes"] == {"name": ["Fair", "Trade fair"], "is_active": [True, False]}


def test_a_stage_moves_only_from_where_it_was_seen(cast: Cast) -> None:
    pipeline = make_pipeline()
    stage = stage_of(pipeline, "Visited")
    services.move_stage(stage=stage, position=3, actor=cast.admin, up=True)
    with pytest.raises(VersionConflict):
        services.move_stage(stage=stage, position=3, actor=cast.admin, up=True)  # the second tap of a double tap
    page = as_(cast.admin).post(
        reverse("customers:stage-move", args=[stage.pk]), {"way": "up", "position": 3}, follow=True
    )
    assert "Somebody changed the order meanwhile." in page.content.decode()
    assert names(pipeline)[:3] == ["Lead", "Visited", "Contacted"]


def test_a_stage_that_was_renamed_meanwhile_is_not_deleted(cast: Cast) -> None:
    stage = stage_of(make_pipeline(), "Visited")
    services.edit_stage(stage=stage, version=1, actor=cast.admin, name="On site", name_zh="", is_active=True)
    with pytest.raises(VersionConflict):
        services.delete_stage(stage=stage, version=1, actor=cast.admin)
    services.delete_stage(stage=stage, version=2, actor=cast.admin)
    with pytest.raises(refusals.StageIsGone):
        services.edit_stage(stage=stage, version=2, actor=cast.admin, name="x", name_zh="", is_active=True)
