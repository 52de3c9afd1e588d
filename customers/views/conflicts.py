"""A form after somebody else was faster: what stands there now, and how to send again."""

from django.forms import BaseForm


def theirs(form: BaseForm) -> dict[str, object]:
    """Return what the row holds now, after a conflict, and give the form the version with which to send again."""
    refusal = getattr(form, "refusal", None)
    if refusal is None or "current_version" not in refusal.extra:
        return {}
    data = form.data.copy()  # type: ignore[attr-defined]  # a bound form has a QueryDict
    data["version"] = refusal.extra["current_version"]
    form.data = data
    return dict(refusal.extra)
