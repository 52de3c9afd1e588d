"""What the address of a forecast page asks for: which plan, whose figures, and the night that answers."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.models import JobRun
from core.pages import AuthedRequest
from planning.models import Plan, PlanVersion
from planning.queries import forecasts, plan_on, version_in_force, visible_versions
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


def node_in(request: AuthedRequest) -> Node:
    """Whose figures the address asks for; without any, the reader's own top. :raises Http404: for a stranger's"""
    node = forecasts.visible_node(request.user, unit=number_in(request, "unit"), person=number_in(request, "person"))
    if node is None:
        raise Http404
    return node


def version_in(request: AuthedRequest) -> PlanVersion | None:
    """The version that the address asks for, else the one in force today; None without any. :raises Http404: unseen"""
    asked = number_in(request, "version")
    if asked is not None:
        return get_object_or_404(visible_versions(request.user), pk=asked)
    plan = plan_on(request.user, timezone.localdate())
    return version_in_force(request.user, plan) if plan else None


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
    node = node_in(request)
    run = forecasts.shown_run(plan) if plan else None
    return Asked(plan, node, forecasts.path_to(user, node), run)
