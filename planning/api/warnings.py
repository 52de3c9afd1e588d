from django.db.models import QuerySet
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
from core.api.viewsets import Retrieves, SignedIn
from planning import policies, services
from planning.models import By, ConversionWarning, Lever
from planning.serializers import AssignIn, CloseIn, LeverOut, NoteIn, NothingIn, SnoozeIn, WarningOut


class WarningFilters(FilterSet):
    status = ChoiceFilter(choices=ConversionWarning.Status.choices)
    by = ChoiceFilter(choices=By.choices)
    member = WholeNumberFilter()
    stage = WholeNumberFilter(field_name="stage_id")
    owner = WholeNumberFilter(field_name="owner_id")
    recovered = YesOrNoFilter(field_name="recovered_date", lookup_expr="isnull", exclude=True)

    class Meta:
        model = ConversionWarning
        fields: list[str] = []


class WarningViewSet(Retrieves, ListModelMixin, GenericViewSet[ConversionWarning]):
    """
    Conversions below their own history: of the units and people whose work the caller sees, and those given to the caller.

    Every change needs the ETag of what was read in If-Match.
    """

    scope_read = "forecasts:read"
    scope_write = "forecasts:write"
    serializer_class = WarningOut
    filterset_class = WarningFilters
    queryset = ConversionWarning.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[ConversionWarning]:
        return ConversionWarning.objects.visible_to(self.user).order_by("-pk")

    @extend_schema(request=NoteIn, responses=WarningOut)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Note that somebody has seen the warning and looks after it."""
        warning = self.get_object()
        require(policies.can_note_warning(self.user, warning))
        wish = self.valid(NoteIn)
        version = self.expected_version(warning)
        done = services.acknowledge_warning(warning=warning, version=version, actor=self.user, **wish)
        return self.answer(done, WarningOut)

    @extend_schema(request=AssignIn, responses=WarningOut)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give the warning to somebody, with a day until which it is to be looked into."""
        warning = self.get_object()
        require(policies.can_handle_warning(self.user, warning))
        wish = self.valid(AssignIn)
        version = self.expected_version(warning)
        done = services.assign_warning(
            warning=warning, version=version, actor=self.user, today=timezone.localdate(), **wish
        )
        return self.answer(done, WarningOut)

    @extend_schema(request=SnoozeIn, responses=WarningOut)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """Put the warning off until a day at most three months ahead."""
        warning = self.get_object()
        require(policies.can_handle_warning(self.user, warning))
        wish = self.valid(SnoozeIn)
        version = self.expected_version(warning)
        done = services.snooze_warning(
            warning=warning, version=version, actor=self.user, today=timezone.localdate(), **wish
        )
        return self.answer(done, WarningOut)

    @extend_schema(request=CloseIn, responses=WarningOut)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Close the warning with a reason."""
        warning = self.get_object()
        require(policies.can_handle_warning(self.user, warning))
        wish = self.valid(CloseIn)
        version = self.expected_version(warning)
        done = services.close_warning(warning=warning, version=version, actor=self.user, **wish)
        return self.answer(done, WarningOut)

    @extend_schema(request=NothingIn, responses=WarningOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Open a closed or put-off warning again."""
        warning = self.get_object()
        require(policies.can_handle_warning(self.user, warning))
        self.valid(NothingIn)
        version = self.expected_version(warning)
        return self.answer(services.reopen_warning(warning=warning, version=version, actor=self.user), WarningOut)


class LeverFilters(FilterSet):
    by = ChoiceFilter(choices=[(By.UNIT.value, By.UNIT.label), (By.PERSON.value, By.PERSON.label)])
    member = WholeNumberFilter()
    stage = WholeNumberFilter(field_name="stage_id")

    class Meta:
        model = Lever
        fields: list[str] = []


class LeverViewSet(ListModelMixin, SignedIn, GenericViewSet[Lever]):
    """What each stage of the caller's visible units and people would bring, as the last night saw it."""

    scope_read = "forecasts:read"
    serializer_class = LeverOut
    filterset_class = LeverFilters
    queryset = Lever.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[Lever]:
        return Lever.objects.visible_to(self.user).shown().order_by("pk")
