from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter, check_query
from core.api.viewsets import SignedIn
from core.models import Publication
from planning.forms import answered_rates
from planning.models import JOB, StageConversion
from planning.serializers import ConversionOut, MeaningOut, RatesOut

_WHAT = {
    "unit": (
        OpenApiTypes.INT64,
        "Whose figures: a unit with all below it. By default the top of what the caller sees.",
    ),
    "person": (OpenApiTypes.INT64, "Whose figures: a person."),
    "period": (OpenApiTypes.STR, "When it began: 12m (the default), 2026, 2026-Q3 or 2026-M07, of the fiscal year."),
    "against": (OpenApiTypes.STR, "The cohort compared with: year (a year earlier, the default) or previous."),
    "by": (OpenApiTypes.STR, "One row per unit, person, channel, product, region, pipeline or period."),
    "pipeline": (OpenApiTypes.INT64, "Only this pipeline; its stages are the rates beside the named ones."),
    "product": (OpenApiTypes.INT64, "Only deals of this product line."),
    "channel": (OpenApiTypes.INT64, "Only deals from this lead source."),
    "region": (OpenApiTypes.INT64, "Only deals of this market region."),
    "measure": (
        OpenApiTypes.STR,
        "The trend: of lead_response (the default), first_visit, quote_acceptance, stage-7.",
    ),
}


class ConversionFilters(FilterSet):
    stage = WholeNumberFilter(field_name="stage_id")
    window = ChoiceFilter(choices=StageConversion.Window.choices)
    by = ChoiceFilter(choices=StageConversion.By.choices)
    member = WholeNumberFilter()

    class Meta:
        model = StageConversion
        fields: list[str] = []


class ConversionViewSet(ListModelMixin, SignedIn, GenericViewSet[StageConversion]):
    """
    Conversion and time in stage as the last night saw them.

    Everybody sees their own and, where it tells about enough people, the company's; units and people as far as the caller
    sees their work; product lines, lead sources and regions are for those who manage.
    """

    scope_read = "forecasts:read"
    serializer_class = ConversionOut
    filterset_class = ConversionFilters
    queryset = StageConversion.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[StageConversion]:
        published = Publication.objects.filter(job=JOB)
        return StageConversion.objects.visible_to(self.user).filter(run__in=published.values("run")).order_by("pk")

    @extend_schema(
        responses=RatesOut,
        filters=False,
        parameters=[OpenApiParameter(name, kind, description=text) for name, (kind, text) in _WHAT.items()],
    )
    @action(detail=False, pagination_class=None)
    def rates(self, request: Request) -> Response:
        """
        The named rates and the conversion of every stage, broken down and against an earlier cohort at equal age.

        From all that happened before today. A null rate with `too_few`, `too_early` or a `missing` reason is not zero.
        """
        check_query(request, _WHAT)
        found = answered_rates(request.query_params, user=self.user, as_of=timezone.localdate())
        return Response(RatesOut(found.table).data)

    @extend_schema(responses=MeaningOut, filters=False)
    @action(detail=False, pagination_class=None)
    def definitions(self, request: Request) -> Response:
        """Numerator, denominator, cohort and censoring of every rate, and the limits they are counted by."""
        check_query(request, ())
        return Response(MeaningOut(answered_rates({}, user=self.user, as_of=timezone.localdate())).data)
