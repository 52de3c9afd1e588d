"""Pages of the whole product: whether it lives, what is ready, where a person's work begins."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.events import facts_in_words, in_words
from config.forms import AuditFilter
from config.health import readiness
from config.navigation import menu
from core.pages import AuthedRequest, page
from teams import queries

AUDIT_LINES = 50


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Live: this process answers. It asks no other part, so that a slow database restarts no web server."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Say which parts are ready: 200 where all are, 503 where not. Names parts and dates, nothing of the data."""
    state = readiness(timezone.now())
    answer = {
        "status": "ready" if state.is_ready else "not ready",
        "ready": {
            "database": state.database,
            "migrations": state.migrations,
            "redis": state.redis,
            "worker": state.worker,
        },
        "last_night": state.night,
    }
    return JsonResponse(answer, status=200 if state.is_ready else 503)


@require_safe
@never_cache
def home(request: AuthedRequest) -> HttpResponse:
    """Lead to where the person's work begins: the first page of their own menu."""
    _label, links = menu(request.user, request.path).groups[0]
    return redirect(links[0].url)


@require_safe
def audit(request: AuthedRequest) -> HttpResponse:
    """The audit trail, as far as the reader may see it, newest first."""
    form = AuditFilter(request.GET, user=request.user)
    wanted = form.cleaned_data if form.is_valid() else {}
    lines = queries.audit_trail(request.user, event=wanted.get("event", ""), actor=wanted.get("actor"))
    if wanted.get("before"):
        lines = lines.filter(pk__lt=wanted["before"])
    found = list(lines[: AUDIT_LINES + 1])
    rows = queries.with_subjects(found[:AUDIT_LINES], request.user)
    context = {
        "form": form,
        "rows": [(row, in_words(row.line.event), facts_in_words(row.line.facts)) for row in rows],
        "older": rows[-1].line.pk if len(found) > AUDIT_LINES else None,
        "query": urlencode({key: request.GET[key] for key in ("event", "actor") if request.GET.get(key)}),
    }
    return page(request, "config/audit.html", context)
