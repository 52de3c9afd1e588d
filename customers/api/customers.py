from django.db.models import QuerySet
from django.urls import reverse
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import SearchFilter, WholeNumberFilter
from core.api.viewsets import Retrieves
from customers import policies, services
from customers.models import Customer, Tier
from customers.serializers import ContactIn, ContactOut, CustomerChange, CustomerIn, CustomerOut


class CustomerFilters(FilterSet):
    q = SearchFilter("name", "external_id")
    owner = WholeNumberFilter(field_name="owner_id")
    region = WholeNumberFilter(field_name="region_id")
    tier = ChoiceFilter(choices=Tier.choices)
    external_id = CharFilter(max_length=80)

    class Meta:
        model = Customer
        fields: list[str] = []


class CustomerViewSet(Retrieves, ListModelMixin, GenericViewSet[Customer]):
    """Customers of the people whose work the caller may see, with their contacts."""

    scope_read = "customers:read"
    scope_write = "customers:write"
    serializer_class = CustomerOut
    filterset_class = CustomerFilters
    queryset = Customer.objects.none()
    versioned = True
    unversioned_actions = ("add_contact",)
    http_method_names = ["get", "head", "options", "post", "patch"]

    def get_queryset(self) -> QuerySet[Customer]:
        return Customer.objects.visible_to(self.user).order_by("name", "pk")

    @extend_schema(request=CustomerIn, responses={201: CustomerOut})
    def create(self, request: Request) -> Response:
        """Add a customer; the caller owns it unless another is named."""
        require(policies.can_create_customer(self.user))
        customer = services.create_customer(actor=self.user, **self.valid(CustomerIn))
        return self.answer(
            customer, CustomerOut, status=201, location=reverse("api:customer-detail", args=[customer.pk])
        )

    @extend_schema(request=CustomerChange, responses=CustomerOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is known of a customer."""
        customer = self.get_object()
        require(policies.can_edit_customer(self.user, customer))
        given = self.valid(CustomerChange)
        version = self.expected_version(customer)
        changed = services.edit_customer(customer=customer, version=version, actor=self.user, **given)
        return self.answer(changed, CustomerOut)

    @extend_schema(responses=ContactOut(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def contacts(self, request: Request, pk: str) -> Response:
        """The people at a customer."""
        return Response(ContactOut(self.get_object().contacts.order_by("name", "pk"), many=True).data)

    @extend_schema(request=ContactIn, responses={201: ContactOut})
    @contacts.mapping.post
    def add_contact(self, request: Request, pk: str) -> Response:
        """Add a person at a customer. It changes nothing that somebody else may have read, so it needs no If-Match."""
        customer = self.get_object()
        require(policies.can_edit_customer(self.user, customer))
        contact = services.add_contact(customer=customer, actor=self.user, **self.valid(ContactIn))
        return self.answer(contact, ContactOut, status=201)
