"""
How often one may call, and how often one may be turned away.

Redis counts the calls; where it is down everybody may, and the log says so once in a while. Postgres counts those turned
away (401), as it counts failed sign-ins: an emptied Redis opens nothing.
"""

import logging
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.utils.connection import ConnectionProxy
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from core.wake import PAUSE, Breaker

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports the classes that settings name, this one among them

log = logging.getLogger(__name__)


class FailsOpen(SimpleRateThrottle):
    """A throttle that lets pass when its counter is away; after a failure it does not ask again for half a minute."""

    cache = ConnectionProxy(caches, "redis")  # type: ignore[assignment]  # stands in for the cache, per thread
    breaker = Breaker(PAUSE)  # one for the process: the wait for a hung Redis is paid once, not by every request

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if self.breaker.is_open:
            return True
        try:
            return super().allow_request(request, view)
        except (RedisError, OSError) as away:
            self.breaker.trip()
            log.warning("the request counter is away, everybody may pass: %s", type(away).__name__)
            return True


class PerPerson(FailsOpen):
    scope = "person"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if not request.user or not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class PerAddress(FailsOpen):
    """For callers who have not signed in."""

    scope = "address"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if request.user and request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class TurnedAway(SimpleRateThrottle):
    """Answers with 401 by address, counted in the default cache, which is a table."""

    scope = "turned_away"

    def get_cache_key(self, request: Request, view: "APIView | None") -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class _Looking(TurnedAway):
    """The same count, looked at only."""

    def throttle_success(self) -> bool:
        return True


def refuse_where_too_many_were_turned_away(request: Request) -> None:
    """
    Listen to no token from an address that brought too many wrong ones: what is not looked at tells nothing.

    :raises Throttled: with the seconds to wait
    """
    _ask(_Looking(), request)


def count_as_turned_away(request: Request) -> None:
    """
    Count one more answer of 401 for the caller's address.

    :raises Throttled: where the address has had too many: the answer then says when to come back, instead
    """
    _ask(TurnedAway(), request)


def _ask(throttle: SimpleRateThrottle, request: Request) -> None:
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]  # the view decides nothing here
        raise Throttled(throttle.wait())
