"""
No lost update over HTTP: an answer carries its thing's version as ETag, a change must send it back in If-Match.

Without If-Match 428, with a stale one 412 and the current ETag. The service checks the version once more, under its lock.
A row of which `version` names something else (a target's is the plan's) counts its changes in `lock_version`.
"""

import re
from typing import Protocol, cast

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from core.errors import DomainError, VersionConflict

_ONE = re.compile(r'\s*"([^"]*)"\s*')


class Versioned(Protocol):
    """A row with a version that grows with every change."""

    pk: int

    @property
    def version(self) -> int: ...


class Locked(Protocol):
    """A row that counts its changes in `lock_version`, whatever its `version` names."""

    pk: int
    lock_version: int


class VersionRequired(DomainError):
    """A change came without saying which version it was made from."""

    status = 428
    code = "version_required"

    def __init__(self) -> None:
        super().__init__(_("Send the ETag of what you read in If-Match, so that no change of others is lost."))


class BadVersion(DomainError):
    """If-Match says nothing that could be an ETag of ours."""

    status = 400
    code = "bad_version"

    def __init__(self) -> None:
        super().__init__(_("If-Match must be an ETag that this API gave, in quotation marks."))


def version_of(thing: Versioned | Locked) -> int:
    """Return how often a thing has changed."""
    found = getattr(thing, "lock_version", None)
    return found if isinstance(found, int) else cast("Versioned", thing).version


def etag_of(thing: Versioned | Locked) -> str:
    return etag_at(thing, version_of(thing))


def etag_at(thing: Versioned | Locked, version: int) -> str:
    """Return the ETag that a thing has at a version: `"deal-12-3"`."""
    return f'"{type(thing).__name__.lower()}-{thing.pk}-{version}"'


def required_version(request: Request, thing: Versioned | Locked) -> int:
    """
    Return the version that the caller read, for the service to check.

    :raises VersionRequired: no If-Match, or `*`, which would overwrite whatever is there
    :raises BadVersion: no ETag
    :raises VersionConflict: the thing has changed since
    """
    given = request.headers.get("If-Match", "").strip()
    if given in {"", "*"}:
        raise VersionRequired
    tags = [_ONE.fullmatch(part) for part in given.split(",")]
    if not all(tags):
        raise BadVersion
    if etag_of(thing).strip('"') not in {tag[1] for tag in tags if tag}:
        raise VersionConflict(current=version_of(thing))
    return version_of(thing)
