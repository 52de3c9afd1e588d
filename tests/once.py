"""What all tests of a module begin with, made once: in a transaction that is undone at the end, a savepoint around each."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def made_once(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Keep what the block writes until it ends, then undo it. For a fixture of a module; tests change deep copies."""
    with blocker.unblock():
        atomic = transaction.atomic()
        atomic._from_testcase = True  # type: ignore[attr-defined]  # as TestCase does: services may begin their durable transaction inside
        with atomic:
            yield
            transaction.set_rollback(True)
