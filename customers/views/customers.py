"""The customers' list, the page of a customer, and its forms."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_tables2 import RequestConfig

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from core.periods import FiscalCalendar
from customers import policies, queries, services
from customers.forms import ContactForm, CustomerFilter, CustomerForm
from customers.models import Contact, Customer, Stage
from customers.queries.customers import activities_of, deals_of
from customers.views.conflicts import theirs
from customers.views.tables import ROWS_A_PAGE, CustomerTable
from teams.models import Company


@require_safe
def customers(request: AuthedRequest) -> HttpResponse:
    calendar = FiscalCalendar(Company.objects.the_one().fiscal_start_month)
    today = timezone.localdate()
    rows = queries.customer_list(user=request.user, won_since=calendar.year(calendar.year_of(today)).first)
    filters = CustomerFilter(request.GET, queryset=rows, request=request)
    table = CustomerTable(filters.qs)
    RequestConfig(request, paginate={"per_page": ROWS_A_PAGE, "silent": True}).configure(table)
    context = {"filters": filters, "table": table, "can_create": policies.can_create_customer(request.user)}
    return page(request, "customers/customers.html", context, fragment="customers/_customers.html")


@require_safe
def customer_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user).select_related("owner", "region"), pk=pk)
    deals = deals_of(customer, user=request.user)
    context = {
        "customer": customer,
        "deals": deals[:50],
        "open": queries.totals(deals.filter(stage__kind=Stage.Kind.OPEN)),
        "won": queries.totals(deals.filter(stage__kind=Stage.Kind.WON)),
        "activities": activities_of(customer, user=request.user)[:50],
        "contacts": customer.contacts.all(),
        "now": timezone.now(),
        "can_edit": policies.can_edit_customer(request.user, customer),
        "can_create_deal": policies.can_create_deal(request.user),
    }
    return page(request, "customers/customer_detail.html", context)


@require_http_methods(["GET", "POST"])
def customer_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_create_customer(request.user))
    form = CustomerForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        customer = carried_out(form, services.create_customer, actor=request.user)
        if customer:
            messages.success(request, _("“%(customer)s” is a customer now.") % {"customer": customer})
            return redirect("customers:customer-detail", pk=customer.pk)
    return page(request, "customers/customer_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def customer_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    require(policies.can_edit_customer(request.user, customer))
    form = CustomerForm(request.POST or None, user=request.user, customer=customer)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_customer, customer=customer, actor=request.user)
    ):
        messages.success(request, _("Saved."))
        return redirect("customers:customer-detail", pk=pk)
    context = {"customer": customer, "form": form, "theirs": theirs(form)}
    return page(request, "customers/customer_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def contact_new(request: AuthedRequest, pk: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    require(policies.can_edit_customer(request.user, customer))
    form = ContactForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.add_contact, customer=customer, actor=request.user)
    ):
        messages.success(request, _("Saved."))
        return redirect("customers:customer-detail", pk=pk)
    context = {"customer": customer, "form": form}
    return page(request, "customers/contact_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def contact_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    visible = Contact.objects.filter(customer__in=Customer.objects.visible_to(request.user).values("pk"))
    contact = get_object_or_404(visible.select_related("customer"), pk=pk)
    require(policies.can_edit_customer(request.user, contact.customer))
    form = ContactForm(request.POST or None, contact=contact)
    if (
        request.method == "POST"
        and form.is_valid()
        and carried_out(form, services.edit_contact, contact=contact, actor=request.user)
    ):
        messages.success(request, _("Saved."))
        return redirect("customers:customer-detail", pk=contact.customer_id)
    context = {"customer": contact.customer, "contact": contact, "form": form, "theirs": theirs(form)}
    return page(request, "customers/contact_edit.html", context, status=422 if form.is_bound else 200)
