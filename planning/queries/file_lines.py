"""Reading the lines of a planning file: what is wrong is told by line and column, and one wrong line lets none count."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.utils.translation import gettext as _

from core.errors import Problem
from core.tabular import Cell, Table, Unreadable, cells
from planning.models import PlanVersion

PLAN, SEEN = "plan", "version"  # columns that every such file has: whose it is, and what was seen when it left
MOST_PROBLEMS = 200
Word = TypeVar("Word")


class WrongLine(Exception):
    """What is wrong with a line: the column, and why."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


def missing_columns(table: Table, names: list[str]) -> Problem:
    """Return what is wrong with a file that lacks columns."""
    named = ", ".join(names)
    why = _("These columns are missing: %(names)s. Begin with an exported file.") % {"names": named}
    return Problem(named, why, "missing_columns", table.header_line)


def problems_of(
    table: Table, columns: Mapping[str, str], line: Callable[[int, Mapping[str, Cell]], None]
) -> list[Problem]:
    """
    Give every line to `line`, which raises WrongLine; return what is wrong, in order, MOST_PROBLEMS at most.

    :param columns: the file's own name of each column that it has
    """
    problems: list[Problem] = []
    for number, found in table.rows():
        if len(problems) >= MOST_PROBLEMS:
            break
        try:
            line(number, {name: found.get(column) for name, column in columns.items()})
        except WrongLine as wrong:
            problems.append(Problem(columns.get(wrong.column, wrong.column), wrong.why, "invalid", number))
    return sorted([*problems, *table.problems], key=lambda problem: problem.line or 0)


def plan_label(version: PlanVersion) -> str:
    """Return the name of a version in a file: FY2026 v2."""
    return f"{version.plan.fiscal_year} v{version.number}"


def check_plan(found: Mapping[str, Cell], plan: str) -> None:
    """:raises WrongLine: where a line belongs to another plan or version"""
    label = text_of(found, PLAN)
    if label and label != plan:
        facts = {"label": label, "plan": plan}
        raise WrongLine(PLAN, _("This line belongs to %(label)s, not to %(plan)s.") % facts)


def check_seen(found: Mapping[str, Cell], now: int) -> None:
    """:raises WrongLine: where somebody changed the row since the file left; a blank column has seen nothing"""
    try:
        seen = cells.whole_number(found.get(SEEN))
    except Unreadable as wrong:
        raise WrongLine(SEEN, wrong.message) from wrong
    if (seen or 0) != now:
        raise WrongLine(SEEN, _("Somebody changed this row since the file was exported. Export it again."))


def text_of(found: Mapping[str, Cell], column: str) -> str:
    """Return the words of a cell; "" where it is blank."""
    try:
        return cells.text(found.get(column)) or ""
    except Unreadable as wrong:
        raise WrongLine(column, wrong.message) from wrong


def word_of(found: Mapping[str, Cell], column: str, words: Mapping[str, Word]) -> Word | None:
    """Return what a cell names, None where it is blank."""
    text = text_of(found, column)
    if text and text.casefold() not in words:
        raise WrongLine(column, _("Nothing that is in use is called %(key)s.") % {"key": text})
    return words.get(text.casefold()) if text else None
