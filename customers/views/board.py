"""The board: a column for each open stage, a card for each deal."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from core.pages import AuthedRequest, page
from customers import policies, queries
from customers.forms import BoardFilter
from customers.models import Pipeline, Stage


@require_safe
def board(request: AuthedRequest) -> HttpResponse:
    context = board_context(request, request.GET)
    return page(request, "customers/board.html", context, fragment="customers/_board.html")


def board_context(request: AuthedRequest, query: QueryDict) -> dict[str, Any]:
    """Return what the board shows for a query of its address."""
    pipelines = list(Pipeline.objects.filter(is_active=True))
    wanted = query.get("pipeline", "")
    pipeline = next((row for row in pipelines if str(row.pk) == wanted), pipelines[0] if pipelines else None)
    filters = BoardFilter(query, queryset=queries.deal_list(user=request.user), request=request)
    stages = list(Stage.objects.filter(pipeline=pipeline).order_by("position")) if pipeline else []
    whole = query.get("whole", "")
    columns = (
        queries.board_columns(
            deals=filters.qs, pipeline=pipeline, stages=stages, whole=int(whole) if whole.isdecimal() else None
        )
        if pipeline
        else []
    )
    kept = query.copy()
    kept.pop("whole", None)
    return {
        "pipelines": pipelines,
        "pipeline": pipeline,
        "filters": filters,
        "columns": columns,
        "total": sum(column.totals.count for column in columns),
        "targets": [stage for stage in stages if stage.is_active],
        "closings": [stage for stage in stages if stage.is_active and not stage.is_open],
        "query": query.urlencode(),
        "kept": kept.urlencode(),
        "now": timezone.now(),
        "can_create": policies.can_create_deal(request.user),
        "can_set_up": policies.can_set_up(request.user),
    }


def board_answer(request: AuthedRequest, **news: Any) -> HttpResponse:
    """Answer a move on the board: the board as it is now, and the news for the page to say aloud."""
    context = board_context(request, QueryDict(request.POST.get("board", "")))
    response = render(request, "customers/_board.html", context)
    return trigger_client_event(response, "board-news", news, after="settle")


def is_from_board(request: HttpRequest) -> bool:
    return "board" in request.POST and bool(getattr(request, "htmx", False))
