from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Thread

import pytest
from django.db import connection, connections

from core import jobs
from core.jobs import Outcome
from core.models import AuditEntry, JobRun, Publication

NOW = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
DAY = date(2026, 3, 2)


def _due(day: date = DAY, *, again: bool = False) -> JobRun:
    return jobs.due(job="tests.job", scope="1", business_date=day, now=NOW, again=again)


def _carry_out(
    run: JobRun,
    reckon: Callable[[], int] = lambda: 7,
    write: Callable[[JobRun, int], int] = lambda _run, work: work,
    doubt: Callable[[int], str] = lambda _work: "",
) -> Outcome:
    return jobs.carry_out(run, reckon=reckon, write=write, doubt=doubt, clock=lambda: NOW)


@pytest.mark.django_db
def test_a_run_is_published_with_its_rows_its_pointer_and_one_line_in_the_audit_trail() -> None:
    assert _carry_out(_due()) is Outcome.PUBLISHED

    run = jobs.current(job="tests.job", scope="1")
    assert run is not None
    assert (run.rows, run.state, run.attempt) == (7, JobRun.State.PUBLISHED, 1)
    assert AuditEntry.objects.filter(event="core.job.published", subject_id=run.pk).count() == 1


@pytest.mark.django_db
def test_the_second_starter_finds_the_work_done() -> None:
    _carry_out(_due())

    assert _carry_out(_due()) is Outcome.ALREADY
    assert JobRun.objects.count() == 1


@pytest.mark.django_db
def test_a_recompute_is_a_new_revision_and_the_earlier_one_stays() -> None:
    _carry_out(_due())

    assert _carry_out(_due(again=True)) is Outcome.PUBLISHED
    run = jobs.current(job="tests.job", scope="1")
    assert run is not None
    assert run.revision == 2
    assert JobRun.objects.filter(state=JobRun.State.PUBLISHED).count() == 2


@pytest.mark.django_db
def test_a_night_made_up_later_does_not_hide_a_newer_one() -> None:
    _carry_out(_due())
    _carry_out(_due(date(2026, 3, 1)))

    run = jobs.current(job="tests.job", scope="1")
    assert run is not None
    assert run.business_date == DAY


@pytest.mark.django_db
def test_a_doubtful_result_is_held_and_readers_keep_the_last_good_one() -> None:
    _carry_out(_due(date(2026, 3, 1)))

    assert _carry_out(_due(), doubt=lambda _work: "half of it is missing") is Outcome.HELD
    run = jobs.current(job="tests.job", scope="1")
    assert run is not None
    assert run.business_date == date(2026, 3, 1)


@pytest.mark.django_db
def test_the_third_failure_is_the_last_and_another_key_still_runs() -> None:
    def broken() -> int:
        raise RuntimeError("no such table")

    for _ in range(jobs.MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            _carry_out(_due(), reckon=broken)

    assert _carry_out(_due()) is Outcome.FAILED
    assert "no such table" in _due().error
    assert _carry_out(_due(date(2026, 3, 3))) is Outcome.PUBLISHED


@pytest.mark.django_db
def test_a_worker_that_died_in_its_last_attempt_leaves_a_failed_run_not_a_running_one() -> None:
    run = _due()
    JobRun.objects.filter(pk=run.pk).update(state=JobRun.State.RUNNING, attempt=jobs.MAX_ATTEMPTS)

    assert _carry_out(run) is Outcome.FAILED


@pytest.mark.django_db
def test_a_failed_write_leaves_no_row_and_no_pointer() -> None:
    def half(run: JobRun, _work: int) -> int:
        Publication.objects.create(job="tests.half", scope="1", run=run, published_at=NOW)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        _carry_out(_due(), write=half)

    assert not Publication.objects.exists()


@pytest.mark.django_db
def test_a_worker_overtaken_by_a_later_attempt_writes_nothing() -> None:
    run = _due()

    def overtaken() -> int:
        JobRun.objects.filter(pk=run.pk).update(attempt=2)
        return 7

    assert _carry_out(run, reckon=overtaken) is Outcome.BUSY
    assert not Publication.objects.exists()


@pytest.mark.django_db
def test_pruning_keeps_the_last_run_of_each_month_and_the_one_that_is_shown() -> None:
    for day in (date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 27), date(2026, 2, 28), DAY):
        _carry_out(_due(day))

    jobs.prune(job="tests.job", scope="1", before=date(2027, 1, 1))

    kept = JobRun.objects.order_by("business_date").values_list("business_date", flat=True)
    assert list(kept) == [date(2026, 1, 31), date(2026, 2, 28), DAY]


@pytest.mark.django_db
def test_a_failed_last_night_does_not_push_out_the_months_last_good_one() -> None:
    _carry_out(_due(date(2026, 1, 30)))
    failed = _due(date(2026, 1, 31))
    JobRun.objects.filter(pk=failed.pk).update(state=JobRun.State.FAILED, attempt=jobs.MAX_ATTEMPTS)
    _carry_out(_due())

    jobs.prune(job="tests.job", scope="1", before=date(2026, 2, 15))

    assert list(JobRun.objects.dates("business_date", "day")) == [date(2026, 1, 30), DAY]


@pytest.mark.django_db
def test_a_run_that_failed_for_good_can_be_asked_for_again() -> None:
    failed = _due()
    JobRun.objects.filter(pk=failed.pk).update(state=JobRun.State.FAILED, attempt=jobs.MAX_ATTEMPTS)

    assert _carry_out(_due()) is Outcome.FAILED
    assert _carry_out(_due(again=True)) is Outcome.PUBLISHED


@pytest.mark.django_db
def test_long_statements_are_allowed_only_inside_the_work() -> None:
    def timeout() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            ((value,),) = cursor.fetchall()
        return str(value)

    inside: list[str] = []
    outside = timeout()

    _carry_out(_due(), reckon=lambda: len(inside) if inside.append(timeout()) else 0)  # type: ignore[func-returns-value]

    assert inside == ["10min"]
    assert timeout() == outside != "10min"


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_the_same_moment_one_works() -> None:
    run = _due()
    answers: list[Outcome] = []

    def other() -> None:
        try:
            answers.append(_carry_out(JobRun.objects.get(pk=run.pk)))
        finally:
            connections.close_all()

    def while_the_other_tries() -> int:
        thread = Thread(target=other)
        thread.start()
        thread.join()
        return 1

    answers.append(_carry_out(run, reckon=while_the_other_tries))

    assert answers == [Outcome.BUSY, Outcome.PUBLISHED]
