"""A company whose deals are many enough to judge a conversion, and warnings without a night."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import numpy as np

from bench.alerts import STAGES, START, World, world
from customers.models import Deal, DealOwnership, Pipeline, Stage, StageEvent
from planning.models import By, ConversionWarning, Plan
from teams.models import User
from tests.factories.customers import make_customer

AMOUNT = Decimal("10000.00")
FACTS = {
    "signal": "pace",
    "from": "2026-04-01",
    "observed": 12.0,
    "expected": 30.0,
    "leaving": 41,
    "low": 0.26,
    "high": 0.58,
    "p": 0.0004,
    "evidence": 900.0,
    "enough": True,
    "rate_usual": 0.5,
    "rate_now": 0.24,
    "to_come": 60.0,
    "win_after": 0.4,
    "mean_amount": 50000.0,
    "until": "2026-12-31",
    "cause": "rate",
    "cause_person": None,
    "speed": {"ratio": 0.95, "low": 0.8, "high": 1.1},
    "answers": {
        "usual": 90.0,
        "unit": "hours",
        "before": 80,
        "now": 41,
        "in_time_before": 0.5,
        "in_time_now": 0.3,
        "low": -0.31,
        "high": -0.09,
    },
    "splits": {
        name: {
            "mix": -0.01,
            "rate": -0.2,
            "explains": 5714.29,
            "rows": [
                {"member": None, "before": 80, "now": 41, "rate_before": 0.5, "rate_now": 0.29},
                {"member": 1_000, "before": 20, "now": 9, "rate_before": 0.45, "rate_now": None},
            ],
        }
        for name in ("channel", "product", "band", "owner")
    },
    "series": [{"from": f"2026-{month:02}-01", "observed": 5.0 + month % 3, "expected": 6.0} for month in range(1, 7)],
}


def make_warning(
    *,
    plan: Plan,
    stage: Stage,
    by: str = By.COMPANY,
    member: int = 0,
    found_date: date = date(2026, 6, 1),
    **fields: object,
) -> ConversionWarning:
    """Make a warning as a night leaves it behind."""
    given = {
        "found_date": found_date,
        "since_date": min(date(2026, 4, 1), found_date),
        "last_date": found_date,
        "pushed_date": found_date,
        "at_stake": Decimal("120000.00"),
        "facts": deepcopy(FACTS),
        **fields,
    }
    return ConversionWarning.objects.create(plan=plan, stage=stage, by=by, member=member, **given)


@cache
def _world(seed: int, per_week: float, drop: float) -> World:
    """Simulate a world once: the tests of a module begin with the same."""
    return world(np.random.default_rng(seed), per_week=per_week, drop=drop, span_days=550)


def make_history(
    pipeline: Pipeline,
    owners: list[User],
    *,
    until: date,
    drop: float,
    per_week: float = 45,
    seed: int = 4,
    amounts: Sequence[Decimal] = (AMOUNT,),
) -> None:
    """
    Fill the ledger with a year and a half of deals of four owners, all of it before a day.

    In the last six weeks the first owner's second stage converts (1 - drop) as often as before.
    """
    made = _world(seed, per_week, drop)
    shift = (until - date(1970, 1, 1)).days - START - 550
    ledger = made.ledger
    open_stages = list(pipeline.stages.filter(kind=Stage.Kind.OPEN).order_by("position"))[:STAGES]
    states = [*open_stages, pipeline.stages.get(kind=Stage.Kind.WON), pipeline.stages.get(kind=Stage.Kind.LOST)]
    customer = make_customer(owner=owners[0])

    def at(day: int, seq: int = 0) -> datetime:
        whole = date(1970, 1, 1) + timedelta(days=int(day) + shift)
        return datetime.combine(whole, time(1, min(seq, 59)), UTC)

    first = np.flatnonzero(np.r_[True, np.diff(ledger.deal) > 0])
    last = np.r_[first[1:], len(ledger.deal)] - 1
    whose = ledger.deal[first]
    deals = Deal.objects.bulk_create(
        Deal(
            title=f"Deal {number}",
            owner=owners[made.segment[deal]],
            customer=customer,
            pipeline=pipeline,
            stage=states[ledger.state[end]],
            amount=amounts[number % len(amounts)],
            created_date=at(ledger.day[begin]).date(),
            stage_since=at(ledger.day[end], end - begin),
            closed_date=None if states[ledger.state[end]].is_open else at(ledger.day[end]).date(),
            version=int(end - begin + 1),
            last_seq=int(end - begin + 1),
        )
        for number, (deal, begin, end) in enumerate(zip(whose.tolist(), first.tolist(), last.tolist(), strict=True))
    )
    DealOwnership.objects.bulk_create(
        DealOwnership(deal=deal, owner=deal.owner, valid_from=at(ledger.day[begin]))
        for deal, begin in zip(deals, first.tolist(), strict=True)
    )
    StageEvent.objects.bulk_create(
        StageEvent(
            deal=deal,
            seq=row - begin + 1,
            kind=StageEvent.Kind.CREATE if row == begin else StageEvent.Kind.MOVE,
            from_stage=None if row == begin else states[ledger.state[row - 1]],
            to_stage=states[ledger.state[row]],
            amount=deal.amount,
            actor=deal.owner,
            occurred_at=at(ledger.day[row], row - begin),
            recorded_at=at(ledger.day[row], row - begin),
        )
        for deal, begin, end in zip(deals, first.tolist(), last.tolist(), strict=True)
        for row in range(begin, end + 1)
    )
