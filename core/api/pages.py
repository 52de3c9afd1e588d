"""Paging by a signed cursor: pages stay whole while rows come and go, and nobody can make up a cursor."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.errors import Invalid, Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports the classes that settings name, this one among them

LIMIT, MOST = 50, 200
PARAMETERS = ("limit", "cursor")
_SALT = "core.api.pages"
_READ: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
}


class CursorPages(BasePagination):
    """
    `?limit=1…200&cursor=…`; the answer is `{"next": address or null, "results": […]}`.

    The order is the queryset's, made total by the primary key; missing values come last. A cursor carries the last row's
    place in that order, signed, and fits only the order it was made for.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        self.request = request
        self.order = _total_order(queryset)
        limit = _limit(request)
        ordered = queryset.order_by(*(_expression(name) for name in self.order))
        place = _place(request, self.order)
        if place is not None:
            ordered = ordered.filter(_after(self.order, place))
        rows = list(ordered[: limit + 1])
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        following = None
        if self.last is not None:
            payload = [self.order, [_written(_value(self.last, name)) for name in self.order]]
            cursor = signing.dumps(payload, salt=_SALT, compress=True)
            following = replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)
        return Response({"next": following, "results": data})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": "string", "format": "uri", "nullable": True, "description": "The next page, if any."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        return [
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many rows a page has.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
            },
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where the page starts: part of the address given as `next`.",
                "schema": {"type": "string"},
            },
        ]


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(LIMIT))
    if not (given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= MOST):
        message = _("A page has 1 to %(most)s rows.") % {"most": MOST}
        raise Invalid(message, problems=[Problem("limit", message, "bad_limit")])
    return int(given)


def _total_order(queryset: QuerySet[Any]) -> list[str]:
    names = [_name(one) for one in queryset.query.order_by or queryset.model._meta.ordering or ()]
    if any(name.lstrip("-") in {"pk", "id"} for name in names):
        return names
    return [*names, "-pk" if names and names[0].startswith("-") else "pk"]


def _name(one: Any) -> str:
    if isinstance(one, str) and one != "?":
        return one
    if isinstance(one, OrderBy) and isinstance(one.expression, F):
        name: str = one.expression.name  # type: ignore[attr-defined]  # not in the stubs
        return f"-{name}" if one.descending else name
    raise TypeError(f"A paged list is ordered by names or F(), not by {one!r}: annotate and name it.")


def _expression(name: str) -> OrderBy:
    field = F(name.lstrip("-"))
    return field.desc(nulls_last=True) if name.startswith("-") else field.asc(nulls_last=True)


def _after(order: Sequence[str], place: Sequence[Any]) -> Q:
    """Return the rows that come after a place: equal in the first names and after it in the next one."""
    found = Q(pk__in=[])
    equal = Q()
    for name, value in zip(order, place, strict=True):
        field = name.lstrip("-")
        if value is not None:
            beyond = Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value}) | Q(
                **{f"{field}__isnull": True}
            )
            found |= equal & beyond
            equal &= Q(**{field: value})
        else:
            equal &= Q(**{f"{field}__isnull": True})
    return found


def _place(request: Request, order: list[str]) -> list[Any] | None:
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return None
    try:
        made_for, values = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        made_for, values = None, []
    if made_for != order:
        message = _("This cursor is none of ours, or of another order. Start again from the first page.")
        raise Invalid(message, problems=[Problem("cursor", message, "bad_cursor")])
    return [_restored(value) for value in values]


def _value(row: Any, name: str) -> Any:
    """Return what a row is ordered by. A link is read by its key: fetching what it leads to would be one query more."""
    *links, last = name.lstrip("-").split("__")
    value = row
    for part in links:
        value = _member(value, part)
        if value is None:
            return None
    if isinstance(value, Model):
        last = next((column.attname for column in value._meta.concrete_fields if column.name == last), last)
    return _member(value, last)


def _member(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case None | str() | int() | float():
            return value
        case _:
            raise TypeError(f"A list cannot be paged by {type(value).__name__}.")


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READ[kind](text)
    return value
