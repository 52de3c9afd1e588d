"""Who calls: a person by session, or an API token that carries some of its person's rights."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core import audit
from core.api.throttles import refuse_where_too_many_were_turned_away
from core.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports the classes that settings name, this one among them

_TOKEN = re.compile(rb"yl_[0-9a-zA-Z]{20,120}")


class ScopedTokenAuthentication(TokenAuthentication):
    """
    `Authorization: Token yl_…`. The audit lines of the request carry the token's name.

    Whatever is wrong with a token (unknown, expired, of a disabled person) gets one and the same answer, and an address
    that has had too many of those is heard no more for a while.
    """

    def authenticate(self, request: Request) -> Any:
        if get_authorization_header(request):
            refuse_where_too_many_were_turned_away(request)
        return super().authenticate(request)

    def authenticate_credentials(self, token: bytes) -> tuple[Any, ApiToken]:
        invalid = AuthenticationFailed(_("This token is not valid, or no longer."), code="token_invalid")
        if not _TOKEN.fullmatch(token):  # before the database sees bytes that no token has
            raise invalid
        try:
            person, api_token = super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise invalid from None
        audit.token_name.set(api_token.name)  # core.middleware.request_id takes it back
        return person, api_token

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Tell whether a token has expired. Knox would delete it, and its person's other expired ones, in a read."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()


class SignedInWithScope(BasePermission):
    """
    Signed-in people pass; a token passes where the view names a scope that it carries. Rows and acts are judged later.

    A view names its scopes as `scope_read` and `scope_write`, or by method in `required_scopes`. One that names none for
    a method takes no token there.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated or not request.user.is_active:
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        needed = scope_of(view, request.method or "GET")
        self.message = (
            _("This token does not carry the scope %(scope)s.") % {"scope": needed}
            if needed
            else _("This address takes no token; sign in instead.")
        )
        self.code = "scope_missing"
        return bool(needed) and needed in request.auth.scopes


def scope_of(view: object, method: str) -> str:
    """Return the scope that a token needs for a method of a view; "" where the view takes no token."""
    by_method: Mapping[str, str] = getattr(view, "required_scopes", {})
    if method in by_method:
        return by_method[method]
    scope: str = getattr(view, "scope_read" if method in SAFE_METHODS else "scope_write", "")
    return scope
