"""What the address of a forecast page asks for: which plan, whose figures, and the night that answers."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils import timezone

from core.models import JobRun
from core.pages import AuthedRequest
from planning.models import Plan
from planning.queries import forecasts, plan_on
from planning.queries.forecasts import Node


def is_key(text: str) -> bool:
    """Could this text be somebody's key: plain digits, no more than a key has?"""
    return text.isascii() and text.isdigit() and len(text) <= 18


def number_in(request: AuthedRequest, name: str) -> int | None:
    """A key from the address; anything else than a plain number is nobody's. :raises Http404: then"""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not is_key(text):
        raise Http404
    return int(text)


@dataclass(frozen=True)
class Asked:
    """What the address of a forecast page asks for: which plan, whose figures; and the night that answers."""

    plan: Plan | None
    node: Node
    path: list[Node]
    run: JobRun | None

    @property
    def common(self) -> dict[str, Any]:
        return {"plan": self.plan, "node": self.node, "path": self.path, "run": self.run}


def asked_for(request: AuthedRequest) -> Asked:
    user = request.user
    year = number_in(request, "year")
    if year is None:
        plan = plan_on(user, timezone.localdate())
    else:
        plan = Plan.objects.visible_to(user).select_related("fiscal_year").filter(fiscal_year__year=year).first()
        if plan is None:
            raise Http404
    node = forecasts.visible_node(user, unit=number_in(request, "unit"), person=number_in(request, "person"))
    if node is None:
        raise Http404
    run = forecasts.shown_run(plan) if plan else None
    return Asked(plan, node, forecasts.path_to(user, node), run)
