"""A company to ask about, which no question changes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction

from tests.samples import World


@dataclass
class Company:
    """A company, a token with every scope for each of three people in it, and how its questions were answered so far."""

    world: World
    tokens: dict[str, str]
    statuses: Counter[int] = field(default_factory=Counter)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Undo afterwards whatever a request changes, so that each case is asked of the same company."""
        with undone():
            yield


@contextmanager
def one_connection() -> Iterator[None]:
    """Let no request close the connection whose transaction is to be undone, as Django's own test client sees to it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what happens inside; services may begin their transactions there, as within Django's TestCase."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # what TestCase sets
    with block:
        yield
        transaction.set_rollback(True)
