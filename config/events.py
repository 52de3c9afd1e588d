"""The events of the audit trail in words: what was changed, and what was done with it."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

THINGS = {
    "core.job": _("Nightly run"),
    "core.token": _("API token"),
    "teams.person": _("Person"),
    "teams.profile": _("Profile"),
    "teams.unit": _("Unit"),
    "teams.manager": _("Manager"),
    "customers.deal": _("Deal"),
    "customers.customer": _("Customer"),
    "customers.contact": _("Contact"),
    "customers.activity": _("Activity"),
    "customers.pipeline": _("Pipeline"),
    "customers.stage": _("Stage"),
    "customers.productline": _("Product line"),
    "customers.region": _("Market region"),
    "customers.channel": _("Lead source"),
    "customers.import": _("Import"),
    "planning.fiscal_year": _("Fiscal year"),
    "planning.plan": _("Plan"),
    "planning.version": _("Plan version"),
    "planning.target": _("Target"),
    "planning.forecast": _("Forecast"),
    "planning.call": _("Forecast call"),
    "planning.deal": _("Deal"),
    "planning.warning": _("Warning"),
    "planning.rates": _("Conversion limits"),
    "customers.market_size": _("Market size"),
    "customers.strategy": _("Strategy"),
    "planning.assignment": _("Over-assignment policy"),
    "planning.commitment": _("Commitment"),
    "planning.effort": _("Hours per stage"),
    "planning.fiscal_start": _("Start of the fiscal year"),
    "planning.full_quota": _("Full quota"),
    "planning.goal": _("Funnel goal"),
    "planning.goals": _("Funnel goals"),
    "planning.metric": _("Metric"),
    "planning.part": _("Part of a plan"),
    "planning.potential": _("Potential"),
    "planning.scenario": _("Scenario"),
    "planning.share_target": _("Market-share target"),
    "planning.smart": _("SMART check"),
    "planning.targets": _("Targets"),
    "teams.capacity": _("Ramp and attrition"),
    "teams.hires": _("Planned hires"),
    "teams.presence": _("Presence"),
    "teams.workday": _("Working-day calendar"),
}
VERBS = {
    "acknowledged": pgettext_lazy("audit", "acknowledged"),
    "activated": pgettext_lazy("audit", "activated"),
    "added": pgettext_lazy("audit", "added"),
    "amended": pgettext_lazy("audit", "amount changed"),
    "appointed": pgettext_lazy("audit", "appointed"),
    "assigned": pgettext_lazy("audit", "put in charge"),
    "changed": pgettext_lazy("audit", "changed"),
    "closed": pgettext_lazy("audit", "closed"),
    "created": pgettext_lazy("audit", "created"),
    "deactivated": pgettext_lazy("audit", "deactivated"),
    "deleted": pgettext_lazy("audit", "deleted"),
    "discarded": pgettext_lazy("audit", "discarded"),
    "done": pgettext_lazy("audit", "done"),
    "edited": pgettext_lazy("audit", "edited"),
    "faded": pgettext_lazy("audit", "faded"),
    "failed": pgettext_lazy("audit", "failed"),
    "finished": pgettext_lazy("audit", "finished"),
    "found": pgettext_lazy("audit", "found"),
    "handed_over": pgettext_lazy("audit", "handed over"),
    "held": pgettext_lazy("audit", "held back"),
    "imported": pgettext_lazy("audit", "imported"),
    "issued": pgettext_lazy("audit", "issued"),
    "lines_taken": pgettext_lazy("audit", "lines taken in"),
    "logged": pgettext_lazy("audit", "logged"),
    "lost": pgettext_lazy("audit", "lost"),
    "mapped": pgettext_lazy("audit", "columns mapped"),
    "move_undone": pgettext_lazy("audit", "move undone"),
    "moved": pgettext_lazy("audit", "moved"),
    "moved_back": pgettext_lazy("audit", "moved back"),
    "opened": pgettext_lazy("audit", "opened"),
    "planned": pgettext_lazy("audit", "planned"),
    "published": pgettext_lazy("audit", "published"),
    "pushed": pgettext_lazy("audit", "called people"),
    "reactivated": pgettext_lazy("audit", "activated again"),
    "recovered": pgettext_lazy("audit", "recovered"),
    "refused": pgettext_lazy("audit", "refused"),
    "reviewed": pgettext_lazy("audit", "reviewed"),
    "reopened": pgettext_lazy("audit", "reopened"),
    "submitted": pgettext_lazy("audit", "submitted"),
    "called": pgettext_lazy("audit", "judged"),
    "retried": pgettext_lazy("audit", "tried again"),
    "revised": pgettext_lazy("audit", "revised"),
    "revoked": pgettext_lazy("audit", "revoked"),
    "set": pgettext_lazy("audit", "set"),
    "snoozed": pgettext_lazy("audit", "put off"),
    "split": pgettext_lazy("audit", "split"),
    "started": pgettext_lazy("audit", "started"),
    "taken_back": pgettext_lazy("audit", "taken back"),
    "uploaded": pgettext_lazy("audit", "uploaded"),
    "woken": pgettext_lazy("audit", "woke up"),
    "won": pgettext_lazy("audit", "won"),
    "accepted": pgettext_lazy("audit", "accepted"),
    "adopted": pgettext_lazy("audit", "taken over as a draft"),
    "approved": pgettext_lazy("audit", "approved"),
    "base_set": pgettext_lazy("audit", "base of the growth set"),
    "cascaded": pgettext_lazy("audit", "spread down the tree"),
    "climbed": pgettext_lazy("audit", "ladder taken over"),
    "credit_shared": pgettext_lazy("audit", "credit shared"),
    "derived": pgettext_lazy("audit", "derived"),
    "dropped": pgettext_lazy("audit", "removed"),
    "grown": pgettext_lazy("audit", "growth set"),
    "kept": pgettext_lazy("audit", "kept"),
    "levels_set": pgettext_lazy("audit", "stretch and challenge set"),
    "limits_set": pgettext_lazy("audit", "limits set"),
    "linked": pgettext_lazy("audit", "linked"),
    "listed": pgettext_lazy("audit", "day listed"),
    "locked": pgettext_lazy("audit", "total locked"),
    "months_changed": pgettext_lazy("audit", "months changed"),
    "overrides_cleared": pgettext_lazy("audit", "months by hand cleared"),
    "recorded": pgettext_lazy("audit", "recorded"),
    "removed": pgettext_lazy("audit", "removed"),
    "renamed": pgettext_lazy("audit", "renamed"),
    "sent_back": pgettext_lazy("audit", "sent back"),
    "talk_set": pgettext_lazy("audit", "commitments opened or closed"),
    "unlocked": pgettext_lazy("audit", "total unlocked"),
}
_EMPTY: tuple[object, ...] = (None, "", [], {})


def in_words(event: str) -> str:
    """Return an event for people: "Deal · moved". A name that is not in the lists stays as it is."""
    thing, _dot, verb = event.rpartition(".")
    return f"{THINGS.get(thing, thing)} · {VERBS.get(verb, verb)}"


def thing_choices() -> list[tuple[str, str]]:
    """Return the things of the trail for a choice, by name."""
    return sorted(((f"{thing}.", str(name)) for thing, name in THINGS.items()), key=lambda choice: choice[1])


def facts_in_words(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the facts of a line as name and value; a change reads "was → became", what is empty is left out."""
    return list(_facts(facts))


def _facts(facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if value in _EMPTY:
            continue
        match value:
            case dict() if name == "changes":
                for field, change in value.items():
                    was, became = change if isinstance(change, list) and len(change) == 2 else ("", change)
                    yield field, f"{_text(was)} → {_text(became)}"
            case _:
                yield name, _text(value)


def _text(value: object) -> str:
    if value in _EMPTY:
        return "–"
    match value:
        case list():
            return ", ".join(_text(item) for item in value)
        case dict():
            return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
        case _:
            return str(value)
