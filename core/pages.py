"""Pages: the whole page or its fragment, and how a form meets a service."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from core.errors import DomainError

if TYPE_CHECKING:
    from teams.models import User


class AuthedRequest(HttpRequest):
    """A request behind the sign-in: the user is one of ours."""

    user: "User"
    htmx: HtmxDetails


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the whole page, or only its fragment where htmx asks for one. 422 re-renders a form in place."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    partial = fragment is not None and htmx and not htmx.boosted and not htmx.history_restore_request
    response = render(
        request,
        fragment if partial and fragment else template,
        dict(context),
        status=status,
    )
    response["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: the body of a POST (an empty one too), nothing before it is sent."""
    return request.POST if request.method == "POST" else None


def carried_out(form: BaseForm, service: Callable[..., Any], **arguments: Any) -> Any:
    """
    Call a service with the form's clean data and the given arguments; a refusal becomes an error of the form.

    Returns what the service returns, or None after a refusal (so services return the thing they changed). The refusal itself
    stays with the form as `form.refusal`, for a page that shows more of it than its sentence.
    """
    try:
        return service(**arguments, **form.cleaned_data)
    except DomainError as refusal:
        form.refusal = refusal  # type: ignore[attr-defined]
        fields = {problem.field for problem in refusal.problems}
        for problem in refusal.problems:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        if not fields:
            form.add_error(None, refusal.message)
        return None


def shell(request: HttpRequest) -> dict[str, object]:
    """Give every template the shell's facts: who, which language, which theme."""
    user = getattr(request, "user", None)
    theme = getattr(user, "theme", "") or "light"
    return {"theme": theme}
