"""Refusals and failures as `application/problem+json` (RFC 9457), for DRF's views and for whatever happens before them."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django
from django.core.signals import got_request_exception
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions as drf
from rest_framework.response import Response

from core import audit
from core.api.throttles import count_as_turned_away
from core.api.versions import etag_at
from core.errors import DomainError, Problem, VersionConflict

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
LOCK_NOT_AVAILABLE, QUERY_CANCELED, DEADLOCK = "55P03", "57014", "40P01"
Errors = Sequence[Mapping[str, object]]


def as_problem(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Return the answer to any exception of an API view. An unknown one is logged and answered with 500, telling nothing."""
    match exc:
        case DomainError():
            return _domain(exc, context)
        case drf.ValidationError():
            errors = list(_flat(exc.get_full_details()))
            return _response(400, "invalid", _("The input is not valid."), errors=errors)
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return _turned_away(exc, context)
        case drf.APIException():
            return _response(exc.status_code, _code(exc), str(exc.detail), headers=_headers(exc))
        case Http404() | django.ObjectDoesNotExist():
            return _response(404, "not_found", _("There is no such thing here, or not for you."))
        case django.PermissionDenied():
            return _response(403, "not_allowed", str(exc) or _("You may not do this."))
        case django.ValidationError():
            errors = [error(Problem("", message)) for message in exc.messages]
            return _response(400, "invalid", _("The input is not valid."), errors=errors)
        case django.RequestDataTooBig():
            return _response(413, "too_large", _("The body is too large."))
        case django.BadRequest() | django.SuspiciousOperation() | MultiPartParserError():
            return _response(400, "bad_request", _("The request cannot be read."))
        case ProtectedError() | RestrictedError():
            return _response(409, "in_use", _("Other records still refer to this."))
        case DatabaseError() | InterfaceError():
            return _database(exc, context)
        case _:
            return _unexpected(exc, context)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _json(400, "bad_request", _("The request cannot be read."))
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _json(403, "not_allowed", _("You may not do this."))
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _json(404, "not_found", _("There is no such address."))
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)  # Postgres restarting, or its disk full
    if _is_api(request):
        response: HttpResponse = (
            _json(503, "unavailable", _("This cannot be answered right now."))
            if away
            else _json(500, "internal_error", _("Something went wrong here. It is noted under this request id."))
        )
    else:
        response = defaults.server_error(request, "503.html" if away else "500.html")
    if away:
        response.status_code = 503
        response["Retry-After"] = "5"
    return response


def body(status: int, code: str, detail: str, errors: Errors = (), **more: object) -> dict[str, object]:
    """Return the members of a problem; `more` are its own, e.g. `current_version`."""
    return {
        **more,
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
        "request_id": audit.request_id.get(),
    }


def error(problem: Problem) -> dict[str, object]:
    """Return one wrong field as the API shows it."""
    shown: dict[str, object] = {"field": problem.field, "message": str(problem.message), "code": problem.code}
    return shown if problem.line is None else {**shown, "line": problem.line}


def _turned_away(exc: drf.APIException, context: Mapping[str, Any]) -> Response:
    """Answer 401, and 429 to an address that has had too many of them."""
    try:
        count_as_turned_away(context["request"])
    except drf.Throttled as often:
        exc = often
    return _response(exc.status_code, _code(exc), str(exc.detail), headers=_headers(exc))


def _domain(exc: DomainError, context: Mapping[str, Any]) -> Response:
    headers = {}
    if isinstance(exc, VersionConflict):
        thing = getattr(context.get("view"), "versioned_thing", None)
        if thing is not None:
            headers["ETag"] = etag_at(thing, int(str(exc.extra["current_version"])))
    headers.update(getattr(exc, "headers", {}))
    more = {name: audit.plain(value) for name, value in exc.extra.items()}
    errors = [error(problem) for problem in exc.problems]
    return _response(exc.status, exc.code, exc.message, errors=errors, headers=headers, **more)


def _database(exc: Exception, context: Mapping[str, Any]) -> Response:
    code = getattr(exc.__cause__, "pgcode", None)
    match exc:
        case IntegrityError():
            # Which row stands in the way is nobody's business who cannot see it.
            log.info(
                "refused by a constraint: %s", getattr(getattr(exc.__cause__, "diag", None), "constraint_name", "")
            )
            return _response(409, "conflict", _("This contradicts what is stored already."))
        case DataError():
            return _response(400, "out_of_range", _("A value is too large, too long or no value of its kind."))
        case OperationalError() if code in {LOCK_NOT_AVAILABLE, DEADLOCK}:
            detail = _("Somebody else is changing this right now. Try again.")
            return _response(409, "busy", detail, headers={"Retry-After": "1"})
        case OperationalError() | InterfaceError():
            reason = "slow_query" if code == QUERY_CANCELED else "unavailable"
            log.error("the database did not answer: %s", exc)
            return _response(503, reason, _("This cannot be answered right now."), headers={"Retry-After": "5"})
        case _:
            return _unexpected(exc, context)


def _unexpected(exc: Exception, context: Mapping[str, Any]) -> Response:
    request = context.get("request")
    log.error("request %s failed", audit.request_id.get(), exc_info=exc)
    # Django's test client and error reporters listen to this.
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    return _response(500, "internal_error", _("Something went wrong here. It is noted under this request id."))


def _response(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Errors = (),
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    content = body(status, code, str(detail), errors, **more)
    return Response(content, status=status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def _json(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse(body(status, code, detail), status=status, content_type=MEDIA_TYPE)


def _headers(exc: drf.APIException) -> dict[str, str]:
    challenge = getattr(exc, "auth_header", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    wait = getattr(exc, "wait", None)
    return {**headers, "Retry-After": str(int(wait) + 1)} if wait is not None else headers


def _code(exc: drf.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else str(exc.default_code)


def _flat(details: Any, field: str = "") -> Iterator[dict[str, object]]:
    """Give one error per line of DRF's nested details: `lines.2.amount`."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        yield error(Problem(field, str(details["message"]), str(details["code"])))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _flat(inner, _joined(field, "" if name == "non_field_errors" else str(name)))
    else:
        leaves = all(isinstance(inner, Mapping) and set(inner) == {"message", "code"} for inner in details)
        for number, inner in enumerate(details):
            yield from _flat(inner, field if leaves else _joined(field, str(number)))


def _joined(field: str, name: str) -> str:
    return ".".join(part for part in (field, name) if part)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
