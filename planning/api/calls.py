from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter, YesOrNoFilter
from core.api.viewsets import SignedIn
from planning import services
from planning.models import ForecastCall
from planning.models.calls import CallQuerySet
from planning.queries.calls import CALLED_PERIODS
from planning.serializers import CallIn, CallOut


class CallFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    caller = WholeNumberFilter(field_name="caller_id")
    period = ChoiceFilter(choices=[(period, period) for period in CALLED_PERIODS])
    in_force = YesOrNoFilter(
        method="newest", label=_("Only the newest call of each caller about each unit or person and period")
    )

    class Meta:
        model = ForecastCall
        fields: list[str] = []

    def newest(self, calls: CallQuerySet, name: str, wanted: bool) -> QuerySet[ForecastCall]:
        del name  # the filter has one meaning
        return calls.filter(pk__in=calls.order_by().in_force().values("pk")) if wanted else calls


class CallViewSet(ListModelMixin, SignedIn, GenericViewSet[ForecastCall]):
    """
    What people say a period will bring, beside what is computed. A POST adds a call; the earlier ones stay as history.

    Everybody calls for themselves; whoever leads also for units and people below, with a reason.
    """

    scope_read = "forecasts:read"
    scope_write = "forecasts:write"
    serializer_class = CallOut
    filterset_class = CallFilters
    queryset = ForecastCall.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[ForecastCall]:
        return ForecastCall.objects.visible_to(self.user).order_by("pk")

    @extend_schema(request=CallIn, responses={201: CallOut})
    def create(self, request: Request) -> Response:
        """Submit a call. What the last night expected at this moment is kept with it, so that both can be scored later."""
        call = services.submit_call(actor=self.user, at=timezone.now(), **self.valid(CallIn))
        return self.answer(call, CallOut, status=201)
