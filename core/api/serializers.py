"""
Base classes of the API's input and output.

`In` reads and validates and never saves: `serializer.validated_data` goes to a service. `Out` shows and never reads.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

if TYPE_CHECKING:
    from teams.models import User

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
_AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?")
_OFFSET = re.compile(r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LAYOUT = frozenset("\n\t")


class Amount(serializers.DecimalField):
    """Money as text, "1234.50": a JSON number is read differently by different readers."""

    default_error_messages = {
        "amount": _('An amount is text such as "1234.50": digits, and a point before at most two more.'),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 15, "decimal_places": 2, **kwargs})

    def to_internal_value(self, data: Any) -> Decimal:
        if (
            not isinstance(data, str)
            or not _AMOUNT.fullmatch(data)
            or (data.strip("-0.") == "" and data.startswith("-"))
        ):
            self.fail("amount")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON number without fraction; no text, no true or false. Bounded by what a Postgres bigint holds."""

    default_error_messages = {"whole": _("Give a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not -(2**63) <= data < 2**63:
            self.fail("whole")
        return data


class Number(serializers.FloatField):
    """A JSON number; no text (which may say "nan", and no bound refuses that), no true or false. Bounded like WholeNumber."""

    default_error_messages = {"number": _("Give a number.")}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float) or not -(2**63) <= data < 2**63:
            self.fail("number")
        return super().to_internal_value(data)


class YesNo(serializers.BooleanField):
    """true or false of JSON; neither 1 nor "yes"."""

    default_error_messages = {"yes_no": _("Give true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("yes_no")
        return data


class Moment(serializers.DateTimeField):
    """A moment with its offset: "2026-11-23T09:00:00+08:00". Without one, nobody knows which hour is meant."""

    default_error_messages = {
        "offset": _("Give the moment with its offset from UTC, e.g. 2026-11-23T09:00:00+08:00."),
        "far": _("Give a moment between 1990 and 2100."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _OFFSET.search(value):
            self.fail("offset")
        try:
            read = parse_datetime(value)
        except ValueError:
            read = None
        if read is None or read.tzinfo is None:
            self.fail("offset")
        if not EARLIEST <= read.date() <= LATEST:
            self.fail("far")
        return read


class Day(serializers.DateField):
    """A day, "2026-11-23", between 1990 and 2100."""

    default_error_messages = {"far": _("Give a day between 1990 and 2100.")}

    def to_internal_value(self, value: Any) -> date:
        read: date = super().to_internal_value(value)
        if not EARLIEST <= read <= LATEST:
            self.fail("far")
        return read


class Text(serializers.CharField):
    """
    One line of text, NFC-normalised and trimmed; no control characters, none that turn the reading direction.

    :param lines: text of several lines, which may hold line feeds and tabs
    """

    default_error_messages = {
        "text": _("Give text."),
        "control_characters": _("This text holds characters that cannot be seen."),
    }

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            data = unicodedata.normalize("NFC", data.replace("\r\n", "\n")).strip()
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        allowed = _LAYOUT if self.lines else frozenset()
        if any(character in _BIDI or _is_control(character, allowed) for character in data):
            self.fail("control_characters")
        return super().to_internal_value(data)


class _Strict:
    """Refuses fields that the serializer does not read: a misspelt field must not pass in silence."""

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: Text,
        models.TextField: Text,
        models.DecimalField: Amount,
        models.DateTimeField: Moment,
        models.DateField: Day,
        models.IntegerField: WholeNumber,
        models.BigIntegerField: WholeNumber,
        models.SmallIntegerField: WholeNumber,
        models.PositiveIntegerField: WholeNumber,
        models.PositiveSmallIntegerField: WholeNumber,
        models.PositiveBigIntegerField: WholeNumber,
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            readable = {name for name, field in self.fields.items() if not field.read_only}  # type: ignore[attr-defined]
            unknown = {
                str(name): [ErrorDetail(str(_("There is no such field to be set.")), code="unknown_field")]
                for name in data
                if name not in readable
            }
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)  # type: ignore[misc]

    def save(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The API's input is not saved: hand validated_data to a service.")


class In(_Strict, serializers.Serializer[Any]):
    """Input by declared fields."""


class ModelIn(_Strict, serializers.ModelSerializer[Any]):
    """Input whose fields follow a model's; the service, not the serializer, keeps what is unique."""

    def get_unique_together_validators(self) -> list[Any]:
        return []


class Out(serializers.Serializer[Any]):
    """Output by declared fields."""


class ModelOut(serializers.ModelSerializer[Any]):
    """Output by a model's fields, all read-only."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return dict(fields)


def _is_control(character: str, allowed: frozenset[str]) -> bool:
    return unicodedata.category(character) == "Cc" and character not in allowed


class Linked(serializers.PrimaryKeyRelatedField[Any]):
    """
    The key of a row that the caller may link. Any other key, of a stranger's row or of none, gets one and the same answer.

    :param rows: gives the rows that a person may link
    """

    default_error_messages = {"does_not_exist": _("There is no such thing to link, or not for you.")}

    def __init__(self, rows: "Callable[[User], models.QuerySet[Any]]", **kwargs: Any) -> None:
        self.rows = rows
        super().__init__(pk_field=WholeNumber(), **kwargs)

    def get_queryset(self) -> models.QuerySet[Any]:
        return self.rows(self.context["request"].user)
