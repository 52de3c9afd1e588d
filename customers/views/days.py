"""My day: a rep's page, made for a phone."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from customers import queries
from customers.models import Activity
from teams.models import Company


@require_safe
def my_day(request: AuthedRequest) -> HttpResponse:
    return page(request, "customers/my_day.html", day_context(request), fragment="customers/_my_day.html")


def day_context(request: AuthedRequest) -> dict[str, Any]:
    now = timezone.now()
    return {
        "day": queries.my_day(user=request.user, company=Company.objects.the_one(), now=now),
        "kinds": Activity.Kind,
        "now": now,
    }
