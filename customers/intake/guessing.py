"""What a file probably means, from its head line and its first rows. A guess is shown, and the person decides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.tabular import Cell, Unreadable, cells
from core.tabular.cells import DecimalMark

from .columns import FIELDS, Field, fields_of
from .names import name_key

# Words by which other systems call what is one of our usual stages.
_STAGE_WORDS = {
    "won": ("won", "closed won", "win", "success", "ordered", "order", "stayed", "赢单", "成交", "已成交", "签约"),
    "lost": (
        "lost",
        "closed lost",
        "loss",
        "cancelled",
        "canceled",
        "dead",
        "no show",
        "rejected",
        "丢单",
        "输单",
        "失败",
        "取消",
        "已取消",
        "流失",
    ),
    "lead": ("lead", "prospecting", "prospect", "new", "open", "线索", "新建", "潜在"),
    "contacted": (
        "contacted",
        "engaging",
        "engaged",
        "qualified",
        "qualification",
        "contact made",
        "已联系",
        "初步接触",
        "接触",
    ),
    "visited": ("visited", "visit", "meeting", "demo", "needs analysis", "discovery", "已拜访", "拜访", "需求确认"),
    "quoted": ("quoted", "quote", "proposal", "negotiation", "offer", "已报价", "报价", "方案报价", "谈判"),
}
_BY_WORD = {name_key(word): ours for ours, words in _STAGE_WORDS.items() for word in words}
_COMMA = re.compile(r",\d{1,2}$")
_POINT = re.compile(r"\.\d{1,2}$")


@dataclass(frozen=True)
class Guess:
    """Which column is what. `sure` names the fields found by their heading; the others were found by their content."""

    mapping: dict[str, str]
    sure: set[str] = field(default_factory=set)


def guess_shape(header: Sequence[str]) -> str:
    """Return "events" where a column says when a stage was entered and none when the deal was created."""
    entered, created = (next(item for item in FIELDS if item.name == name) for name in ("entered", "created"))
    has_entered = any(entered.known_as(column) for column in header)
    return "events" if has_entered and not any(created.known_as(column) for column in header) else "deals"


def guess_columns(header: Sequence[str], shape: str, samples: Mapping[str, Sequence[Cell]]) -> Guess:
    """
    Return the likely mapping: first by headings, the better known word first, then by what the cells look like.

    :param samples: for each column, some of its filled cells
    """
    mapping: dict[str, str] = {}
    free = list(header)
    known = {item.name: item.known_words for item in fields_of(shape)}
    for rank in range(max(len(words) for words in known.values())):
        for item in fields_of(shape):
            if item.name in mapping or rank >= len(known[item.name]):
                continue
            word = known[item.name][rank]
            column = next((name for name in free if name_key(name) == name_key(word)), None)
            if column is not None:
                mapping[item.name] = column
                free.remove(column)
    sure = set(mapping)
    for item in fields_of(shape):
        if item.name in mapping or not item.required:
            continue
        column = next((name for name in free if _looks_like(item, samples.get(name, ()))), None)
        if column is not None:
            mapping[item.name] = column
            free.remove(column)
    return Guess(mapping, sure)


def guess_options(mapping: Mapping[str, str], samples: Mapping[str, Sequence[Cell]]) -> dict[str, str]:
    """Return the likely order of day and month and the decimal mark, from the columns that hold days and money."""
    kinds = {item.name: item.kind for item in FIELDS}
    days: list[Cell] = []
    amounts: list[str] = []
    for name, column in mapping.items():
        if kinds.get(name) == "day":
            days += samples.get(column, ())
        elif kinds.get(name) == "money":
            amounts += [str(cell).strip() for cell in samples.get(column, ()) if isinstance(cell, str)]
    return {"date_order": cells.likely_date_order(days), "decimal_mark": _decimal_mark(amounts)}


def guess_stage(word: str, stages: Sequence[tuple[int, str, str, str]]) -> int | None:
    """
    Return the key of the stage that a file's word means: by its own names, else by the words of other systems.

    :param stages: (key, name, name in Chinese, kind) of a pipeline's stages
    """
    mark = name_key(word)
    for key, name, name_zh, _kind in stages:
        if mark in {name_key(name), name_key(name_zh)}:
            return key
    meant = _BY_WORD.get(mark)
    if meant is None:
        return None
    for key, name, _name_zh, kind in stages:
        if kind == meant or (kind == "open" and _BY_WORD.get(name_key(name)) == meant):
            return key
    return None


def guess_kind(word: str) -> str:
    """Return whether a word means won, lost or an open stage."""
    meant = _BY_WORD.get(name_key(word), "")
    return meant if meant in ("won", "lost") else "open"


def stage_rank(word: str) -> int:
    """Return where a word of an open stage usually stands in a funnel; words that nobody knows stand in the middle."""
    order = ("lead", "contacted", "", "visited", "quoted")
    meant = _BY_WORD.get(name_key(word), "")
    return order.index(meant) if meant in order else order.index("")


def _decimal_mark(amounts: Sequence[str]) -> DecimalMark:
    commas = sum(bool(_COMMA.search(amount)) for amount in amounts)
    points = sum(bool(_POINT.search(amount)) for amount in amounts)
    return "," if commas and not points else "."


def _looks_like(item: Field, samples: Sequence[Cell]) -> bool:
    filled = [cell for cell in samples if cell is not None]
    if not filled:
        return False
    if item.kind == "day":
        return all(_is_day(cell) for cell in filled)
    if item.name == "external_id":
        return len(set(map(str, filled))) == len(filled) and not any(_is_day(cell) for cell in filled)
    return item.name == "stage" and any(guess_kind(str(cell)) != "open" for cell in filled)


def _is_day(cell: Cell) -> bool:
    if isinstance(cell, int | float):
        return False  # a number might be a day of Excel's, but more often it is a number
    try:
        return cells.day(cell, order="dmy") is not None
    except Unreadable:
        return False
