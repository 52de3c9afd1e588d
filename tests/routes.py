"""Every named route of the product, read from the URL resolver: what nobody listed by hand, nobody forgets."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    """A URL name with its namespaces (`customers:deal-detail`) and the arguments that it takes."""

    name: str
    arguments: frozenset[str]


def named_routes() -> list[Route]:
    """Return each name once; of two patterns with one name, the first."""
    found: dict[str, Route] = {}
    for route in _walk(get_resolver().url_patterns, "", frozenset()):
        found.setdefault(route.name, route)
    return sorted(found.values(), key=lambda route: route.name)


def _walk(patterns: list[URLPattern | URLResolver], space: str, outer: frozenset[str]) -> Iterator[Route]:
    for entry in patterns:
        taken = outer | entry.pattern.converters.keys() | entry.pattern.regex.groupindex.keys()
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry.url_patterns, inner, taken)
        elif entry.name:
            yield Route(f"{space}{entry.name}", taken)
