"""What a file would change, kept in the page between looking and taking over: signed, for one person and one version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.forms import Form

from core.pages import AuthedRequest
from core.tabular import UnreadableFile
from planning.forms import ApplyFileForm
from planning.models import PlanVersion

KEPT = 3600  # how long a preview may be applied, in seconds


@dataclass(frozen=True)
class Proposals:
    """The previews of one kind of file."""

    salt: str

    def form(
        self, request: AuthedRequest, version: PlanVersion, *, file: str | None, lines: Sequence[Any]
    ) -> ApplyFileForm:
        """Return the form that takes over what was shown, and nothing else."""
        told = {"version": version.pk, "user": request.user.pk, "file": str(file)[:120], "lines": lines}
        return ApplyFileForm(initial={"proposal": signing.dumps(told, salt=self.salt, compress=True)})

    def told(self, request: AuthedRequest, version: PlanVersion) -> dict[str, Any] | None:
        """Return what was shown to this person for this version; None where it is not known any more."""
        form = ApplyFileForm(request.POST)
        try:
            told = signing.loads(request.POST["proposal"], salt=self.salt, max_age=KEPT) if form.is_valid() else {}
        except signing.BadSignature:
            return None
        return told if (told.get("version"), told.get("user")) == (version.pk, request.user.pk) else None


def refuse_file(form: Form, refusal: UnreadableFile) -> None:
    """Say in the form's file field why the file cannot be read."""
    for reason in [problem.message for problem in refusal.problems] or [refusal.message]:
        form.add_error("file", reason)
