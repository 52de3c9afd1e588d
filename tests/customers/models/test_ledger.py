import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from customers.models import Deal, StageEvent
from tests.factories.customers import make_deal, stage_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7", "R7.4")]


def _append(deal: Deal, *, seq: int, kind: str, from_stage: str | None, to_stage: str) -> StageEvent:
    return StageEvent.objects.create(
        deal=deal,
        seq=seq,
        kind=kind,
        from_stage=stage_of(deal.pipeline, from_stage) if from_stage else None,
        to_stage=stage_of(deal.pipeline, to_stage),
        reason="because",
        occurred_at=timezone.now(),
    )


def test_a_line_continues_where_the_last_one_ended() -> None:
    deal = make_deal(path=("Lead", "Contacted"))

    event = _append(deal, seq=3, kind="move", from_stage="Contacted", to_stage="Visited")

    assert event.pk


@pytest.mark.parametrize(
    ("seq", "kind", "from_stage", "to_stage", "constraint"),
    [
        (4, "move", "Contacted", "Visited", "stageevent_begins_where_the_last_ended"),
        (3, "move", "Lead", "Visited", "stageevent_begins_where_the_last_ended"),
        (2, "move", "Lead", "Visited", "stageevent_one_line_per_number|stageevent_number_once_in_a_deal"),
        (1, "create", None, "Lead", "stageevent_one_line_per_number|stageevent_number_once_in_a_deal"),
        (3, "create", None, "Lead", "stageevent_first_line_creates"),
        (3, "move", "Contacted", "Contacted", "stageevent_a_move_changes_the_stage"),
        (3, "amend", "Contacted", "Visited", "stageevent_a_move_changes_the_stage"),
    ],
)
def test_the_database_refuses_a_broken_history(
    seq: int, kind: str, from_stage: str | None, to_stage: str, constraint: str
) -> None:
    deal = make_deal(path=("Lead", "Contacted"))

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        _append(deal, seq=seq, kind=kind, from_stage=from_stage, to_stage=to_stage)


def test_nobody_rewrites_the_ledger() -> None:
    event = make_deal().events.get()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        StageEvent.objects.filter(pk=event.pk).update(reason="another")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        event.delete()
