from django.db.models import QuerySet
from django_filters import ChoiceFilter, FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from planning.models import PastForecast
from planning.serializers import PastForecastOut


class PastForecastFilters(FilterSet):
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    kind = ChoiceFilter(choices=PastForecast.Kind.choices)
    days_to_go = ChoiceFilter(choices=PastForecast.Horizon.choices)

    class Meta:
        model = PastForecast
        fields: list[str] = []


class TrackRecordViewSet(ListModelMixin, SignedIn, GenericViewSet[PastForecast]):
    """The judged forecasts of the units and people whose work the caller may see, with what came."""

    scope_read = "forecasts:read"
    serializer_class = PastForecastOut
    filterset_class = PastForecastFilters
    queryset = PastForecast.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[PastForecast]:
        return PastForecast.objects.visible_to(self.user).current().order_by("pk")
