from django.db.models import QuerySet
from django.urls import reverse
from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from teams import policies, services
from teams.models import CapacityRule, PlannedHire, Presence
from teams.serializers import (
    CapacityRuleIn,
    CapacityRuleOut,
    PlannedHireIn,
    PlannedHireOut,
    PresenceChange,
    PresenceIn,
    PresenceOut,
)


class UnitRowFilters(FilterSet):
    unit = WholeNumberFilter(field_name="unit_id")

    class Meta:
        model = CapacityRule
        fields: list[str] = []


class HireFilters(UnitRowFilters):
    class Meta:
        model = PlannedHire
        fields: list[str] = []


class PresenceFilters(FilterSet):
    person = WholeNumberFilter(field_name="person_id")

    class Meta:
        model = Presence
        fields: list[str] = []


class CapacityRuleViewSet(Retrieves, ListModelMixin, GenericViewSet[CapacityRule]):
    """How a unit's people ramp up, how many leave and come. What a unit leaves open, the unit above says."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = CapacityRuleOut
    filterset_class = UnitRowFilters
    queryset = CapacityRule.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[CapacityRule]:
        return CapacityRule.objects.visible_to(self.user).order_by("unit")

    @extend_schema(request=CapacityRuleIn, responses=CapacityRuleOut)
    def create(self, request: Request) -> Response:
        """Set what a unit says, whether it had a rule of its own or not; what is not given is as the unit above says."""
        return self.answer(services.set_capacity_rule(actor=self.user, **self.valid(CapacityRuleIn)), CapacityRuleOut)


class PresenceViewSet(Retrieves, ListModelMixin, GenericViewSet[Presence]):
    """How much of full time people are there: part time and planned leave by month. Every change needs If-Match."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = PresenceOut
    filterset_class = PresenceFilters
    queryset = Presence.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post", "patch"]

    def get_queryset(self) -> QuerySet[Presence]:
        return Presence.objects.visible_to(self.user).select_related("person").order_by("pk")

    @extend_schema(request=PresenceIn, responses={201: PresenceOut})
    def create(self, request: Request) -> Response:
        """Say how much of full time a person is there, from a month on or in some months."""
        row = services.set_presence(actor=self.user, **self.valid(PresenceIn))
        return self.answer(row, PresenceOut, status=201, location=reverse("api:presence-detail", args=[row.pk]))

    @extend_schema(request=PresenceChange, responses=PresenceOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Correct months and share; all of them are given."""
        row = self.get_object()
        require(policies.can_set_presence(self.user, row.person))
        given = self.valid(PresenceChange)
        version = self.expected_version(row)
        changed = services.set_presence(actor=self.user, person=row.person, presence=row, version=version, **given)
        return self.answer(changed, PresenceOut)


class PlannedHireViewSet(Retrieves, ListModelMixin, GenericViewSet[PlannedHire]):
    """People who are still to be hired, by unit and month. Every change needs If-Match."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = PlannedHireOut
    filterset_class = HireFilters
    queryset = PlannedHire.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post", "patch"]

    def get_queryset(self) -> QuerySet[PlannedHire]:
        return PlannedHire.objects.visible_to(self.user).order_by("pk")

    @extend_schema(request=PlannedHireIn, responses={201: PlannedHireOut})
    def create(self, request: Request) -> Response:
        """Plan that so many people start in a unit in a month."""
        row = services.plan_hires(actor=self.user, **self.valid(PlannedHireIn))
        return self.answer(row, PlannedHireOut, status=201, location=reverse("api:planned-hire-detail", args=[row.pk]))

    @extend_schema(request=PlannedHireIn, responses=PlannedHireOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a planned hire; unit, month and number are given."""
        row = self.get_object()
        given = self.valid(PlannedHireIn)
        version = self.expected_version(row)
        return self.answer(services.plan_hires(actor=self.user, hire=row, version=version, **given), PlannedHireOut)
