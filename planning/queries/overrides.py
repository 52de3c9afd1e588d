"""The months of targets that were set by hand, told with the names of who did it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from core.templatetags.formats import moment
from planning.models import Target
from teams.models import User


@dataclass(frozen=True)
class MonthNote:
    """One month set by hand: who, when and why. `name`: empty where nobody of the company is named."""

    month: str
    reason: str
    name: str
    at: datetime

    @property
    def sentence(self) -> str:
        facts = {"name": self.name or "–", "at": moment(self.at), "reason": self.reason}
        if not self.reason:
            return _("Set by hand by %(name)s, %(at)s; no reason given yet.") % facts
        return _("Set by hand by %(name)s, %(at)s: %(reason)s") % facts


def month_notes(targets: Iterable[Target]) -> Mapping[int, tuple[MonthNote, ...]]:
    """Return the months set by hand of each target, by its key, in fiscal order. One query."""
    found = {target.pk: target.all_overrides for target in targets}
    people = {told.by for months in found.values() for told in months.values() if told.by is not None}
    # nobody has the key 0: asked for even where no month was set by hand, so that a page always asks as many questions
    names = dict(User.objects.filter(pk__in={0, *people}).values_list("pk", "name"))
    return {
        key: tuple(
            MonthNote(month, told.reason, names.get(told.by or 0, ""), told.at) for month, told in months.items()
        )
        for key, months in found.items()
    }
