"""What every view of the API has: a typed person, scopes, one effect per Idempotency-Key, versions as ETags."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.db.models import Model
from django.utils.cache import patch_vary_headers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.api.filters import check_query, is_detail
from core.api.idempotency import once
from core.api.versions import Locked, Versioned, etag_of, required_version

if TYPE_CHECKING:
    from teams.models import User

Thing = TypeVar("Thing", bound=Model)


class SignedIn(APIView):
    """
    Mixin of every view: `class DealViewSet(SignedIn, ListModelMixin, GenericViewSet[Deal])`.

    :cvar scope_read, scope_write: what a token must carry; `required_scopes` says it by method and wins
    :cvar query_parameters: parameters that the view reads besides its filters
    :cvar versioned: whether changes need If-Match (for the schema; `expected_version` demands it), `unversioned_actions` apart
    """

    scope_read: str = ""
    scope_write: str = ""
    required_scopes: Mapping[str, str] = {}
    query_parameters: tuple[str, ...] = ()
    versioned: bool = False
    unversioned_actions: tuple[str, ...] = ()
    versioned_thing: Versioned | Locked | None = None

    @property
    def user(self) -> "User":
        return cast("User", self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            _ = request._request.body  # before DRF streams it away: the key's claim is over the very bytes
        super().initial(request, *args, **kwargs)
        if not self._takes(request):
            return  # 405 follows, whatever the query says
        if request.method not in {"GET", "HEAD"} or not self._filters():
            check_query(request, self.query_parameters)
        if request.method == "POST":
            handler = getattr(self, "post", self.http_method_not_allowed)
            self.post = once(handler, request=request, may_see=self.may_still_see)

    def _takes(self, request: Request) -> bool:
        method = str(request.method).lower()
        return method in self.http_method_names and hasattr(self, method)

    def _filters(self) -> bool:
        """Tell whether the filter backend will look at the query, as it does for lists."""
        filtered = getattr(self, "filterset_class", None) or getattr(self, "filterset_fields", None)
        return not is_detail(self) and bool(filtered or getattr(self, "paginator", None))

    def valid(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the body as a serializer reads it, for a service. :raises ValidationError: naming each wrong field"""
        read = serializer(data=self.request.data, context={"request": self.request, "view": self})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def expected_version(self, thing: Versioned | Locked) -> int:
        """Return the version from If-Match for the service to check. :raises DomainError: 428, 412 or 400"""
        self.versioned_thing = thing
        return required_version(self.request, thing)

    def answer(
        self, thing: object, serializer: type[BaseSerializer[Any]], *, status: int = 200, location: str = ""
    ) -> Response:
        """Return a thing as its serializer shows it, with its ETag where it has a version."""
        context = {"request": self.request, "view": self}
        response = Response(serializer(thing, context=context).data, status=status)
        if hasattr(thing, "version"):
            response["ETag"] = etag_of(cast("Versioned", thing))
        if location:
            response["Location"] = location
        return response

    def may_still_see(self, data: Any) -> bool:
        """Tell whether the person may still see what a stored answer shows: the thing in the address, or the one answered."""
        if not isinstance(self, GenericAPIView):
            return True
        rows = self.get_queryset()
        if is_detail(self):
            key = self.lookup_url_kwarg or self.lookup_field
            return rows.filter(**{self.lookup_field: self.kwargs[key]}).exists()
        if isinstance(data, dict) and "id" in data:
            return rows.filter(pk=data["id"]).exists()
        return True

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(final, ["Authorization", "Cookie", "Accept-Language"])
        return final


class Retrieves(SignedIn):
    """Adds `retrieve`, with the ETag that a change must send back."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        view = cast("GenericAPIView[Model]", self)
        return self.answer(view.get_object(), view.get_serializer_class())
