"""What a finding rests on, said in the reader's language from its figures."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.templatetags.formats import chance, day, money, number, percent, with_sign
from customers.models import Tier
from planning.models import BaseSource, Check

Facts = Mapping[str, Any]


def evidence(check: Check, facts: Facts) -> str:
    """Return the sentence of a finding. Its facts are those that `queries.smart` writes for this check."""
    return _SENTENCES[check](facts)


def metric_name(facts: Facts) -> str:
    """The metric's name in the reader's language."""
    return _label(facts["metric"]) or _("Revenue")


def _label(names: Sequence[str]) -> str:
    """A name of the company's own words in the reader's language."""
    name, name_zh = names
    return name_zh if name_zh and (get_language() or "").startswith("zh") else name


def _specific(facts: Facts) -> str:
    if facts.get("gone"):
        return _("“%(name)s” is no longer in use.") % {"name": _label(facts["gone"])}
    tier = str(Tier(facts["tier"]).label) if facts.get("tier") else ""
    scope = [*(_label(names) for names in facts.get("scope", ())), *([tier] if tier else [])]
    given = {**facts, "metric": " · ".join([metric_name(facts), *scope])}
    if facts["of"] == "share":
        return _("%(metric)s; set by %(name)s.") % given
    if facts["of"] == "unit":
        return _("%(metric)s; %(name)s answers for it.") % given if facts["name"] else _("Nobody manages this unit.")
    return _("%(metric)s; carried in %(unit)s.") % given if facts["unit"] else _("This person is in no unit, or gone.")


def _measurable(facts: Facts) -> str:
    if "market" in facts:
        return _of_market(facts)
    base, currency = facts["base"], facts["currency"]
    is_money = facts["unit"] == "money"
    shown = money(base, currency) if is_money and base is not None else _counted(base, facts["unit"])
    given = {"currency": currency, "base": shown, "metric": metric_name(facts)}
    if base and facts.get("source") == BaseSource.TYPED:
        if not facts["metric"][0]:
            return _("Revenue of won deals in %(currency)s; base: %(base)s, entered by hand.") % given
        return _("%(metric)s, as defined; base: %(base)s, entered by hand.") % given
    if not facts["metric"][0]:
        if base:
            return _("Revenue of won deals in %(currency)s; base: %(base)s won in the year before.") % given
        return _("Revenue of won deals in %(currency)s, but nothing was won in the year before: no base.") % given
    if base:
        return _("%(metric)s, as defined; base: %(base)s in the year before.") % given
    return _("%(metric)s, as defined, but there was nothing in the year before: no base.") % given


def _of_market(facts: Facts) -> str:
    if facts["market"] is None:
        return _("The size of this market is not known, so a share of it cannot be measured.")
    given = {
        "size": money(facts["market"], facts["currency"]),
        "source": facts["source"],
        "day": day(date.fromisoformat(facts["day"]), "year"),
        "base": percent(facts["base"], 1),
    }
    if facts["base"] is None:
        return _("A market of %(size)s (%(source)s, %(day)s); no share of the last twelve months is known.") % given
    return _("A market of %(size)s (%(source)s, %(day)s); share of the last twelve months: %(base)s.") % given


def _achievable(facts: Facts) -> str:
    said = []
    if facts["chance"] is None:
        said.append(unknown(facts.get("why"), facts.get("seen", 0)))
    else:
        said.append(
            _("The forecast reaches it with a chance of %(chance)s.")
            % {"chance": chance_words(facts["chance"], facts["known_within"])}
        )
    if facts["growth"] is not None:
        said.append(_("Asks for %(growth)s on the year before.") % {"growth": with_sign(percent(facts["growth"], 1))})
    if facts.get("capacity") is not None:
        shown = {"capacity": money(facts["capacity"], facts["currency"])}
        said.append(_("Its people can carry %(capacity)s.") % shown)
    return " ".join(said)


def unknown(why: str | None, seen: int) -> str:
    """Return why the chance of a target is not known (`target_chances.Why`)."""
    match why:
        case "no_skill":
            return _("Its forecast was no better than the run rate of late, so no chance is said.")
        case "few":
            return ngettext(
                "Only %(n)s of the kind in the last two years: too few for a chance.",
                "Only %(n)s of the kind in the last two years: too few for a chance.",
                seen,
            ) % {"n": seen}
        case "no_values":
            return _("Too few won deals have the value that it counts, so no chance is said.")
        case "year_only":
            return _("The chance is known of a year's share alone.")
        case "no_size":
            return _("Without the size of the market no chance is said.")
        case "by_creation":
            return _("It counts by the day a deal was created, which the forecast does not follow.")
        case _:
            return _("No forecast yet.")


def chance_words(value: float, within: Sequence[float]) -> str:
    """Return a chance in the reader's language. Beyond the outermost quantiles no more is known than their levels."""
    lowest, highest = within
    if lowest and value < lowest + 1e-9:
        return f"< {percent(lowest, 1)}"
    return f"> {percent(highest, 1)}" if highest < 1 and value > highest - 1e-9 else chance(value)


def _relevant(facts: Facts) -> str:
    match facts["above"]:
        case "none":
            return _("The target of the whole company.")
        case "strategy":
            return _("Serves the strategy: %(name)s.") % {"name": facts["name"]}
        case "own":
            return _("Part of what this unit or person is asked for in all.")
        case "no_total":
            return _("The company has no revenue target that this would be part of.")
        case "covered":
            return _("Part of the target of the unit above.")
        case _:
            return _("The unit above has no target that this would be part of.")


def _time_bound(facts: Facts) -> str:
    if facts["empty"]:
        named = ", ".join(f"Q{quarter}" for quarter in facts["empty"])
        return _("Nothing is due in %(quarters)s.") % {"quarters": named}
    if "until" in facts:
        return _("Due by %(day)s.") % {"day": day(date.fromisoformat(facts["until"]), "year")}
    return _("Due month by month until %(day)s.") % {"day": day(date.fromisoformat(facts["last"]), "year")}


def _counted(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return percent(value / 100, 1) if unit == "percent" else number(value)


_SENTENCES = {
    Check.SPECIFIC: _specific,
    Check.MEASURABLE: _measurable,
    Check.ACHIEVABLE: _achievable,
    Check.RELEVANT: _relevant,
    Check.TIME_BOUND: _time_bound,
}
