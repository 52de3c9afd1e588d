"""Market shares of a plan, and the strategies and people behind a target."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.errors import VersionConflict
from core.pages import AuthedRequest, carried_out, page, posted
from planning import policies, queries, services
from planning.forms import ShareTargetForm, TargetLinksForm
from planning.models import PlanVersion, ShareTarget, Target
from planning.queries import market
from planning.queries import target_links as links

from .asking import number_in
from .share_files import share_exports
from .targets import today_of


@require_safe
def market_shares(request: AuthedRequest) -> HttpResponse:
    """Show share, target and forecast of every product line in every region that has a size or a target."""
    user = request.user
    require(user.is_manager)
    key = number_in(request, "version")
    if key is not None:
        version: PlanVersion | None = get_object_or_404(queries.visible_versions(user), pk=key)
    else:
        plan = queries.plan_on(user, timezone.localdate())
        version = queries.version_in_force(user, plan) if plan else None
    if version is None:
        return page(request, "planning/targets_empty.html", {"can_plan": policies.can_plan(user)})
    rows = market.share_lines(version=version, user=user, as_of=today_of(version.plan))
    return page(
        request,
        "planning/market_shares.html",
        {
            "rows": rows,
            "version": version,
            "versions": [other for other in queries.visible_versions(user) if other.plan_id == version.plan_id],
            "plan": version.plan,
            "exports": share_exports(version),
            "has_forecast": any(row.forecast is not None for row in rows),
            "may_set": version.is_draft and policies.can_plan(user),
            "can_plan": policies.can_plan(user),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def share_target_set(request: AuthedRequest, version: int) -> HttpResponse:
    """Set, change or take away the share target of a product line in a region."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    require(policies.can_plan(request.user))
    if not found.is_draft:
        raise services.PlanIsActive()
    form = ShareTargetForm(posted(request), initial=_share_initial(request, found))
    done = False
    if form.is_bound and form.is_valid():
        carried_out(form, services.set_share_target, version=found, actor=request.user, now=timezone.now())
        done = form.is_valid()
    if done:
        return redirect(f"{reverse('planning:market-shares')}?version={found.pk}")
    refusal = getattr(form, "refusal", None)
    if isinstance(refusal, VersionConflict):
        form.data = {**dict(form.data.items()), "lock_version": str(refusal.extra["current_version"])}
    context = {"form": form, "version": found, "plan": found.plan}
    return page(request, "planning/share_target_set.html", context, status=422 if form.is_bound else 200)


def _share_initial(request: AuthedRequest, version: PlanVersion) -> dict[str, Any]:
    keys = {name: number_in(request, name) for name in ("product", "region", "quarter")}
    if any(key is not None and key > 2**62 for key in keys.values()):
        raise Http404
    row = ShareTarget.objects.filter(
        version=version, product=keys["product"], region=keys["region"], quarter=keys["quarter"] or 0
    ).first()
    share = round(row.share * 100, 2) if row else None
    return {**keys, "quarter": keys["quarter"] or 0, "share": share, "lock_version": row.lock_version if row else 0}


@require_http_methods(["GET", "HEAD", "POST"])
def target_links(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show which strategies a target serves and who carries it; those who set it say so here."""
    target = get_object_or_404(
        Target.objects.visible_to(request.user).select_related("version__plan__fiscal_year", "unit", "person"), pk=pk
    )
    version = target.version
    may_link = policies.can_set_target(request.user, version, unit=target.unit, person=target.person)
    form = None
    if may_link or request.method == "POST":
        require(may_link)
        form = TargetLinksForm(posted(request), target=target, user=request.user)
        if (
            form.is_bound
            and form.is_valid()
            and carried_out(form, services.link_target, target=target, actor=request.user)
        ):
            messages.success(request, _("Strategies and people are saved."))
            return redirect("planning:target-links", pk=target.pk)
    context = {
        "target": target,
        "version": version,
        "plan": version.plan,
        "subject": target.unit or target.person,
        "form": form,
        "strategies": links.strategies_of(target),
        "carriers": links.carriers_of(target),
    }
    status = 422 if form is not None and form.is_bound else 200
    return page(request, "planning/target_links.html", context, status=status)
