"""
`Idempotency-Key`: a POST that is sent twice has one effect.

The claim of the key, the service's work and the stored answer are one transaction (`core.transactions.around_a_service`):
a twin that comes meanwhile waits on the unique key and then gets the first one's answer. Whatever goes wrong, the claim goes
with the work, so that a retry runs anew; refusals are never stored. Keys are kept for three days: a weekend.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError, Invalid
from core.models import IdempotentAnswer
from core.transactions import around_a_service

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=72)
KEPT_HEADERS = ("ETag", "Location")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Handler = Callable[..., Response]


class KeyReused(DomainError):
    """The same key came with another request: one of the two is a mistake."""

    status = 422
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("This Idempotency-Key was used for another request. Use a new one."))


class _Refused(Exception):
    """Carries an answer that is no success out of the transaction, which undoes it."""

    def __init__(self, response: Response) -> None:
        self.response = response


def once(handler: Handler, *, request: Request, may_see: Callable[[Any], bool]) -> Handler:
    """
    Return the handler of a POST so that it works once per person and key; without a key it stays as it is.

    :param may_see: tells of a stored answer's data whether the person may still see what it shows
    :raises Invalid: a key that is none; KeyReused: with another body, address or method
    """
    key = request.headers.get(HEADER)
    if key is None:
        return handler
    if not _KEY.fullmatch(key):
        raise Invalid(_("An Idempotency-Key is 1 to 255 visible ASCII characters."))

    def handling(request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            with around_a_service():
                claim, is_new = _claim(request, key, timezone.now())
                if not is_new:
                    return _replayed(claim, may_see)
                response = handler(request, *args, **kwargs)
                _keep(claim, response)
                return response
        except _Refused as refused:
            return refused.response

    return handling


def forget_old_answers(*, now: datetime) -> int:
    """Delete the keys that nobody will send again. Returns how many."""
    deleted, _by_table = IdempotentAnswer.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _claim(request: Request, key: str, now: datetime) -> tuple[IdempotentAnswer, bool]:
    digest = hashlib.sha256(request.get_full_path().encode() + b"\n" + request._request.body).hexdigest()
    claim = IdempotentAnswer(
        actor_id=cast("int", request.user.pk),
        key=key,
        method=request.method or "",
        path=request.path[:500],
        body_sha256=digest,
        created_at=now,
    )
    own = IdempotentAnswer.objects.filter(actor_id=request.user.pk, key=key)
    own.filter(created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        first = own.get()
        if (first.method, first.body_sha256) != (claim.method, digest):
            raise KeyReused from None
        return first, False
    return claim, True


def _keep(claim: IdempotentAnswer, response: Response) -> None:
    if response.status_code >= 400:
        raise _Refused(response)
    claim.status = response.status_code
    claim.body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
    claim.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    claim.save(update_fields=["status", "body", "headers"])


def _replayed(claim: IdempotentAnswer, may_see: Callable[[Any], bool]) -> Response:
    data = json.loads(claim.body) if claim.body else None
    if not may_see(data):
        raise Http404
    return Response(data, status=claim.status, headers={**claim.headers, "Idempotent-Replayed": "true"})
