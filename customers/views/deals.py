"""The list of deals, the page of a deal, and the forms of its facts."""

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_tables2 import RequestConfig

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from customers import policies, queries, services
from customers.forms import DealFactsForm, DealFilter, DealForm
from customers.models import Deal
from customers.queries.credits import agreements
from customers.queries.deals import activities_of, contacts_of
from customers.views.tables import ROWS_A_PAGE, DealTable


@require_safe
def deals(request: AuthedRequest) -> HttpResponse:
    now = timezone.now()
    filters = DealFilter(request.GET, queryset=queries.deal_list(user=request.user), request=request, now=now)
    table = DealTable(filters.qs.order_by("-stage_since", "-pk"))
    RequestConfig(request, paginate={"per_page": ROWS_A_PAGE, "silent": True}).configure(table)
    context = {
        "filters": filters,
        "table": table,
        "totals": queries.totals_by_kind(filters.qs),
        "now": now,
        "can_create": policies.can_create_deal(request.user),
    }
    return page(request, "customers/deals.html", context, fragment="customers/_deals.html")


@require_safe
def deal_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(queries.deal_list(user=request.user), pk=pk)
    activities = list(activities_of(deal, user=request.user)[:50])
    context = {
        "deal": deal,
        "steps": queries.history(deal),
        "activities": activities,
        "next_step": next((row for row in activities if row.done_at is None), None),
        "contacts": contacts_of(deal),
        "agreements": agreements(deal),
        "can_share": policies.can_share_credit(request.user, deal),
        "stages": deal.pipeline.stages.order_by("position"),
        "now": timezone.now(),
        "can_move": policies.can_move_deal(request.user, deal) and deal.stage.is_open,
        "can_edit": policies.can_edit_deal(request.user, deal),
        "can_amend": policies.can_amend_deal(request.user, deal),
        "can_reopen": policies.can_reopen_deal(request.user, deal) and not deal.stage.is_open,
        "can_hand_over": policies.can_hand_over_deal(request.user, deal),
    }
    return page(request, "customers/deal_detail.html", context)


@require_http_methods(["GET", "POST"])
def deal_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_create_deal(request.user))
    initial = {"customer": request.GET.get("customer", "")}
    form = DealForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        deal = carried_out(form, services.create_deal, actor=request.user, now=timezone.now())
        if deal:
            messages.success(request, _("The deal “%(deal)s” is in the pipeline.") % {"deal": deal})
            return redirect("customers:deal-detail", pk=deal.pk)
    return page(request, "customers/deal_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def deal_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(Deal.objects.visible_to(request.user).select_related("customer"), pk=pk)
    require(policies.can_edit_deal(request.user, deal))
    form = DealFactsForm(request.POST or None, user=request.user, deal=deal)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_deal, deal=deal, actor=request.user)
    ):
        messages.success(request, _("Saved."))
        return redirect("customers:deal-detail", pk=pk)
    context = {"deal": deal, "form": form, **conflict(form, deal)}
    return page(request, "customers/deal_edit.html", context, status=422 if form.is_bound else 200)


def conflict(form: object, deal: Deal) -> dict[str, object]:
    """
    Return what a form page shows after a conflict: the deal as it is now, and the version with which to send again.

    What the person typed stays in the form; sending it again is then a choice with open eyes.
    """
    refusal = getattr(form, "refusal", None)
    if refusal is None or "current_version" not in refusal.extra:
        return {}
    data = form.data.copy()  # type: ignore[attr-defined]
    data["version"] = refusal.extra["current_version"]
    form.data = data  # type: ignore[attr-defined]
    theirs = Deal.objects.select_related("stage", "customer", "owner", "product", "region", "channel").get(pk=deal.pk)
    last = theirs.events.select_related("actor").order_by(F("seq").desc()).first()
    return {"theirs": theirs, "last": last}
