"""The OpenAPI description of what the defaults do: problems, versions, keys, scopes."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from core.api.auth import scope_of
from core.api.errors import MEDIA_TYPE

Parameter = OpenApiParameter | serializers.Serializer[Any] | type[serializers.Serializer[Any]]
_MEANINGS = {
    "400": "The input is not valid; `errors` says where.",
    "401": "Not signed in, or the token is not valid.",
    "403": "You may see this, but not do it; or the token lacks the scope.",
    "404": "There is no such thing, or not for you.",
    "409": "A rule of the trade says no, or the thing is being changed right now.",
    "412": "Changed since you read it; `ETag` is the current one.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for another request.",
    "428": "If-Match is missing.",
    "429": "Too many requests; `Retry-After` says when to come back.",
}


class WrongField(serializers.Serializer[Any]):
    """One wrong field of an input."""

    field = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()
    line = serializers.IntegerField(required=False)


class Problem(serializers.Serializer[Any]):
    """A refusal or failure (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = WrongField(many=True)  # type: ignore[assignment]  # a field here, a property there
    request_id = serializers.CharField()


class Operation(AutoSchema):
    """Describes each operation with the headers it reads and the problems it answers with."""

    def get_override_parameters(self) -> list[Parameter]:
        parameters: list[Parameter] = []
        if self._needs_version():
            parameters.append(
                _header("If-Match", "The ETag of what you read; 428 without, 412 when it has changed.", required=True)
            )
        if self.method == "POST":
            parameters.append(
                _header(
                    "Idempotency-Key", "Of your choice; the same key sent again has no second effect.", required=False
                )
            )
        return parameters

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        schema = self.resolve_serializer(Problem, direction).ref
        for status in self._problems():
            bodies.setdefault(status, {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}})
        return bodies

    def _problems(self) -> list[str]:
        found = ["400", "401", "403", "429"]
        if "{" in self.path or getattr(self.view, "names_in_query", False):
            found.append("404")
        if self.method in {"POST", "PUT", "PATCH"}:
            found += ["409", "412", "413", "415"]  # 412 too where the version stands in the body
        if self.method == "DELETE":
            found.append("409")
        if self.method == "POST":
            found.append("422")
        if self._needs_version():
            found += ["412", "428"]
        return sorted(set(found))

    def _needs_version(self) -> bool:
        changes = self.method in {"PUT", "PATCH", "DELETE"} or (self.method == "POST" and "{" in self.path)
        exempt = getattr(self.view, "action", "") in getattr(self.view, "unversioned_actions", ())
        return changes and not exempt and bool(getattr(self.view, "versioned", False))


class ScopedTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself
    """`Authorization: Token yl_…`, with the scope that the operation asks for."""

    target_class = "core.api.auth.ScopedTokenAuthentication"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token yl_…`: the rights of the token's person, narrowed to the token's scopes.",
        }

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        scope = scope_of(auto_schema.view, auto_schema.method)
        return {self.name: [scope]} if scope else None


def _header(name: str, description: str, *, required: bool) -> OpenApiParameter:  # two callers, right above
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description, required=required)
