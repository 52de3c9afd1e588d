from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters import (
    CharFilter,
    ChoiceFilter,
    DateFromToRangeFilter,
    FilterSet,
    OrderingFilter,
)
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import SearchFilter, WholeNumberFilter, YesOrNoFilter
from core.api.viewsets import Retrieves
from customers import policies, services
from customers.models import Deal, Stage
from customers.serializers import (
    AmendIn,
    CreditIn,
    CreditOut,
    DealChange,
    DealIn,
    DealOut,
    HandOverIn,
    MoveIn,
    ReopenIn,
    StageMoveOut,
)


class DealFilters(FilterSet):
    q = SearchFilter("title", "customer__name", "external_id")
    state = ChoiceFilter(field_name="stage__kind", choices=Stage.Kind.choices)
    owner = WholeNumberFilter(field_name="owner_id")
    customer = WholeNumberFilter(field_name="customer_id")
    pipeline = WholeNumberFilter(field_name="pipeline_id")
    stage = WholeNumberFilter(field_name="stage_id")
    product = WholeNumberFilter(field_name="product_id")
    region = WholeNumberFilter(field_name="region_id")
    channel = WholeNumberFilter(field_name="channel_id")
    source = CharFilter(max_length=40)
    external_id = CharFilter(max_length=80)
    closed_date = DateFromToRangeFilter()
    created_date = DateFromToRangeFilter()
    amount_known = YesOrNoFilter(field_name="amount", lookup_expr="isnull", exclude=True)
    ordering = OrderingFilter(fields=["created_date", "closed_date", "expected_close_date", "amount", "stage_since"])

    class Meta:
        model = Deal
        fields: list[str] = []


class DealViewSet(Retrieves, ListModelMixin, GenericViewSet[Deal]):
    """
    Deals and their ledger. Facts are changed with PATCH; stage, amount and owner by the verbs, each a line of the ledger.

    Every change needs the ETag of what was read in If-Match.
    """

    scope_read = "deals:read"
    scope_write = "deals:write"
    serializer_class = DealOut
    filterset_class = DealFilters
    queryset = Deal.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post", "patch"]

    def get_queryset(self) -> QuerySet[Deal]:
        return Deal.objects.visible_to(self.user).select_related("stage").order_by("-pk")

    @extend_schema(request=DealIn, responses={201: DealOut})
    def create(self, request: Request) -> Response:
        """Begin a deal, in the first stage of its pipeline unless another open one is named; the owner is the caller."""
        require(policies.can_create_deal(self.user))
        given = {"owner": self.user, **self.valid(DealIn)}
        deal = services.create_deal(actor=self.user, now=timezone.now(), **given)
        return self.answer(deal, DealOut, status=201, location=reverse("api:deal-detail", args=[deal.pk]))

    @extend_schema(request=DealChange, responses=DealOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is known of a deal beside its ledger."""
        deal = self.get_object()
        require(policies.can_edit_deal(self.user, deal))
        given = self.valid(DealChange)
        version = self.expected_version(deal)
        return self.answer(services.edit_deal(deal=deal, version=version, actor=self.user, **given), DealOut)

    @extend_schema(responses=StageMoveOut(many=True), filters=False)
    @action(detail=True, url_path="moves", pagination_class=None)
    def moves(self, request: Request, pk: str) -> Response:
        """The ledger of a deal, oldest line first."""
        deal = self.get_object()
        return Response(StageMoveOut(deal.events.order_by("seq"), many=True).data)

    @extend_schema(request=MoveIn, responses=DealOut)
    @moves.mapping.post
    def move(self, request: Request, pk: str) -> Response:
        """Move a deal forward, back (with a reason), to won, or to lost (with a reason)."""
        deal = self.get_object()
        require(policies.can_move_deal(self.user, deal))
        given = self.valid(MoveIn)
        version = self.expected_version(deal)
        moved = services.move_deal(deal=deal, version=version, actor=self.user, now=timezone.now(), **given)
        return self.answer(moved, DealOut)

    @extend_schema(request=ReopenIn, responses=DealOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Take a won or lost deal back into an open stage."""
        deal = self.get_object()
        require(policies.can_reopen_deal(self.user, deal))
        given = self.valid(ReopenIn)
        version = self.expected_version(deal)
        opened = services.reopen_deal(deal=deal, version=version, actor=self.user, now=timezone.now(), **given)
        return self.answer(opened, DealOut)

    @extend_schema(request=AmendIn, responses=DealOut)
    @action(detail=True, methods=["post"])
    def amend(self, request: Request, pk: str) -> Response:
        """Change amount and expected close; the stage stays."""
        deal = self.get_object()
        require(policies.can_amend_deal(self.user, deal))
        given = self.valid(AmendIn)
        version = self.expected_version(deal)
        amended = services.amend_deal(deal=deal, version=version, actor=self.user, now=timezone.now(), **given)
        return self.answer(amended, DealOut)

    @extend_schema(request=HandOverIn, responses=DealOut)
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, pk: str) -> Response:
        """Give a deal to another person; stage, history and past credit stay."""
        deal = self.get_object()
        require(policies.can_hand_over_deal(self.user, deal))
        given = self.valid(HandOverIn)
        version = self.expected_version(deal)
        owned = services.hand_over_deal(deal=deal, version=version, actor=self.user, now=timezone.now(), **given)
        return self.answer(owned, DealOut)

    @extend_schema(responses=CreditOut(many=True), filters=False)
    @action(detail=True, url_path="credits", url_name="credits", pagination_class=None)
    def agreements(self, request: Request, pk: str) -> Response:
        """Who gets which part of the deal: every agreement, oldest first; none = all of it goes to the owner."""
        return Response(CreditOut(self.get_object().credits.order_by("seq", "pk"), many=True).data)

    @extend_schema(request=CreditIn, responses=DealOut)
    @agreements.mapping.post
    def share_credit(self, request: Request, pk: str) -> Response:
        """Agree who gets which part of the deal; what was agreed before stays on record."""
        deal = self.get_object()
        require(policies.can_share_credit(self.user, deal))
        given = self.valid(CreditIn)
        version = self.expected_version(deal)
        shared = services.share_credit(deal=deal, version=version, actor=self.user, now=timezone.now(), **given)
        return self.answer(shared, DealOut)
