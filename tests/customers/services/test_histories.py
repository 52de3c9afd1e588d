"""The fast path for whole histories: same rules, same result as the single services."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from core.errors import Invalid, VersionConflict
from customers import services
from customers.models import Deal, Pipeline
from customers.services import DealHistory, HistoryLine, history_problems
from customers.services.histories import _write_histories
from tests.factories.customers import make_customer, make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


def lines(pipeline: Pipeline, *names: str, start: datetime = NOW - timedelta(days=90)) -> list[HistoryLine]:
    return [
        HistoryLine(stage_of(pipeline, name), start + timedelta(days=7 * step), Decimal(100 + step), date(2026, 7, 1))
        for step, name in enumerate(names)
    ]


def new_deal(cast: Cast, pipeline: Pipeline, **facts: object) -> Deal:
    return Deal(**{"title": "Imported", "owner": cast.rao, "pipeline": pipeline, **facts})


def test_a_written_history_is_what_the_single_services_would_have_left(cast: Cast) -> None:
    pipeline = make_pipeline()
    customer = make_customer(owner=cast.rao)
    steps = lines(pipeline, "Lead", "Visited", "Visited", "Won")
    by_hand = services.create_deal(
        actor=cast.rao,
        title="Same",
        owner=cast.rao,
        pipeline=pipeline,
        customer=customer,
        amount=steps[0].amount,
        expected_close_date=steps[0].expected_close_date,
        occurred_at=steps[0].occurred_at,
        now=NOW,
    )
    by_hand = services.move_deal(
        deal=by_hand,
        to_stage=steps[1].stage,
        version=1,
        actor=cast.rao,
        amount=steps[1].amount,
        occurred_at=steps[1].occurred_at,
        now=NOW,
    )
    by_hand = services.amend_deal(
        deal=by_hand,
        version=2,
        actor=cast.rao,
        amount=steps[2].amount,
        expected_close_date=steps[2].expected_close_date,
        occurred_at=steps[2].occurred_at,
        now=NOW,
    )
    by_hand = services.move_deal(
        deal=by_hand,
        to_stage=steps[3].stage,
        version=3,
        actor=cast.rao,
        amount=steps[3].amount,
        occurred_at=steps[3].occurred_at,
        now=NOW,
    )
    with transaction.atomic():
        (written,) = _write_histories(
            [DealHistory(new_deal(cast, pipeline, title="Same", customer=customer), steps)], now=NOW
        )
    names = [field.attname for field in Deal._meta.concrete_fields if field.attname != "id"]
    written = Deal.objects.get(pk=written.pk)
    by_hand.refresh_from_db()
    assert {name: getattr(written, name) for name in names} == {name: getattr(by_hand, name) for name in names}
    told = ["seq", "kind", "from_stage", "to_stage", "amount", "expected_close_date", "reason", "occurred_at"]
    assert list(written.events.values(*told)) == list(by_hand.events.values(*told))
    held = ["owner", "valid_from", "valid_to"]
    assert list(written.ownerships.values(*held)) == list(by_hand.ownerships.values(*held))


def test_a_history_told_afterwards_was_known_when_it_happened(cast: Cast) -> None:
    pipeline = make_pipeline()
    with transaction.atomic():
        (deal,) = _write_histories([DealHistory(new_deal(cast, pipeline), lines(pipeline, "Lead", "Lost"))], now=NOW)
    assert all(event.recorded_at == event.occurred_at for event in deal.events.all())


def test_text_comes_in_as_it_was_whatever_it_holds(cast: Cast) -> None:
    pipeline = make_pipeline()
    title = 'Tab\tbackslash\\ "quoted" \\N 中文, line\nend'
    with transaction.atomic():
        (deal,) = _write_histories(
            [DealHistory(new_deal(cast, pipeline, title=title), lines(pipeline, "Lead"))], now=NOW
        )
    assert Deal.objects.get(pk=deal.pk).title == title


def test_earlier_owners_keep_their_time(cast: Cast) -> None:
    pipeline = make_pipeline()
    steps = lines(pipeline, "Lead", "Visited", "Won")
    owners = [(cast.peer, steps[0].occurred_at), (cast.rao, steps[1].occurred_at)]
    with transaction.atomic():
        (deal,) = _write_histories([DealHistory(new_deal(cast, pipeline), steps, owners)], now=NOW)
    assert [(row.owner, row.valid_to) for row in deal.ownerships.all()] == [
        (cast.peer, steps[1].occurred_at),
        (cast.rao, None),
    ]


def test_a_known_deal_goes_on_where_its_ledger_ended(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Visited"))
    more = lines(deal.pipeline, "Quoted", "Won", start=NOW - timedelta(days=30))
    with transaction.atomic():
        _write_histories([DealHistory(deal, more)], now=NOW)
    deal = Deal.objects.get(pk=deal.pk)
    assert (deal.stage.name, deal.last_seq, deal.version, deal.amount) == ("Won", 4, 4, Decimal("101.00"))
    assert [event.kind for event in deal.events.all()] == ["create", "move", "move", "move"]


def test_a_known_deal_that_changed_meanwhile_is_not_overwritten(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    services.edit_deal(deal=deal, version=1, actor=cast.rao, title="Changed")
    with pytest.raises(VersionConflict), transaction.atomic():
        _write_histories([DealHistory(deal, lines(deal.pipeline, "Won"))], now=NOW)


def test_what_the_single_services_refuse_is_named_before_anything_is_written(cast: Cast) -> None:
    pipeline = make_pipeline()
    other = make_pipeline("Service")
    good = lines(pipeline, "Lead", "Visited")
    cases = {
        "begins in an open stage": lines(pipeline, "Won"),
        "at least one line": [],
        "another pipeline": [good[0], lines(other, "Visited")[0]],
        "Reopen it": lines(pipeline, "Lead", "Won", "Lost"),
        "need a reason": lines(pipeline, "Visited", "Lead"),
        "order of time": [good[1], HistoryLine(good[0].stage, good[0].occurred_at, reason="x")],
        "in the future": lines(pipeline, "Lead", start=NOW + timedelta(days=1)),
        "below zero": [HistoryLine(good[0].stage, NOW, Decimal(-1))],
    }
    for words, steps in cases.items():
        history = DealHistory(new_deal(cast, pipeline), steps)
        assert any(words in problem for problem in history_problems(history, now=NOW)), words
        with pytest.raises(Invalid), transaction.atomic():
            _write_histories([DealHistory(new_deal(cast, pipeline), good), history], now=NOW)
    assert not Deal.objects.exists()
