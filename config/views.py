"""Pages of the whole product: whether it lives, what is ready, where a person's work begins."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.health import readiness
from config.navigation import menu
from core.pages import AuthedRequest


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
