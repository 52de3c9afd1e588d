"""Deals: what each service writes, and what it refuses."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import VersionConflict
from core.models import AuditEntry
from customers import services
from customers.models import Deal, Stage, StageEvent
from customers.services import refusals
from tests.factories.customers import make_customer, make_deal, make_pipeline, make_product, stage_of
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


def to(deal: Deal, name: str) -> Stage:
    return stage_of(deal.pipeline, name)


def last_line(deal: Deal) -> StageEvent:
    return deal.events.get(seq=Deal.objects.get(pk=deal.pk).last_seq)


def test_a_new_deal_begins_in_the_first_open_stage_with_its_ledger_and_its_owner(cast: Cast) -> None:
    deal = services.create_deal(
        actor=cast.rao, title=" Cranes ", owner=cast.rao, pipeline=make_pipeline(), amount=Decimal("10.00"), now=NOW
    )
    deal.refresh_from_db()
    assert (deal.title, deal.stage.name, deal.created_date) == ("Cranes", "Lead", date(2026, 6, 1))
    assert [(line.seq, line.kind, line.actor) for line in deal.events.all()] == [(1, "create", cast.rao)]
    assert [(held.owner, held.valid_from, held.valid_to) for held in deal.ownerships.all()] == [(cast.rao, NOW, None)]


def test_the_day_of_a_deal_is_the_companys_day(cast: Cast) -> None:
    late = datetime(2026, 5, 31, 17, tzinfo=UTC)  # one o'clock of 1 June in Shanghai
    deal = services.create_deal(actor=cast.rao, title="Late", owner=cast.rao, pipeline=make_pipeline(), now=late)
    assert deal.created_date == date(2026, 6, 1)


def test_a_rep_cannot_make_a_deal_for_a_peer(cast: Cast) -> None:
    with pytest.raises(refusals.OwnerIsOutOfReach):
        services.create_deal(actor=cast.rao, title="x", owner=cast.peer, pipeline=make_pipeline(), now=NOW)
    assert not Deal.objects.exists()


def test_a_deal_is_not_linked_to_a_customer_whom_its_maker_cannot_see(cast: Cast) -> None:
    foreign = make_customer(owner=cast.west_rep)
    with pytest.raises(refusals.CustomerIsOutOfReach):
        services.create_deal(
            actor=cast.rao, title="x", owner=cast.rao, pipeline=make_pipeline(), customer=foreign, now=NOW
        )


def test_a_deal_takes_no_retired_product_line(cast: Cast) -> None:
    product = make_product()
    product.is_active = False
    product.save()
    with pytest.raises(refusals.WordIsRetired):
        services.create_deal(
            actor=cast.rao, title="x", owner=cast.rao, pipeline=make_pipeline(), product=product, now=NOW
        )


def test_moving_forward_appends_a_line_and_moves_the_deal(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    moved = services.move_deal(deal=deal, to_stage=to(deal, "Quoted"), version=1, actor=cast.rao, now=NOW)
    line = last_line(deal)
    assert (moved.stage.name, moved.version, moved.stage_since) == ("Quoted", 2, NOW)
    assert line.from_stage is not None
    assert (line.kind, line.from_stage.name, line.to_stage.name) == ("move", "Lead", "Quoted")
    assert AuditEntry.objects.get(event="customers.deal.moved").facts["version"] == 2


def test_winning_sets_the_day_and_the_amount(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, amount=None)
    won = services.move_deal(
        deal=deal, to_stage=to(deal, "Won"), version=1, actor=cast.rao, now=NOW, amount=Decimal("5.00")
    )
    assert (won.closed_date, won.amount, last_line(deal).amount) == (date(2026, 6, 1), Decimal("5.00"), Decimal("5.00"))


@pytest.mark.parametrize(("path", "target"), [(("Lead", "Quoted"), "Contacted"), (("Lead",), "Lost")])
def test_going_back_and_losing_need_a_reason(cast: Cast, path: tuple[str, ...], target: str) -> None:
    deal = make_deal(owner=cast.rao, path=path)
    move: dict[str, Any] = {
        "deal": deal,
        "to_stage": to(deal, target),
        "version": deal.version,
        "actor": cast.rao,
        "now": NOW,
    }
    with pytest.raises(refusals.ReasonIsMissing):
        services.move_deal(**move, reason="  ")
    assert deal.events.count() == len(path)
    services.move_deal(**move, reason="They asked for another visit")
    assert last_line(deal).kind == ("back" if target == "Contacted" else "move")


def test_a_closed_deal_moves_only_after_it_is_reopened(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Quoted", "Won"))
    with pytest.raises(refusals.DealIsClosed):
        services.move_deal(deal=deal, to_stage=to(deal, "Lost"), version=3, actor=cast.mori, now=NOW, reason="x")
    again = services.reopen_deal(deal=deal, version=3, actor=cast.mori, now=NOW, reason="The order was withdrawn")
    assert (again.stage.name, again.closed_date, last_line(deal).kind) == ("Quoted", None, "reopen")


def test_a_deal_reopens_into_the_stage_that_is_chosen(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Quoted", "Lost"))
    reopen: dict[str, Any] = {"deal": deal, "version": 3, "actor": cast.mori, "now": NOW}
    with pytest.raises(refusals.StageIsNotOpen):
        services.reopen_deal(**reopen, reason="x", to_stage=to(deal, "Won"))
    with pytest.raises(refusals.ReasonIsMissing):
        services.reopen_deal(**reopen, reason="")
    assert services.reopen_deal(**reopen, reason="x", to_stage=to(deal, "Lead")).stage.name == "Lead"


def test_an_open_deal_is_not_reopened(cast: Cast) -> None:
    with pytest.raises(refusals.DealIsOpen):
        services.reopen_deal(deal=make_deal(owner=cast.rao), version=1, actor=cast.mori, now=NOW, reason="x")


def test_amending_changes_amount_and_date_and_keeps_stage_and_clock(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Visited"))
    since = deal.stage_since
    amended = services.amend_deal(
        deal=deal, version=2, actor=cast.rao, now=NOW, amount=None, expected_close_date=date(2026, 9, 1)
    )
    assert (amended.stage.name, amended.stage_since, amended.amount) == ("Visited", since, None)
    assert (last_line(deal).kind, last_line(deal).expected_close_date) == ("amend", date(2026, 9, 1))
    with pytest.raises(refusals.NothingChanges):
        services.amend_deal(
            deal=deal, version=3, actor=cast.rao, now=NOW, amount=None, expected_close_date=date(2026, 9, 1)
        )


def test_amending_a_won_deal_needs_a_reason_and_keeps_its_day(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Won"))
    amend: dict[str, Any] = {"deal": deal, "version": 2, "actor": cast.mori, "now": NOW, "expected_close_date": None}
    with pytest.raises(refusals.ReasonIsMissing):
        services.amend_deal(**amend, amount=Decimal("1.00"))
    amended = services.amend_deal(**amend, amount=Decimal("1.00"), reason="Credit note")
    assert amended.closed_date == deal.closed_date


def test_a_hand_over_keeps_stage_history_and_past_credit(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Contacted", "Quoted"))
    services.hand_over_deal(deal=deal, to=cast.peer, version=3, actor=cast.mori, now=NOW)
    deal.refresh_from_db()
    assert (deal.owner, deal.stage.name, deal.events.count()) == (cast.peer, "Quoted", 3)
    held = [(row.owner, row.valid_to) for row in deal.ownerships.all()]
    assert held == [(cast.rao, NOW), (cast.peer, None)]


def test_a_hand_over_stays_within_the_reach_of_the_one_who_orders_it(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    with pytest.raises(refusals.OwnerIsOutOfReach):
        services.hand_over_deal(deal=deal, to=cast.west_rep, version=1, actor=cast.lin, now=NOW)
    with pytest.raises(refusals.OwnerHasItAlready):
        services.hand_over_deal(deal=deal, to=cast.rao, version=1, actor=cast.lin, now=NOW)


def test_a_hand_over_cannot_reach_back_before_the_present_owner(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, created=date(2026, 5, 1))
    with pytest.raises(refusals.TimeIsOutOfOrder):
        services.hand_over_deal(
            deal=deal, to=cast.peer, version=1, actor=cast.mori, now=NOW, occurred_at=NOW - timedelta(days=60)
        )
    deal.refresh_from_db()
    assert (deal.owner, deal.version) == (cast.rao, 1)


@pytest.mark.parametrize("at", [datetime(2026, 1, 1, tzinfo=UTC), NOW + timedelta(minutes=6)])
def test_a_step_lies_between_the_one_before_and_now(cast: Cast, at: datetime) -> None:
    deal = make_deal(owner=cast.rao, created=date(2026, 1, 5))
    with pytest.raises(refusals.TimeIsOutOfOrder):
        services.move_deal(deal=deal, to_stage=to(deal, "Visited"), version=1, actor=cast.rao, now=NOW, occurred_at=at)


def test_a_callers_clock_may_run_a_little_ahead(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    at = NOW + timedelta(minutes=4)
    moved = services.move_deal(
        deal=deal, to_stage=to(deal, "Visited"), version=1, actor=cast.rao, now=NOW, occurred_at=at
    )
    assert moved.stage_since == at


def test_a_stale_version_is_told_what_the_deal_is_now(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    services.move_deal(deal=deal, to_stage=to(deal, "Visited"), version=1, actor=cast.rao, now=NOW)
    with pytest.raises(VersionConflict) as refusal:
        services.move_deal(deal=deal, to_stage=to(deal, "Quoted"), version=1, actor=cast.mori, now=NOW)
    assert refusal.value.extra["stage_name"] == "Visited"
    assert refusal.value.extra["changed_by"] == "Rao"
    assert refusal.value.extra["current_version"] == 2


def test_editing_and_handing_over_count_the_version_too(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    services.edit_deal(deal=deal, version=1, actor=cast.rao, title="New name")
    with pytest.raises(VersionConflict):
        services.edit_deal(deal=deal, version=1, actor=cast.mori, title="Another name")
    deal.refresh_from_db()
    assert (deal.title, deal.version, deal.last_seq) == ("New name", 2, 1)


def test_an_edit_that_changes_nothing_leaves_no_trace(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    services.edit_deal(deal=deal, version=1, actor=cast.rao, title=deal.title)
    assert not AuditEntry.objects.exists()


def test_undo_leads_back_by_a_further_line_and_returns_the_amount(cast: Cast) -> None:
    now = datetime.now(UTC)
    deal = make_deal(owner=cast.rao, path=("Lead", "Quoted"))
    services.move_deal(deal=deal, to_stage=to(deal, "Won"), version=2, actor=cast.rao, now=now, amount=Decimal("9.00"))
    undone = services.undo_move(deal=deal, version=3, actor=cast.rao, now=now)
    assert (undone.stage.name, undone.amount, undone.closed_date) == ("Quoted", Decimal("1000.00"), None)
    assert [line.kind for line in deal.events.all()] == ["create", "move", "move", "reopen"]


def test_undo_is_for_ones_own_move_and_for_seconds(cast: Cast) -> None:
    now = datetime.now(UTC)
    deal = make_deal(owner=cast.rao)
    services.move_deal(deal=deal, to_stage=to(deal, "Visited"), version=1, actor=cast.rao, now=now)
    with pytest.raises(refusals.UndoIsTooLate):
        services.undo_move(deal=deal, version=2, actor=cast.mori, now=now)
    with pytest.raises(refusals.UndoIsTooLate):
        services.undo_move(deal=deal, version=2, actor=cast.rao, now=now + timedelta(minutes=2))


def test_a_move_into_a_retired_or_foreign_stage_is_refused(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    quoted = to(deal, "Quoted")
    quoted.is_active = False
    quoted.save()
    elsewhere = stage_of(make_pipeline("Service"), "Quoted")
    for stage, refusal in ((quoted, refusals.StageIsRetired), (elsewhere, refusals.StageOfAnotherPipeline)):
        with pytest.raises(refusal):
            services.move_deal(deal=deal, to_stage=stage, version=1, actor=cast.rao, now=NOW)
