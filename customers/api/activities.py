from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter, YesOrNoFilter
from core.api.viewsets import Retrieves
from customers import policies, services
from customers.models import Activity
from customers.serializers import ActivityIn, ActivityOut, FinishIn


class ActivityFilters(FilterSet):
    kind = ChoiceFilter(choices=Activity.Kind.choices)
    deal = WholeNumberFilter(field_name="deal_id")
    customer = WholeNumberFilter(field_name="customer_id")
    person = WholeNumberFilter(field_name="person_id")
    done = YesOrNoFilter(field_name="done_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Activity
        fields: list[str] = []


class ActivityViewSet(Retrieves, ListModelMixin, GenericViewSet[Activity]):
    """Calls, visits, mails and meetings, planned or done."""

    scope_read = "deals:read"
    scope_write = "deals:write"
    serializer_class = ActivityOut
    filterset_class = ActivityFilters
    queryset = Activity.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[Activity]:
        return Activity.objects.visible_to(self.user).order_by("-pk")

    @extend_schema(request=ActivityIn, responses={201: ActivityOut})
    def create(self, request: Request) -> Response:
        """Record what the caller did, or plan what the caller will do."""
        given = self.valid(ActivityIn)
        if "done_at" in given:
            activity = services.log_activity(actor=self.user, now=timezone.now(), **given)
        else:
            activity = services.plan_activity(actor=self.user, **given)
        return self.answer(
            activity, ActivityOut, status=201, location=reverse("api:activity-detail", args=[activity.pk])
        )

    @extend_schema(request=FinishIn, responses=ActivityOut)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """Mark a planned activity as done."""
        activity = self.get_object()
        require(policies.can_finish_activity(self.user, activity))
        given = self.valid(FinishIn)
        version = self.expected_version(activity)
        done = services.finish_activity(
            activity=activity, version=version, actor=self.user, now=timezone.now(), **given
        )
        return self.answer(done, ActivityOut)
