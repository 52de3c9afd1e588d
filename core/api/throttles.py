"""How often one may call. Redis counts; where it is down everybody may, and the log says so once in a while."""

import logging
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.utils.connection import ConnectionProxy
from redis.exceptions import RedisError
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
