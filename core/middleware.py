"""Middleware: a name for each request, the person's language, refusals as pages."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import unquote

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from core import audit
from core.errors import DomainError

Answer = Callable[[HttpRequest], HttpResponse]
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(get_response: Answer) -> Answer:
    """Name each request, by the caller's X-Request-ID where it is harmless; log lines and audit lines carry it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        mark, token_mark = audit.request_id.set(name), audit.token_name.set("")
        try:
            response = get_response(request)
        finally:
            audit.request_id.reset(mark)
            audit.token_name.reset(token_mark)  # the next request of this thread is somebody else's
        response["X-Request-ID"] = name
        return response

    return middleware


def readable_address(get_response: Answer) -> Answer:
    """Refuse a NUL in address, query or cookies with 400: no text of ours holds one, and Postgres fails on it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        texts = [request.path, unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values()]
        if any("\0" in text for text in texts):
            raise BadRequest("NUL in the address, the query or a cookie")
        return get_response(request)

    return middleware


def user_language(get_response: Answer) -> Answer:
    """Speak the language of the person's profile; the browser's is for visitors."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = getattr(getattr(request, "user", None), "language", "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return middleware


def errors_as_pages(get_response: Answer) -> Answer:
    """Turn a refusal that no door caught into a page with its status and its sentence."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        return render(request, "refused.html", {"refusal": exception}, status=exception.status)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's hook for functions
    return middleware
