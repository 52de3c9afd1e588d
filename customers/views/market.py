"""The market: how large it is by whose word, and the company's strategies."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from customers import policies, services
from customers.forms import MarketSizeForm, StrategyForm
from customers.models import MarketSize, Strategy
from customers.views.conflicts import theirs
from teams.models import Company


@require_safe
def market_sizes(request: AuthedRequest) -> HttpResponse:
    """List every estimate, the newest of each product line, region and period marked as the one that counts."""
    require(policies.can_keep_market(request.user))
    rows = MarketSize.objects.visible_to(request.user).select_related("product", "region", "recorded_by")
    counting = set(rows.in_force().values_list("pk", flat=True))
    return page(request, "customers/market_sizes.html", {"rows": [(row, row.pk in counting) for row in rows]})


@require_http_methods(["GET", "HEAD", "POST"])
def market_size_new(request: AuthedRequest) -> HttpResponse:
    """Add an estimate; what is in the address is filled in."""
    require(policies.can_keep_market(request.user))
    today = timezone.localdate()
    asked = {name: request.GET.get(name, "") for name in ("product", "region")}
    initial = {
        "currency": Company.objects.the_one().currency,
        "estimated_date": today,
        "first_date": today.replace(month=1, day=1),
        "last_date": today.replace(month=12, day=31),
        **{name: key for name, key in asked.items() if key.isascii() and key.isdigit()},
    }
    form = MarketSizeForm(posted(request), initial=initial)
    if (
        form.is_bound
        and form.is_valid()
        and carried_out(form, services.record_market_size, actor=request.user, now=timezone.now())
    ):
        return redirect("customers:market-sizes")
    context = {"form": form, "title": _("New estimate of a market"), "back": "customers:market-sizes"}
    return page(request, "customers/market_form.html", context, status=422 if form.is_bound else 200)


@require_safe
def strategies(request: AuthedRequest) -> HttpResponse:
    """List the company's strategies, the open ones first."""
    require(policies.can_keep_market(request.user))
    rows = Strategy.objects.visible_to(request.user).select_related("owner").order_by("name", "pk")
    order = list(Strategy.Status)
    return page(
        request,
        "customers/strategies.html",
        {
            "rows": [
                (row, policies.can_edit_strategy(request.user, row))
                for row in sorted(rows, key=lambda row: order.index(Strategy.Status(row.status)))
            ]
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def strategy_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_keep_market(request.user))
    form = StrategyForm(posted(request), user=request.user)
    if form.is_bound and form.is_valid() and carried_out(form, services.add_strategy, actor=request.user):
        return redirect("customers:strategies")
    context = {"form": form, "title": _("New strategy"), "back": "customers:strategies"}
    return page(request, "customers/market_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def strategy_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    strategy = get_object_or_404(Strategy.objects.visible_to(request.user), pk=pk)
    require(policies.can_edit_strategy(request.user, strategy))
    form = StrategyForm(posted(request), user=request.user, strategy=strategy)
    if (
        form.is_bound
        and form.is_valid()
        and carried_out(form, services.edit_strategy, strategy=strategy, actor=request.user)
    ):
        return redirect("customers:strategies")
    context = {"form": form, "title": strategy, "back": "customers:strategies", "theirs": theirs(form)}
    return page(request, "customers/market_form.html", context, status=422 if form.is_bound else 200)
