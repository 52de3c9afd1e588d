from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, QuerySet, Value, When
from django_filters import ChoiceFilter, FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.filters import SearchFilter, YesOrNoFilter
from core.api.viewsets import Retrieves
from teams.models import OrgUnit, User
from teams.serializers import PersonOut, UnitOut


class PersonFilters(FilterSet):
    q = SearchFilter("name", "seen_email")  # so that searching tells no more than the list
    is_active = YesOrNoFilter()

    class Meta:
        model = User
        fields: list[str] = []


class PersonViewSet(Retrieves, ListModelMixin, GenericViewSet[User]):
    """People whose names the caller may know: their own team, their managers, everybody below them."""

    scope_read = "people:read"
    serializer_class = PersonOut
    filterset_class = PersonFilters
    queryset = User.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[User]:
        known: QuerySet[User] = User.objects.known_to(self.user)
        return known.annotate(
            sees_work=ExpressionWrapper(
                Q(pk__in=User.objects.visible_to(self.user).values("pk")), output_field=BooleanField()
            ),
            seen_email=Case(When(sees_work=True, then=F("email")), default=Value("")),
        ).order_by("name", "pk")


class UnitFilters(FilterSet):
    kind = ChoiceFilter(choices=OrgUnit.Kind.choices)

    class Meta:
        model = OrgUnit
        fields: list[str] = []


class UnitViewSet(Retrieves, ListModelMixin, GenericViewSet[OrgUnit]):
    """Units whose names the caller may know: their own chain up to the company, everything below what they manage."""

    scope_read = "people:read"
    serializer_class = UnitOut
    filterset_class = UnitFilters
    queryset = OrgUnit.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[OrgUnit]:
        return OrgUnit.objects.known_to(self.user).order_by("position", "name", "pk")
