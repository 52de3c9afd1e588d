from django.db.models import QuerySet
from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning import policies, services
from planning.models import ShareTarget
from planning.serializers import ShareTargetIn, ShareTargetOut


class ShareTargetFilters(FilterSet):
    plan_version = WholeNumberFilter(field_name="version_id")
    product = WholeNumberFilter(field_name="product_id")
    region = WholeNumberFilter(field_name="region_id")

    class Meta:
        model = ShareTarget
        fields: list[str] = []


class ShareTargetViewSet(Retrieves, ListModelMixin, GenericViewSet[ShareTarget]):
    """Market-share targets of a version. A POST sets one in a draft, whether it is there or not."""

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = ShareTargetOut
    filterset_class = ShareTargetFilters
    queryset = ShareTarget.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post", "delete"]

    def get_queryset(self) -> QuerySet[ShareTarget]:
        return ShareTarget.objects.visible_to(self.user).select_related("version__plan__fiscal_year").order_by("pk")

    @extend_schema(request=ShareTargetIn, responses={200: ShareTargetOut, 201: ShareTargetOut})
    def create(self, request: Request) -> Response:
        """Set the share of a product line in a region. A stale `lock_version` gets 412."""
        return self.answer(
            services.set_share_target(actor=self.user, now=timezone.now(), **self.valid(ShareTargetIn)), ShareTargetOut
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a share target out of a draft."""
        row = self.get_object()
        require(policies.can_plan(self.user))
        seen = self.expected_version(row)
        services.set_share_target(
            version=row.version,
            product=row.product,
            region=row.region,
            quarter=row.quarter,
            share=None,
            lock_version=seen,
            actor=self.user,
            now=timezone.now(),
        )
        return Response(status=204)
