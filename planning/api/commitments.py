from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from planning import services
from planning.models import Commitment
from planning.serializers import AcceptIn, CommitIn, CommitmentOut, CounterIn, TargetOut


class CommitmentFilters(FilterSet):
    version = WholeNumberFilter(field_name="version_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    act = ChoiceFilter(choices=Commitment.Act.choices)

    class Meta:
        model = Commitment
        fields: list[str] = []


class CommitmentViewSet(ListModelMixin, SignedIn, GenericViewSet[Commitment]):
    """
    What owners commit to for a year, and what those above answer. A POST adds a word; the earlier ones stay.

    Everybody commits for themselves and for the units that they manage; those above counter or accept.
    """

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = CommitmentOut
    filterset_class = CommitmentFilters
    queryset = Commitment.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[Commitment]:
        return Commitment.objects.visible_to(self.user).order_by("pk")

    @extend_schema(request=CommitIn, responses={201: CommitmentOut})
    def create(self, request: Request) -> Response:
        """Commit to an amount for the year of a version that is open for it."""
        said = services.commit_amount(actor=self.user, at=timezone.now(), **self.valid(CommitIn))
        return self.answer(said, CommitmentOut, status=201)

    @extend_schema(request=CounterIn, responses={201: CommitmentOut})
    @action(detail=False, methods=["post"])
    def counter(self, request: Request) -> Response:
        """Propose another amount to an owner, with a reason."""
        said = services.counter_commitment(actor=self.user, at=timezone.now(), **self.valid(CounterIn))
        return self.answer(said, CommitmentOut, status=201)

    @extend_schema(request=AcceptIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def accept(self, request: Request) -> Response:
        """Take what the owner committed to into the draft; answers with the target."""
        return self.answer(
            services.accept_commitment(actor=self.user, at=timezone.now(), **self.valid(AcceptIn)), TargetOut
        )
