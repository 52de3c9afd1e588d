from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from planning import services
from planning.models import Potential
from planning.queries.potentials import JudgedPotential
from planning.serializers import PotentialIn, PotentialOut


class PotentialFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    origin = ChoiceFilter(choices=Potential.Origin.choices)

    class Meta:
        model = Potential
        fields: list[str] = []


class PotentialViewSet(ListModelMixin, SignedIn, GenericViewSet[Potential]):
    """
    What the market of units and people could bring: a weight by which targets are spread.

    A POST brings one from another system, and replaces what was known; a DELETE leaves it to the pipeline. Nobody sets
    their own.
    """

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = PotentialOut
    filterset_class = PotentialFilters
    queryset = Potential.objects.none()
    http_method_names = ["get", "head", "options", "post", "delete"]

    def get_queryset(self) -> QuerySet[Potential]:
        return Potential.objects.visible_to(self.user).select_related("plan", "unit", "person").order_by("pk")

    @extend_schema(request=PotentialIn, responses=PotentialOut)
    def create(self, request: Request) -> Response:
        """Set the potential of a unit or person."""
        given = self.valid(PotentialIn)
        row = (given.get("unit"), given.get("person"), given["amount"])
        kept = services.import_potentials(plan=given["plan"], rows=[row], actor=self.user, at=timezone.now())
        return self.answer(kept[0], PotentialOut)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Forget the potential of a unit or person: what is in the pipeline stands in for it."""
        row = self.get_object()
        gone = JudgedPotential(row.unit, row.person, amount=None, seen=row.amount)
        services.set_potentials(
            plan=row.plan, rows=[gone], origin=Potential.Origin.IMPORTED, actor=self.user, at=timezone.now()
        )
        return Response(status=204)
