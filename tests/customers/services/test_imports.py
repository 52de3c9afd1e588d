"""Files of deal history: what comes in, what is refused and why, and that twice is once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone, translation

from core.errors import NotAllowed
from core.models import AuditEntry
from core.tabular import UnreadableFile
from customers import services
from customers.models import ColumnMapping, Customer, Deal, ImportFile, Pipeline, ProductLine, StageEvent
from customers.queries.invariants import violations
from teams.models import Membership, User
from tests.factories.customers import make_deal, make_pipeline, make_product, stage_of
from tests.factories.imports import DEALS, EVENTS, bring_in, hand_in, map_as_guessed, work
from tests.factories.teams import Cast

State = ImportFile.State


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Another test's reader may have left another language behind."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _own_media(settings: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    return make_pipeline()


def problems(file: ImportFile) -> list[tuple[int, str]]:
    return list(file.problems.values_list("line", "code"))


def ledger(external_id: str) -> list[tuple[str, str, date]]:
    events = StageEvent.objects.filter(deal__external_id=external_id).order_by("seq").select_related("to_stage")
    return [(event.kind, event.to_stage.name, timezone.localdate(event.occurred_at)) for event in events]


def test_a_deal_file_becomes_deals_with_an_honest_ledger(cast: Cast, pipeline: Pipeline) -> None:
    file = bring_in(cast.admin, DEALS, pipeline=pipeline)

    assert (file.state, file.deals_created, file.rows_refused) == (State.DONE, 3, 0)
    assert ledger("A1") == [("create", "Lead", date(2016, 10, 20)), ("move", "Won", date(2017, 3, 1))]
    assert ledger("A3") == [("create", "Lead", date(2016, 11, 2)), ("move", "Contacted", date(2016, 11, 2))]
    won = Deal.objects.get(external_id="A1")
    assert (won.owner, won.closed_date, won.title) == (cast.rao, date(2017, 3, 1), "Cancity, GTX Basic")
    assert list(violations()) == []


def test_an_amount_earned_on_winning_is_not_known_before_and_a_missing_one_is_not_zero(
    cast: Cast, pipeline: Pipeline
) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)

    amounts = StageEvent.objects.filter(deal__external_id="A1").order_by("seq").values_list("amount", flat=True)
    assert list(amounts) == [None, Decimal("1054.00")]
    assert Deal.objects.get(external_id="A2").amount is None
    assert Deal.objects.get(external_id="A3").amount is None


def test_history_is_recorded_as_known_when_it_happened(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)

    assert all(event.recorded_at == event.occurred_at for event in StageEvent.objects.all())


def test_a_step_that_happened_after_the_first_import_is_recorded_when_it_comes_in(
    cast: Cast, pipeline: Pipeline
) -> None:
    first = bring_in(cast.admin, DEALS, pipeline=pipeline)
    month_ago = timezone.now() - timedelta(days=30)
    ImportFile.objects.filter(pk=first.pk).update(created_at=month_ago)
    yesterday = timezone.localdate() - timedelta(days=1)

    bring_in(cast.admin, DEALS.replace("Engaging,2016-11-02,,", f"Won,2016-11-02,{yesterday},90"), pipeline=pipeline)

    won = StageEvent.objects.get(deal__external_id="A3", to_stage__kind="won")
    assert timezone.localdate(won.occurred_at) == yesterday
    assert won.recorded_at > won.occurred_at


def test_stage_events_become_ledgers_in_order_of_time(cast: Cast, pipeline: Pipeline) -> None:
    head, *lines = EVENTS.splitlines()
    backwards = "\n".join([head, *reversed(lines)])

    bring_in(cast.admin, backwards, pipeline=pipeline)

    assert ledger("B1") == [
        ("create", "Lead", date(2025, 3, 1)),
        ("move", "Quoted", date(2025, 3, 20)),
        ("move", "Won", date(2025, 4, 2)),
    ]
    assert Deal.objects.get(external_id="B1").amount == Decimal("110.00")
    assert list(violations()) == []


@pytest.mark.parametrize("content", [DEALS, EVENTS])
def test_the_same_file_twice_is_once(cast: Cast, pipeline: Pipeline, content: str) -> None:
    bring_in(cast.admin, content, pipeline=pipeline)
    before = list(StageEvent.objects.order_by("pk").values()), list(Deal.objects.order_by("pk").values())

    again = bring_in(cast.admin, content, pipeline=pipeline)

    assert (again.deals_created, again.deals_changed) == (0, 0)
    assert again.deals_unchanged == Deal.objects.count()
    assert (list(StageEvent.objects.order_by("pk").values()), list(Deal.objects.order_by("pk").values())) == before


def test_a_row_that_says_nothing_new_leaves_a_deal_alone_that_was_moved_here(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)
    deal = Deal.objects.get(external_id="A3")
    services.move_deal(
        deal=deal, to_stage=stage_of(pipeline, "Visited"), version=deal.version, actor=cast.rao, now=timezone.now()
    )

    bring_in(cast.admin, DEALS.replace("A3,Rao,GTX Basic,,", "A3,Rao,GTX Basic,Isdom,"), pipeline=pipeline)

    deal.refresh_from_db()
    assert (deal.stage.name, str(deal.customer)) == ("Visited", "Isdom")


def test_a_changed_row_appends_to_the_ledger_and_rewrites_nothing(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)
    before = ledger("A3")

    file = bring_in(
        cast.admin, DEALS.replace("Engaging,2016-11-02,,", "Won,2016-11-02,2017-01-09,77"), pipeline=pipeline
    )

    assert (file.deals_changed, file.deals_unchanged) == (1, 2)
    assert ledger("A3") == [*before, ("move", "Won", date(2017, 1, 9))]
    assert list(violations()) == []


def test_events_that_are_new_in_the_file_are_appended(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, EVENTS, pipeline=pipeline)

    bring_in(cast.admin, EVENTS + "B2,Lost,2025-06-01,,Rao,Router\n", pipeline=pipeline)

    assert ledger("B2")[-1] == ("move", "Lost", date(2025, 6, 1))
    assert len(ledger("B1")) == 3


def test_events_earlier_than_the_ledger_are_a_problem_by_line(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, EVENTS, pipeline=pipeline)

    file = bring_in(cast.admin, EVENTS + "B1,Visited,2025-03-10,,Rao,Router\n", pipeline=pipeline)

    assert (7, "earlier_than_ledger") in problems(file)
    assert len(ledger("B1")) == 3


def test_a_change_of_owner_hands_the_deal_over_and_leaves_its_past(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)

    bring_in(cast.admin, DEALS.replace("A3,Rao", "A3,Peer of Rao"), pipeline=pipeline)

    deal = Deal.objects.get(external_id="A3")
    held = list(deal.ownerships.order_by("valid_from").values_list("owner", flat=True))
    assert (deal.owner, held) == (cast.peer, [cast.rao.pk, cast.peer.pk])


def test_a_corrected_result_reopens_the_deal_before_it_moves_it(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)

    bring_in(cast.admin, DEALS.replace("Won,2016-10-20,2017-03-01", "Lost,2016-10-20,2017-05-01"), pipeline=pipeline)

    assert [kind for kind, *_rest in ledger("A1")] == ["create", "move", "reopen", "move"]
    assert Deal.objects.get(external_id="A1").stage.kind == "lost"


BAD = """\
id,created,stage,closed,amount,owner
C1,2025-01-01,Won,,10,Rao
C2,2025-03-01,Won,2025-02-01,10,Rao
C3,2999-01-01,Lead,,10,Rao
C4,2025-01-01,Somewhere,,10,Rao
C5,2025-01-01,Lead,,-5,Rao
C6,2025-01-01,Lead,,ten,Rao
,2025-01-01,Lead,,10,Rao
C8,,Lead,,10,Rao
C9,2025-01-01,Lead,,10,
C10,2025-01-01,Lead,,10,Rao
C10,2025-01-02,Lead,,10,Rao
C11,2025-01-01,Lead,,10,Rao,extra
C12,01/02/2025,Lead,,10,Rao
"""


def test_every_problem_is_listed_by_its_line_and_good_rows_come_in(cast: Cast, pipeline: Pipeline) -> None:
    file = bring_in(cast.admin, BAD, pipeline=pipeline)

    assert problems(file) == [
        (2, "won_without_close"),
        (3, "closed_before_created"),
        (4, "far_day"),
        (5, "unknown_stage"),
        (6, "negative"),
        (7, "not_money"),
        (8, "missing"),
        (9, "missing"),
        (10, "no_owner"),
        (12, "twice"),
        (13, "too_many_cells"),
        (14, "ambiguous_date"),
    ]
    assert (file.deals_created, file.rows_refused) == (1, 12)


def test_all_or_nothing_lets_nothing_in(cast: Cast, pipeline: Pipeline) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, BAD), pipeline=pipeline, policy=ImportFile.Policy.ALL))

    with pytest.raises(services.ProblemsStandInTheWay):
        services.start_import(file=file, version=file.version, actor=cast.admin, policy=ImportFile.Policy.ALL)
    assert not Deal.objects.exists()


def test_all_or_nothing_looks_again_before_it_writes_when_the_check_is_old(cast: Cast, pipeline: Pipeline) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, EVENTS), pipeline=pipeline, policy=ImportFile.Policy.ALL))
    file = services.start_import(file=file, version=file.version, actor=cast.admin, policy=ImportFile.Policy.ALL)
    other = make_pipeline("Other")
    make_deal(source="crm", external_id="B2", pipeline=other, owner=cast.rao)

    work(file, now=timezone.now() + timedelta(hours=1))

    assert file.state == State.REFUSED
    assert (3, "other_pipeline") in problems(file)
    assert not StageEvent.objects.filter(deal__external_id="B1").exists()


def test_two_spellings_are_one_product_and_the_preview_says_so(cast: Cast, pipeline: Pipeline) -> None:
    make_product("GTX Pro")

    file = work(map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline))

    assert ["taken_as", {"count": 1, "given": "GTXPro", "taken": "GTX Pro"}] in file.findings["notes"]


def test_a_minus_before_a_number_is_no_other_spelling(cast: Cast, pipeline: Pipeline) -> None:
    rows = DEALS.replace("A1,Rao,GTX Basic", "A1,Rao,Line -1").replace("A3,Rao,GTX Basic", "A3,Rao,Line 1")

    bring_in(cast.admin, rows, pipeline=pipeline)

    assert {"Line -1", "Line 1"} <= set(ProductLine.objects.values_list("name", flat=True))


@pytest.mark.parametrize(("choice", "created"), [("first", date(2016, 10, 20)), ("today", None), ("", "refused")])
def test_rows_without_a_day_of_creation_are_refused_unless_a_default_is_declared(
    cast: Cast, pipeline: Pipeline, choice: str, created: object
) -> None:
    rows = DEALS + "A4,Rao,GTX Basic,,Prospecting,,,\n"

    file = bring_in(cast.admin, rows, pipeline=pipeline, choices={"blank_created": choice})
    again = bring_in(cast.admin, rows, pipeline=pipeline, choices={"blank_created": choice})

    found = Deal.objects.filter(external_id="A4").values_list("created_date", flat=True).first()
    if created == "refused":
        assert (found, problems(file)) == (None, [(5, "missing")])
    else:
        assert found == (created or timezone.localdate())
        assert again.deals_unchanged == 4


def test_owners_who_are_new_become_people_without_a_sign_in(cast: Cast, pipeline: Pipeline) -> None:
    file = bring_in(cast.admin, DEALS.replace("Rao", "Agent 9"), pipeline=pipeline, unit=cast.west)

    agent = User.objects.get(name="Agent 9")
    assert not agent.has_usable_password()
    assert agent.email.endswith("@imported.invalid")
    place = Membership.objects.get(user=agent)
    assert place.unit == cast.west
    assert place.valid_from < date(2016, 10, 20)
    assert file.findings["new_owners"] == 1


def test_a_rep_brings_in_own_deals_only_and_adds_nobody(cast: Cast, pipeline: Pipeline) -> None:
    for product in ("GTX Basic", "GTXPro"):
        make_product(product)
    rows = DEALS.replace("A2,Rao", "A2,Peer of Rao").replace("A3,Rao", "A3,Nobody")

    file = bring_in(cast.rao, rows, pipeline=pipeline)

    assert problems(file) == [(3, "unknown_owner"), (4, "unknown_owner")]
    assert [deal.external_id for deal in Deal.objects.all()] == ["A1"]
    assert Customer.objects.get(name="Cancity").owner == cast.rao
    assert not User.objects.filter(name="Nobody").exists()


def test_a_lead_brings_in_deals_of_the_own_team_only(cast: Cast, pipeline: Pipeline) -> None:
    for product in ("GTX Basic", "GTXPro"):
        make_product(product)

    file = bring_in(cast.mori, DEALS.replace("A2,Rao", "A2,Rep in the west"), pipeline=pipeline)

    assert problems(file) == [(3, "unknown_owner")]


def test_a_deal_of_somebody_out_of_reach_is_not_changed(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS.replace("Rao", "Rep in the west"), pipeline=pipeline)

    file = bring_in(cast.rao, DEALS.replace("2017-03-01,1054", "2017-03-01,9"), pipeline=pipeline)

    assert [code for _line, code in problems(file)] == ["not_yours"] * 3


def test_unknown_products_need_somebody_who_may_add_them(cast: Cast, pipeline: Pipeline) -> None:
    file = bring_in(cast.rao, DEALS, pipeline=pipeline)

    assert {code for _line, code in problems(file)} == {"unknown_word"}
    assert not ProductLine.objects.exists()


def test_a_pipeline_is_made_from_the_stages_of_the_file(cast: Cast) -> None:
    rows = "id,stage,entered_at,owner\n1,booked,2025-01-01,Rao\n1,won,2025-02-01,Rao\n2,booked,2025-01-05,Rao\n"
    file = hand_in(cast.admin, rows)
    words = services.stage_words(file, "stage")
    plan = services.new_stages(words)
    stages = services.words_for_new_stages(words, plan)
    file = services.map_file(
        file=file,
        version=1,
        actor=cast.admin,
        source="hotel",
        shape="events",
        mapping=file.mapping,
        choices={"stages": stages, "new_pipeline": {"name": "Hotel", "stages": plan}},
        pipeline=None,
        unit=None,
        policy="all",
    )
    work(file)
    assert not Pipeline.objects.exists()

    services.start_import(file=file, version=file.version, actor=cast.admin, policy="all")
    work(file)

    made = Pipeline.objects.get(name="Hotel")
    assert [(stage.name, stage.kind) for stage in made.stages.all()] == [
        ("booked", "open"),
        ("won", "won"),
        ("Lost", "lost"),
    ]
    assert file.deals_created == 2


def test_a_pipeline_is_not_made_by_somebody_who_may_not(cast: Cast) -> None:
    file = hand_in(cast.rao, DEALS)

    with pytest.raises(NotAllowed):
        services.check_new_pipeline(actor=cast.rao, plan={"name": "Mine", "stages": []})
    assert file.state == State.UPLOADED


def test_a_mapping_is_remembered_for_the_next_file_of_this_head_line(cast: Cast, pipeline: Pipeline) -> None:
    file = hand_in(cast.admin, DEALS)
    map_as_guessed(file, pipeline=pipeline, mapping={**file.mapping, "title": "account", "customer": ""})

    again = hand_in(cast.admin, DEALS + "A9,Rao,X,Y,Won,2017-01-01,2017-01-02,3\n")

    assert again.mapping["title"] == "account"
    assert "customer" not in again.mapping
    assert ColumnMapping.objects.count() == 1


def test_a_file_that_is_no_table_leaves_nothing_behind(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        hand_in(cast.admin, b"%PDF-1.7 not a table", name="deals.csv")

    assert not ImportFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_like_a_path_is_only_a_name(cast: Cast, tmp_path: Path) -> None:
    file = hand_in(cast.admin, DEALS, name="../../etc/pass\x00wd.csv")

    assert file.file_name == "passwd.csv"
    assert Path(file.file.path).is_relative_to(tmp_path)
    assert "passwd" not in file.file.path


def test_a_discarded_file_is_gone_from_the_disk(
    cast: Cast, tmp_path: Path, django_capture_on_commit_callbacks: object
) -> None:
    file = hand_in(cast.admin, DEALS)

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's fixture
        services.discard_import(file=file, version=file.version, actor=cast.admin)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_import_that_brought_rows_stays_as_their_record(cast: Cast, pipeline: Pipeline) -> None:
    file = bring_in(cast.admin, DEALS, pipeline=pipeline)

    with pytest.raises(services.ImportHasBegun):
        services.discard_import(file=file, version=file.version, actor=cast.admin)


def test_each_batch_leaves_one_line_in_the_audit_trail(cast: Cast, pipeline: Pipeline) -> None:
    bring_in(cast.admin, DEALS, pipeline=pipeline)

    events = set(AuditEntry.objects.filter(event__startswith="customers.import.").values_list("event", flat=True))
    assert events == {
        "customers.import.uploaded",
        "customers.import.mapped",
        "customers.import.started",
        "customers.import.lines_taken",
        "customers.import.done",
    }


def test_an_import_that_dies_again_and_again_gives_up_and_can_be_tried_again(cast: Cast, pipeline: Pipeline) -> None:
    file = map_as_guessed(hand_in(cast.admin, DEALS), pipeline=pipeline)
    ImportFile.objects.filter(pk=file.pk).update(attempts_without_progress=5)

    work(file)
    assert file.state == State.FAILED

    file = services.retry_import(file=file, version=file.version, actor=cast.admin)
    assert work(file).state == State.CHECKED


def test_moments_with_an_hour_keep_it(cast: Cast, pipeline: Pipeline) -> None:
    rows = "id,stage,entered_at,owner\n1,Lead,2025-01-01T23:30:00Z,Rao\n"

    bring_in(cast.admin, rows, pipeline=pipeline)

    event = StageEvent.objects.get()
    assert event.occurred_at == datetime(2025, 1, 1, 23, 30, tzinfo=UTC)
    assert Deal.objects.get().created_date == date(2025, 1, 2)  # the company's zone is Shanghai


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.services.import_reading.BATCH_LINES", 1)


def test_a_second_worker_that_takes_over_fences_the_first_one_out(
    cast: Cast, pipeline: Pipeline, small_batches: None
) -> None:
    file = work(map_as_guessed(hand_in(cast.admin, EVENTS), pipeline=pipeline))
    services.start_import(file=file, version=file.version, actor=cast.admin, policy="rows")

    def steal(watched: ImportFile) -> None:
        """As if the first worker's connection had died, its lock with it, and another had begun."""
        ImportFile.objects.filter(pk=watched.pk).update(attempt=watched.attempt + 1)

    assert not services.work_on_import(file.pk, clock=timezone.now, watch=steal)
    assert Deal.objects.count() == 1

    work(file)
    assert (file.state, file.deals_created, Deal.objects.count()) == (State.DONE, 2, 2)
