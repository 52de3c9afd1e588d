"""What can be wrong with a line, and what is worth knowing about a file: codes with facts, and their sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from .columns import FIELDS_BY_NAME

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

NO_FACTS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing wrong with one line: where, what it says there, and why that cannot be taken.

    :param column: the file's own name of the column; "" = the line as a whole
    """

    line: int
    code: str
    column: str = ""
    value: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


SENTENCES: dict[str, str | Promise] = {
    # what core/tabular's cells refuse
    "too_long": _("This text is too long."),
    "control_characters": _("This text holds control characters."),
    "not_money": _("This is not an amount."),
    "too_many_decimals": _("This amount has more than two decimals."),
    "too_large": _("This amount is too large."),
    "far_day": _("This day is not between 1990 and 2100."),
    "not_a_date": _("This is not a date."),
    "no_such_day": _("This day does not exist."),
    "not_a_time": _("This is not a time of day."),
    "ambiguous_date": _("This date could be read in two ways. Say whether the day or the month comes first."),
    "skipped_hour": _("The clocks skip this hour; it never was."),
    "unreadable": _("This cannot be read."),
    "too_many_cells": _("This line has more cells than the table has columns."),
    # what the trade refuses
    "missing": _("This cell is blank, and without it the line cannot be taken."),
    "negative": _("An amount cannot be below zero."),
    "future": _("This day has not come yet."),
    "won_without_close": _("A won or lost deal needs the day on which it was closed."),
    "closed_before_created": _("The deal was closed before it was created."),
    "since_before_created": _("The deal entered its stage before it was created."),
    "unknown_stage": _("No stage of ours was chosen for this word."),
    "starts_closed": _("A history cannot begin with won or lost; the stage before is missing."),
    "twice": _("The deal of this line stands in line %(line)s already, and says something else there."),
    "with_refused": _("Another line of the same deal has a problem: its history is taken whole or not at all."),
    "unknown_owner": _("Nobody in your reach is called so."),
    "ambiguous_owner": _("More than one person is called so. Use the e-mail address."),
    "no_owner": _("The line names no owner."),
    "unknown_word": _("This is not known here yet. An administrator can add it, or import this file."),
    "not_yours": _("The deal with this id is not yours to change."),
    "other_pipeline": _("The deal runs in another pipeline."),
    "earlier_than_ledger": _(
        "The recorded history goes on after this day (until %(last)s); an earlier step would rewrite it."
    ),
    "created_differs": _("The recorded history begins on %(recorded)s; it is not rewritten."),
    "closed_differs": _("The recorded history has it closed on %(recorded)s; it is not rewritten."),
}

NOTES: "dict[str, _StrPromise]" = {
    "taken_as": ngettext_lazy(
        "%(count)s row says “%(given)s”; taken as “%(taken)s”.",
        "%(count)s rows say “%(given)s”; taken as “%(taken)s”.",
        "count",
    ),
    "new_owners": ngettext_lazy(
        "%(count)s person is new here and will be added without a sign-in: %(names)s",
        "%(count)s people are new here and will be added without a sign-in: %(names)s",
        "count",
    ),
    "new_words": ngettext_lazy(
        "%(count)s new entry in “%(field)s” will be added: %(names)s",
        "%(count)s new entries in “%(field)s” will be added: %(names)s",
        "count",
    ),
    "no_amount": ngettext_lazy(
        "%(count)s deal has no amount: it counts as unknown, not as zero.",
        "%(count)s deals have no amount: they count as unknown, not as zero.",
        "count",
    ),
    "no_customer": ngettext_lazy("%(count)s deal names no customer.", "%(count)s deals name no customer.", "count"),
    "since_unknown": ngettext_lazy(
        "%(count)s deal stands in a middle stage without the day it got there; its day of creation stands for it.",
        "%(count)s deals stand in a middle stage without the day they got there; their day of creation stands for it.",
        "count",
    ),
    "created_by_default": ngettext_lazy(
        "%(count)s row has no day of creation; %(day)s is taken, as you chose.",
        "%(count)s rows have no day of creation; %(day)s is taken, as you chose.",
        "count",
    ),
    "created_blank": ngettext_lazy(
        "%(count)s row has no day of creation and is refused. The mapping page offers another way.",
        "%(count)s rows have no day of creation and are refused. The mapping page offers another way.",
        "count",
    ),
    "lost_amount_left_out": ngettext_lazy(
        "%(count)s lost deal gives an amount earned on winning; it is left out.",
        "%(count)s lost deals give an amount earned on winning; it is left out.",
        "count",
    ),
    "repeated": ngettext_lazy(
        "%(count)s line repeats another word for word; it counts once.",
        "%(count)s lines repeat others word for word; each counts once.",
        "count",
    ),
    "computed_amounts": ngettext_lazy(
        "%(count)s amount carries a computer's rounding noise (like 926.1000000000001); it is rounded to the cent.",
        "%(count)s amounts carry a computer's rounding noise (like 926.1000000000001); they are rounded to the cent.",
        "count",
    ),
    "unused_columns": ngettext_lazy(
        "%(count)s column is not used: %(names)s", "%(count)s columns are not used: %(names)s", "count"
    ),
}


def sentence(code: str, facts: Mapping[str, object] = NO_FACTS) -> str:
    """Return the sentence of a problem in the active language."""
    text = str(SENTENCES.get(code, SENTENCES["unreadable"]))
    return text % facts if facts else text


def note_sentence(code: str, facts: Mapping[str, object]) -> str:
    """Return the sentence of a note about the file in the active language. :raises KeyError: for a code without one"""
    if "field" in facts:
        facts = {**facts, "field": FIELDS_BY_NAME[str(facts["field"])].label}
    text = NOTES[code] % {**facts, "count": _Count(int(str(facts.get("count", 0))))}
    return str(text)


class _Count(int):
    """A number that chooses the plural as a number and is written with its thousands apart."""

    def __str__(self) -> str:
        return f"{int(self):,}"
