"""Transactions: a service begins one; what services share demands one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection

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
