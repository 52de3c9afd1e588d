"""Refusals: what the product answers when a wish breaks a rule. One base class, one sentence for the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where, what, what to do."""

    field: str
    message: str
    code: str = "invalid"
    line: int | None = None


class DomainError(Exception):
    """
    A rule of the trade says no. The message is a sentence for the person who asked.

    `status` is the answer of the API, `code` its stable name, `problems` the fields concerned.
    """

    status = 409
    code = "refused"

    def __init__(
        self,
        message: object,
        *,
        problems: Sequence[Problem] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        self.extra = dict(extra or {})

    @property
    def message(self) -> str:
        return str(self.args[0])


class Invalid(DomainError):
    """The input itself is wrong; `problems` says where."""

    status = 400
    code = "invalid"


class VersionConflict(DomainError):
    """Somebody else changed the thing since it was read."""

    status = 412
    code = "version_conflict"

    def __init__(self, *, current: int, **theirs: object) -> None:
        super().__init__(
            _("Somebody changed this since you opened it. Look at the current values and try again."),
            extra={"current_version": current, **theirs},
        )


class NotAllowed(DomainError):
    """The person sees the thing, but may not do this with it."""

    status = 403
    code = "not_allowed"

    def __init__(self, message: object = _("You may look at this, but not change it.")) -> None:
        super().__init__(message)
