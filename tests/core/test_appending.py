from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError

from core.appending import append
from core.models import JobRun

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 7, 1, 12, 30, 15, 123_456, UTC)


def _run(**facts: object) -> JobRun:
    return JobRun(job="bench", business_date=date(2026, 7, 1), created_at=NOON, **{"scope": "1", **facts})


def test_rows_come_back_as_they_were_given() -> None:
    text = 'a\ttab, a\nline, a\rreturn, a back\\slash, \\N, 中文 and "quotes"'
    control = {"text": text, "list": [1, 2.5, None, True], "empty": {}}
    rows = [_run(scope="1", error=text, control=control, rows=7, started_at=NOON), _run(scope="2", rows=None)]

    assert append(rows) == 2

    first, second = JobRun.objects.order_by("scope")
    assert (first.error, first.control, first.rows, first.started_at, first.created_at) == (
        text,
        control,
        7,
        NOON,
        NOON,
    )
    assert (second.rows, second.started_at, second.error, second.control) == (None, None, "", {})
    assert (first.business_date, first.state) == (date(2026, 7, 1), JobRun.State.DUE)


def test_the_rules_of_the_table_hold() -> None:
    with pytest.raises(IntegrityError):
        append([_run(), _run()])


def test_nothing_to_write_is_no_row() -> None:
    assert append([]) == 0
    assert not JobRun.objects.exists()
