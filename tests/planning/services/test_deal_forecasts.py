"""The chances of a night are stored as they were reckoned, and checked like any other rows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction

from core.models import JobRun
from customers.models import Deal
from planning.models import DealForecast
from planning.queries.deal_rows import DealRows
from planning.services.deal_forecasts import save_deals
from tests.factories.customers import make_deal
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]


def _run() -> JobRun:
    return JobRun.objects.create(
        job="test", scope="1", business_date=date(2026, 7, 1), revision=1, created_at=datetime(2026, 7, 1, tzinfo=UTC)
    )


def _rows(deals: list[Deal], *, p_win: float = 0.25) -> DealRows:
    """The second deal has neither a closing date nor an amount of its own."""
    n = len(deals)
    return DealRows(
        columns={
            "deal": np.array([deal.pk for deal in deals]),
            "owner": np.array([deal.owner_id for deal in deals]),
            "stage": np.array([deal.stage_id for deal in deals]),
            "close": np.array([20_650, -1][:n]),
            "recorded": np.array([1_234_567_890_105, -1][:n]),
            "amount": np.array([1_234_567_890_105, 250_000][:n]),
            "p_win": np.full(n, p_win),
        },
        p_by_month=np.tile(np.linspace(0.0, 0.2, 12), (n, 1)),
        facts={"base": np.full(n, 0.12345), "amount": np.full(n, 1.2), "days_in_stage": np.arange(n)},
        flags={"imputed": np.array([False, True][:n])},
    )


def test_a_row_says_what_was_reckoned_and_missing_is_not_zero(cast: Cast) -> None:
    deals = [make_deal(owner=cast.rao), make_deal(owner=cast.peer)]
    run = _run()

    assert save_deals(run, _rows(deals)) == 2

    first, second = DealForecast.objects.filter(run=run).order_by("deal_id")
    assert (first.deal, first.owner, first.stage) == (deals[0], cast.rao, deals[0].stage)
    assert first.expected_close_date == date(2026, 7, 16)
    assert first.recorded_amount == first.amount == Decimal("12345678901.05")
    assert first.p_by_month == np.linspace(0.0, 0.2, 12).tolist()
    assert first.factors == {"base": 0.12345, "amount": 1.2, "days_in_stage": 0, "imputed": False}
    assert (second.expected_close_date, second.recorded_amount) == (None, None)
    assert (second.amount, second.factors["imputed"]) == (Decimal("2500.00"), True)


def test_two_runs_are_saved_one_after_the_other(cast: Cast) -> None:
    deals = [make_deal(owner=cast.rao)]
    for job in ("one", "two"):
        run = _run()
        JobRun.objects.filter(pk=run.pk).update(job=job)
        save_deals(run, _rows(deals))

    assert DealForecast.objects.count() == 2


def test_the_rules_of_the_table_hold(cast: Cast) -> None:
    deals, run = [make_deal(owner=cast.rao)], _run()

    with pytest.raises(IntegrityError, match="p_win_in_0_1"):
        _commit(run, _rows(deals, p_win=1.5))
    with pytest.raises(IntegrityError, match="once_per_deal"):
        _commit(run, _rows(deals * 2))
    strange = _rows(deals)
    strange.columns["deal"] = np.array([10**9])
    with pytest.raises(IntegrityError, match="deal_id"):
        _commit(run, strange)
    assert not DealForecast.objects.exists()


def _commit(run: JobRun, rows: DealRows) -> None:
    """As at the end of a transaction, when foreign keys are asked."""
    with transaction.atomic():
        save_deals(run, rows)
        connection.check_constraints()
