"""Transactions: a service begins one; what services share demands one; the API may lay one around a service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import Error, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")


def within_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Demand that the caller has begun a transaction. :raises RuntimeError: where there is none"""

    @wraps(function)
    def demanding(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise RuntimeError(f"{function.__qualname__} writes only within a service's transaction")
        return function(*args, **kwargs)

    return demanding


@contextmanager
def around_a_service() -> Iterator[None]:
    """
    Begin a transaction that a durable service joins: both are kept, or neither.

    Services are `atomic(durable=True)` and so refuse to stand inside another atomic block: nobody shall believe a change kept
    that an outer block may undo. The one exception is the claim of an Idempotency-Key, which must be kept exactly when the
    service's work is. It is no atomic block: with autocommit off, Django lets a durable block join the open transaction and
    leaves the commit, and the `on_commit` hooks that wait for it, to us. For doors only, around one service.

    Inside a test's own transaction a savepoint stands in.
    """
    if connection.in_atomic_block:
        savepoint = transaction.savepoint()
        try:
            yield
        except BaseException:
            transaction.savepoint_rollback(savepoint)
            raise
        transaction.savepoint_commit(savepoint)
        return
    transaction.set_autocommit(False)
    try:
        yield
        transaction.commit()
    except BaseException:
        _undo()
        raise
    finally:
        if connection.connection is not None:
            transaction.set_autocommit(True)  # runs the on_commit hooks of what was kept


def _undo() -> None:
    """Roll back; a connection that is gone took its transaction with it, and is closed to be opened anew."""
    try:
        transaction.rollback()
    except Error:
        connection.close()
