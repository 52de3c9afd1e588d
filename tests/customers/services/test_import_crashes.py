"""An import that is killed at any statement, or worked on by two at once, ends as an undisturbed one."""

import os
import random
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.utils import timezone

from customers import services
from customers.models import (
    Customer,
    Deal,
    DealOwnership,
    ImportedDeal,
    ImportFile,
    ImportProblem,
    ProductLine,
    StageEvent,
)
from customers.queries.invariants import violations
from customers.services import import_runs
from teams.models import Membership, User
from tests.factories.customers import make_pipeline
from tests.factories.imports import hand_in, map_as_guessed, work
from tests.factories.teams import make_cast

pytestmark = pytest.mark.django_db(transaction=True)
Watching = Callable[[Callable[..., Any], str, Any, bool, dict[str, Any]], Any]


def deal_file() -> str:
    """Sixty deals of ten agents, a few of them with problems."""
    lines = ["id,created,stage,closed,amount,owner,customer,product"]
    for number in range(60):
        closed = f"2025-{2 + number % 9:02}-15"
        stage, closed = [("Won", closed), ("Lost", closed), ("Visited", ""), ("Somewhere", "")][min(number % 5, 3) % 4]
        lines.append(
            f"D{number},2025-01-{1 + number % 28:02},{stage},{closed},{number * 10},Agent {number % 10},"
            f"Customer {number % 7},Line {number % 3}"
        )
    return "\n".join(lines)


def event_file() -> str:
    """The events of thirty deals, those of one deal far apart in the file."""
    lines = ["id,stage,entered_at,amount,owner,product"]
    for stage, month in (("Lead", 1), ("Contacted", 2), ("Quoted", 3), ("Won", 4)):
        lines += [
            f"E{number},{stage},2025-{month:02}-{1 + number % 28:02},{number * 10 + month},Agent {number % 6},Line {number % 3}"
            for number in range(30)
            if number % 4 != month % 4 or stage == "Lead"
        ]
    return "\n".join(lines)


FILES = {"deals": deal_file, "events": event_file}
_undisturbed: dict[str, object] = {}


@pytest.fixture(autouse=True)
def _small_batches(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("customers.services.import_reading.BATCH_LINES", 7)


def ready_file(content: str) -> ImportFile:
    """Return a file that is checked and started, and waits for its worker."""
    cast = make_cast()
    file = work(map_as_guessed(hand_in(cast.admin, content), pipeline=make_pipeline(), unit=cast.west))
    return services.start_import(file=file, version=file.version, actor=cast.admin, policy="rows")


def everything() -> dict[str, object]:
    """Return what the import wrote, without keys and clocks."""
    file = ImportFile.objects.get()
    counts = (file.state, file.deals_created, file.deals_changed, file.deals_unchanged, file.rows_refused)
    return {
        "counts": counts,
        "deals": list(
            Deal.objects.order_by("external_id").values_list(
                "external_id", "title", "stage__name", "amount", "created_date", "closed_date", "version", "last_seq",
                "owner__name", "customer__name", "product__name",
            )
        ),
        "ledger": list(
            StageEvent.objects.order_by("deal__external_id", "seq").values_list(
                "deal__external_id", "seq", "kind", "to_stage__name", "amount", "occurred_at", "recorded_at"
            )
        ),
        "owners": list(
            DealOwnership.objects.order_by("deal__external_id", "valid_from").values_list(
                "deal__external_id", "owner__name", "valid_from", "valid_to"
            )
        ),
        "people": sorted(User.objects.values_list("name", flat=True)),
        "places": sorted(Membership.objects.values_list("user__name", "unit__name", "valid_from")),
        "customers": sorted(Customer.objects.values_list("name", flat=True)),
        "products": sorted(ProductLine.objects.values_list("name", flat=True)),
        "problems": list(ImportProblem.objects.order_by("line", "code").values_list("line", "code")),
        "told": sorted(ImportedDeal.objects.values_list("deal__external_id", "line", "digest")),
    }  # fmt: skip


def statements_of(file: ImportFile) -> int:
    """Work a file off, and count the statements that it took."""
    count = 0

    def counting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counting):
        services.work_on_import(file.pk, clock=timezone.now)
    return count


@contextmanager
def dying_at(point: int) -> Iterator[None]:
    """Kill this very process, without a farewell, when it comes to its point-th statement."""
    count = 0

    def dying(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(dying):
        yield


def work_and_die(file: ImportFile, point: int) -> int:
    """Let a worker process take up a file and die at a statement. Returns the signal that ended it (0: it lived)."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        # Where a browser's event loop runs, the thread has a second connection: alive in the child, and shared with the parent.
        connections[DEFAULT_DB_ALIAS] = connection.copy()
        try:
            with dying_at(point):
                services.work_on_import(file.pk, clock=timezone.now)
            code = 0
        except Exception:  # noqa: BLE001  # whatever it is, it is said where the test's output is read
            traceback.print_exc()
        finally:
            connections.close_all()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert not (os.WIFEXITED(status) and os.WEXITSTATUS(status)), "the worker failed before it could be killed"
    return os.WTERMSIG(status)


def undisturbed(shape: str) -> dict[str, Any]:
    """Return what an import leaves that nothing disturbs, and how many statements it takes; found out once."""
    if shape not in _undisturbed:
        statements = statements_of(ready_file(FILES[shape]()))
        _undisturbed[shape] = {"statements": statements, "left": everything()}
        call_command("flush", interactive=False, verbosity=0)
    found = _undisturbed[shape]
    assert isinstance(found, dict)
    return found


def killed_and_resumed(shape: str, points: list[int]) -> None:
    expected = undisturbed(shape)
    file = ready_file(FILES[shape]())
    deaths = [work_and_die(file, 1 + share % expected["statements"]) for share in points]
    assert signal.SIGKILL in deaths
    file.refresh_from_db()
    if file.state != ImportFile.State.DONE:
        work(file)
    assert everything() == expected["left"]
    assert list(violations()) == []


@pytest.mark.parametrize("shape", ["deals", "events"])
def test_an_import_killed_five_times_ends_as_an_undisturbed_one(shape: str) -> None:
    shares = random.Random(shape)
    killed_and_resumed(shape, [shares.randrange(10_000) for _ in range(5)])


@pytest.mark.crash
@pytest.mark.parametrize("shape", ["deals", "events"])
@pytest.mark.parametrize("part", range(25))
def test_an_import_killed_at_any_statement_ends_as_an_undisturbed_one(shape: str, part: int) -> None:
    expected = undisturbed(shape)
    statements = expected["statements"]
    killed_and_resumed(shape, [part * statements // 25, random.Random(part).randrange(statements)])


def two_at_once(file: ImportFile) -> list[bool]:
    """Let two workers take up one file at the same moment."""
    together = Barrier(2)

    def one(_number: int) -> bool:
        try:
            together.wait(timeout=30)
            return services.work_on_import(file.pk, clock=timezone.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


def test_of_two_workers_on_one_file_one_works_and_the_other_goes_home() -> None:
    expected = undisturbed("deals")
    file = ready_file(deal_file())

    outcomes = two_at_once(file)

    assert outcomes.count(True) >= 1
    assert everything() == expected["left"]


def test_without_lock_and_fence_two_workers_count_every_deal_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the guards off, the race must show."""
    expected = undisturbed("deals")["left"]["counts"]
    file = ready_file(deal_file())

    @contextmanager
    def no_lock(_key: int) -> Iterator[bool]:
        yield True

    def no_fence(watched: ImportFile, **values: Any) -> None:
        ImportFile.objects.filter(pk=watched.pk).update(**values)
        for name, value in values.items():
            if not hasattr(value, "resolve_expression"):
                setattr(watched, name, value)

    monkeypatch.setattr(import_runs, "_locked", no_lock)
    monkeypatch.setattr(import_runs, "_fenced", no_fence)
    try:
        two_at_once(file)
    except DatabaseError:
        return  # the two wrote the same names at once: a fault as well
    assert everything()["counts"] != expected
