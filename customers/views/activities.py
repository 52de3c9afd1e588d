"""Log what was done, plan what is next, finish what was planned."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from customers import policies, services
from customers.forms import ActivityForm, FinishForm
from customers.models import Activity, Customer, Deal
from customers.views.days import day_context


@require_http_methods(["GET", "POST"])
def activity_new(request: AuthedRequest) -> HttpResponse:
    """`?deal=` or `?customer=` says what it is about, `?plan` that it is still to be done, `?kind=` what it is."""
    deal, customer = _about(request)
    planned = "plan" in request.GET
    now = timezone.now()
    initial: dict[str, Any] = {"kind": request.GET["kind"]} if request.GET.get("kind") in Activity.Kind.values else {}
    if planned:
        local = timezone.localtime(now) + timedelta(days=1)
        initial["due_at"] = local.replace(hour=9, minute=0, second=0, microsecond=0)
    form = ActivityForm(
        request.POST or None,
        user=request.user,
        planned=planned,
        now=now,
        deal=deal,
        customer=customer,
        initial=initial,
    )
    if request.method == "POST" and form.is_valid():
        given = {} if "deal" in form.fields else {"deal": deal, "customer": customer}
        activity = (
            carried_out(form, services.plan_activity, actor=request.user, **given)
            if planned
            else carried_out(form, services.log_activity, actor=request.user, now=now, **given)
        )
        if activity:
            messages.success(request, _("Planned.") if planned else _("Logged."))
            alone = deal is None and customer is None
            return redirect(reverse("customers:my-day") if alone else _about_page(activity))
    context = {"form": form, "deal": deal, "customer": customer, "planned": planned, "query": request.GET.urlencode()}
    return page(request, "customers/activity_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def activity_done(request: AuthedRequest, pk: int) -> HttpResponse:
    """One tap on the day's list finishes an activity; the page of its own also asks what came of it."""
    activities = Activity.objects.visible_to(request.user).with_sight(request.user).select_related("deal", "customer")
    activity: Any = get_object_or_404(activities, pk=pk)  # with what the query added
    require(policies.can_finish_activity(request.user, activity))
    form = FinishForm(request.POST or None, initial={"version": activity.version})
    one_tap = "day" in request.POST
    if request.method == "POST" and form.is_valid():
        done = carried_out(form, services.finish_activity, activity=activity, actor=request.user, now=timezone.now())
        if done:
            messages.success(request, _("Done: %(activity)s") % {"activity": done})
        if one_tap and request.htmx:
            return render(request, "customers/_my_day.html", day_context(request))
        if done:
            seen = activity.sees_deal if activity.deal_id else activity.sees_customer
            return redirect(reverse("customers:my-day") if one_tap or not seen else _about_page(activity))
    context = {"form": form, "activity": activity}
    return page(request, "customers/activity_done.html", context, status=422 if form.is_bound else 200)


def _about(request: AuthedRequest) -> tuple[Deal | None, Customer | None]:
    deal, customer = request.GET.get("deal", ""), request.GET.get("customer", "")
    if deal:
        return get_object_or_404(Deal.objects.visible_to(request.user), pk=_key(deal)), None
    if customer:
        return None, get_object_or_404(Customer.objects.visible_to(request.user), pk=_key(customer))
    return None, None


def _key(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _about_page(activity: Activity) -> str:
    """Return the address of what an activity is about: its deal, else its customer."""
    if activity.deal_id:
        return reverse("customers:deal-detail", args=[activity.deal_id])
    return reverse("customers:customer-detail", args=[activity.customer_id])
