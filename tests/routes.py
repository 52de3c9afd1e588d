"""Every named route of the product, read from the URL resolver: what nobody listed by hand, nobody forgets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    """A URL name with its namespaces (`customers:deal-detail`) and the arguments that it takes."""

    name: str
    arguments: frozenset[str]
    callback: Callable[..., Any] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.name}({','.join(sorted(self.arguments))})" if self.arguments else self.name


def named_routes(urlconf: str | None = None) -> list[Route]:
    """
    Return the routes of a URLconf, the product's own unless given: each name once for each set of arguments.

    :raises AssertionError: at a route without a name, which nobody could declare
    """
    found: dict[str, Route] = {}
    for route in _walk(get_resolver(urlconf).url_patterns, "", frozenset()):
        found.setdefault(str(route), route)
    return sorted(found.values(), key=str)


def _walk(patterns: list[URLPattern | URLResolver], space: str, outer: frozenset[str]) -> Iterator[Route]:
    for entry in patterns:
        taken = outer | entry.pattern.converters.keys() | entry.pattern.regex.groupindex.keys()
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry.url_patterns, inner, taken)
        elif entry.name is None:
            raise AssertionError(f"a route without a name: {entry.pattern}")
        else:
            yield Route(f"{space}{entry.name}", taken, entry.callback)
