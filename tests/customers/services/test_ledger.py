"""The deal is the fold of its ledger, whatever people do, and whoever is first wins alone."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError, VersionConflict
from core.models import AuditEntry
from customers import services
from customers.models import Deal, Pipeline, Stage, StageEvent
from customers.queries import violations
from customers.services import ledger
from tests.factories.customers import make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast, make_cast

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
AMOUNTS = st.none() | st.decimals(min_value=0, max_value=10**9, places=2)
DAYS = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(0, 5), AMOUNTS, st.sampled_from(["", "because"])),
        st.tuples(st.just("reopen"), st.integers(0, 5), st.just(None), st.sampled_from(["", "because"])),
        st.tuples(st.just("amend"), AMOUNTS, DAYS, st.sampled_from(["", "because"])),
        st.tuples(st.just("hand over"), st.booleans(), st.none(), st.none()),
        st.tuples(st.just("edit"), st.text("ab", min_size=1, max_size=3), st.none(), st.none()),
        st.tuples(st.just("undo"), st.none(), st.none(), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@pytest.mark.django_db
def test_a_deal_is_the_fold_of_its_ledger_after_any_sequence_of_services(
    steps: list[tuple[Any, ...]], cast: Cast
) -> None:
    deal = _fresh_deal(cast)
    stages = list(deal.pipeline.stages.order_by("position"))
    writes = 0
    for number, (what, first, second, why) in enumerate(steps, start=1):
        now = START + timedelta(hours=number)
        base: dict[str, Any] = {"deal": deal, "version": deal.version, "actor": cast.mori}
        try:
            if what == "move":
                services.move_deal(**base, now=now, to_stage=stages[first], amount=second, reason=why)
            elif what == "reopen":
                services.reopen_deal(**base, now=now, to_stage=stages[first], reason=why)
            elif what == "amend":
                services.amend_deal(**base, now=now, amount=first, expected_close_date=second, reason=why)
            elif what == "hand over":
                services.hand_over_deal(**base, now=now, to=cast.peer if first else cast.rao)
            elif what == "edit":
                services.edit_deal(**base, title=first)
            else:
                services.undo_move(**base, now=now)
        except DomainError:
            pass
        after = Deal.objects.get(pk=deal.pk)
        writes += after.version - deal.version
        deal = after
    assert _fold(deal) == {name: getattr(deal, name) for name in _fold(deal)}
    assert deal.version == writes + 1
    assert AuditEntry.objects.filter(subject_type="customers.deal", subject_id=str(deal.pk)).count() == writes + 1
    assert not list(violations())


def _fresh_deal(cast: Cast) -> Deal:
    pipeline = Pipeline.objects.first() or make_pipeline()
    return services.create_deal(actor=cast.mori, title="t", owner=cast.rao, pipeline=pipeline, now=START)


def _fold(deal: Deal) -> dict[str, object]:
    """Read the deal out of its ledger alone."""
    told: dict[str, object] = {}
    for event in deal.events.select_related("to_stage").order_by("seq"):
        told["last_seq"] = event.seq
        told["stage"], told["amount"] = event.to_stage, event.amount
        told["expected_close_date"] = event.expected_close_date
        if event.kind != StageEvent.Kind.AMEND:
            told["stage_since"] = event.occurred_at
            shanghai = event.occurred_at + timedelta(hours=8)
            told["closed_date"] = None if event.to_stage.is_open else shanghai.date()
    return told


def _race(movers: int, deal: Deal, target: Stage, cast: Cast) -> Counter[str]:
    """Let everybody move the deal at once, all having seen version 1; count how it ended for them."""
    ready, outcomes = threading.Barrier(movers), []

    def move() -> None:
        try:
            connection.ensure_connection()
            ready.wait()
            services.move_deal(deal=deal, to_stage=target, version=1, actor=cast.rao, now=datetime.now(UTC))
            outcomes.append("moved")
        except VersionConflict:
            outcomes.append("conflict")
        except IntegrityError:
            outcomes.append("collision")
        finally:
            connection.close()

    threads = [threading.Thread(target=move) for _ in range(movers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_simultaneous_moves_one_succeeds_and_forty_nine_are_told_of_a_conflict() -> None:
    cast = make_cast()
    deal = make_deal(owner=cast.rao)
    outcomes = _race(50, deal, stage_of(deal.pipeline, "Visited"), cast)
    assert outcomes == {"moved": 1, "conflict": 49}
    assert deal.events.count() == 2
    assert not list(violations())


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_race_shows_and_only_the_ledgers_own_number_holds() -> None:
    cast = make_cast()
    deal = make_deal(owner=cast.rao)

    def unguarded(deal: Deal, **values: object) -> None:
        Deal.objects.filter(pk=deal.pk).update(version=deal.version + 1, **values)
        for name, value in values.items():
            setattr(deal, name, value)

    with (
        mock.patch.object(ledger, "_claim", unguarded),
        mock.patch.object(ledger, "current_deal", lambda *, deal, version: Deal.objects.get(pk=deal.pk)),
    ):
        outcomes = _race(20, deal, stage_of(deal.pipeline, "Visited"), cast)
    assert outcomes["collision"] > 0
    assert deal.events.count() == 2


@pytest.mark.django_db
def test_the_checker_finds_a_deal_that_was_changed_beside_its_ledger() -> None:
    deal = make_deal(path=("Lead", "Visited"))
    Deal.objects.filter(pk=deal.pk).update(amount=Decimal("7.00"), last_seq=5)
    assert {(found.rule, found.keys) for found in violations()} == {("I1", (deal.pk,))}
    Deal.objects.filter(pk=deal.pk).update(last_seq=2)
    assert [(found.rule, found.count) for found in violations()] == [("I2", 1)]


@pytest.mark.django_db
def test_the_checker_finds_a_closed_day_without_an_end_and_a_second_owner() -> None:
    deal = make_deal()
    Deal.objects.filter(pk=deal.pk).update(closed_date=date(2026, 2, 1), owner=make_deal().owner)
    assert {found.rule for found in violations()} == {"I2", "ownership"}
