"""JSON as strictly as it is written: what two readers could understand differently is refused."""

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """
    Reads `application/json` in UTF-8 and nothing else.

    Refused with 400: nesting beyond 32 (seen before anything recurses), a name given twice in one object, NaN, Infinity and
    numbers beyond a float's range, lone surrogates, NUL in any string; with 413 a body of more than one megabyte.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer  # for the schema and the test client

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise TooLarge(_("The body is larger than one megabyte."))
        return strict_json(body)


def strict_json(body: bytes) -> Any:
    """Return what a body says. :raises ParseError: what StrictJSONParser refuses"""
    if body.startswith(codecs.BOM_UTF8):
        raise ParseError(_("The body starts with a byte order mark; JSON has none."), code="bad_json")
    if _depth(body) > MAX_DEPTH:
        raise ParseError(_("The body is nested more than %(depth)s deep.") % {"depth": MAX_DEPTH}, code="too_deep")
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float
        )
    except UnicodeDecodeError as wrong:
        raise ParseError(_("The body is not UTF-8."), code="bad_json") from wrong
    except (ValueError, RecursionError) as wrong:
        raise ParseError(_("The body is not JSON: %(reason)s") % {"reason": wrong}, code="bad_json") from wrong
    _check_strings(value)
    return value


def _depth(body: bytes) -> int:
    """Return how deep brackets nest outside of strings."""
    deepest = depth = 0
    for byte in _STRINGS.sub(b"", body):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _check_strings(value: Any) -> None:
    """Refuse NUL, which Postgres cannot store, and halves of characters, which no UTF-8 can carry."""
    match value:
        case str():
            if "\0" in value or _SURROGATE.search(value):
                raise ParseError(_("A text holds a NUL or half a character."), code="bad_text")
        case dict():
            for name, item in value.items():
                _check_strings(name)
                _check_strings(item)
        case list():
            for item in value:
                _check_strings(item)
