"""
Reading single cells: money, numbers, days, moments, text. What cannot be read for sure is refused, never guessed.

A cell comes as text (CSV) or with the type that the workbook gave it. Blank is None, and None stays None.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Cell = str | int | float | bool | date | datetime | None
DateOrder = Literal["", "dmy", "mdy"]
DecimalMark = Literal[".", ","]

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
LARGEST = Decimal(10) ** 13
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIAL_START = date(1899, 12, 30)  # Excel's day 0, as it counts from March 1900 on
_CURRENCY = r"(?:[¥$€£]|(?:CN|US|JP|HK)[¥$]|CNY|RMB|USD|EUR|GBP|JPY|HKD|元|人民币)"
_MONEY = re.compile(rf"(?P<sign>-?)(?:{_CURRENCY})?(?P<inner>-?[^A-Z¥$€£元人]*?)(?P<scale>[万亿]?)(?:{_CURRENCY})?")
_SCALES = {"": 1, "万": 10**4, "亿": 10**8}
_DAY = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?")
_COMPACT_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_NAMED_DAY = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})\.?[- ](\d{4})")
_ORDERED_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?")
_OFFSET = re.compile(r"Z|[+-]\d{2}:?\d{2}")


class Unreadable(ValueError):
    """A cell that cannot be read for sure. The message is a sentence for the person, `code` its stable name."""

    def __init__(self, message: str | Promise, code: str = "unreadable") -> None:
        super().__init__(message)
        self.code = code

    @property
    def message(self) -> str:
        return str(self.args[0])


def text(cell: Cell, *, longest: int = 200) -> str | None:
    """
    Return trimmed text in Unicode's normal form; a whole number keeps no `.0`.

    :raises Unreadable: longer than `longest`, or with control characters other than tabs and line breaks
    """
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    value = unicodedata.normalize("NFC", cell.isoformat() if isinstance(cell, date) else str(cell)).strip()
    if not value:
        return None
    if len(value) > longest:
        raise Unreadable(_("This text is longer than %(longest)s characters.") % {"longest": longest}, "too_long")
    if any(unicodedata.category(character) == "Cc" and character not in "\t\n\r" for character in value):
        raise Unreadable(_("This text holds control characters."), "control_characters")
    return value


def money(cell: Cell, *, decimal_mark: DecimalMark = ".", places: int = 2) -> Decimal | None:
    """
    Return an amount with `places` decimals.

    Reads 1,234.50 · ¥1 234 · -12 · (12.00) · 12.5万 · full-width digits. A number from a workbook is rounded half to even,
    since the sheet computed it; typed digits are never rounded away.

    :raises Unreadable: not an amount, decimals beyond `places`, thousands in the wrong place, ten trillions and more
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, bool | date) or (isinstance(cell, float) and not isfinite(cell)):
        raise Unreadable(_("This is not an amount."), "not_money")
    step = Decimal(1).scaleb(-places)
    if isinstance(cell, int | float):
        amount = _from_binary(cell).quantize(step, ROUND_HALF_EVEN) if abs(cell) < LARGEST else LARGEST
    else:
        amount = _typed_amount(cell, decimal_mark)
        if abs(amount) < LARGEST and amount != amount.quantize(step):
            raise Unreadable(
                _("This amount has more than %(places)s decimals.") % {"places": places}, "too_many_decimals"
            )
    if abs(amount) >= LARGEST:
        raise Unreadable(_("This amount is too large."), "too_large")
    return amount.quantize(step) + 0  # + 0: there is no minus zero


def whole_number(cell: Cell, *, decimal_mark: DecimalMark = ".") -> int | None:
    """Return a whole number. :raises Unreadable: anything else"""
    try:
        amount = money(cell, decimal_mark=decimal_mark, places=0)
    except Unreadable as wrong:
        raise Unreadable(_("This is not a whole number."), "not_whole") from wrong
    if amount is None:
        return None
    if isinstance(cell, float) and not cell.is_integer():
        raise Unreadable(_("This is not a whole number."), "not_whole")
    return int(amount)


def day(cell: Cell, *, order: DateOrder = "") -> date | None:
    """
    Return a day between 1990 and 2100.

    Reads 2026-01-05 · 2026/1/5 · 2026年1月5日 · 20260105 · 5 Jan 2026 · Excel's serial number; a time of day is left out.

    :param order: how 01/02/2026 is meant; without it such a day is refused, since it could be either
    :raises Unreadable: not a day, or not for sure
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    found = _any_day(cell, order)
    if not EARLIEST <= found <= LATEST:
        raise Unreadable(_("This day is not between 1990 and 2100."), "far_day")
    return found


def moment(cell: Cell, *, zone: ZoneInfo, order: DateOrder = "") -> datetime | None:
    """
    Return an aware moment: of its own offset, else in the given zone; a day alone is its first moment there.

    :raises Unreadable: not a moment, or an hour that the zone's clocks skip
    """
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else _in_zone(cell, zone)
    found = day(cell, order=order)
    if found is None:
        return None
    written = _normal(cell) if isinstance(cell, str) else ""
    clock = _CLOCK.search(written)
    if clock is None:
        fraction = cell % 1 if isinstance(cell, float) else 0
        return _in_zone(datetime.combine(found, time()) + timedelta(seconds=round(fraction * 86_400)), zone)
    try:
        hour = time(int(clock[1]), int(clock[2]), int(clock[3] or 0))
    except ValueError as wrong:
        raise Unreadable(_("This is not a time of day."), "not_a_time") from wrong
    naive = datetime.combine(found, hour)
    offset = _OFFSET.fullmatch(written[clock.end() :].strip())
    if offset:
        zoned = f"{naive.isoformat()}{'+00:00' if offset[0] == 'Z' else offset[0]}"
        return datetime.fromisoformat(zoned).astimezone(UTC)
    return _in_zone(naive, zone)


def likely_date_order(samples: list[Cell]) -> DateOrder:
    """Return the order that the days of a column have for sure: some day above 12 says it. "" = nothing says it."""
    firsts, seconds = [], []
    for sample in samples:
        parts = _ORDERED_DAY.match(_normal(sample)) if isinstance(sample, str) else None
        if parts:
            firsts.append(int(parts[1]))
            seconds.append(int(parts[2]))
    day_first, month_first = max(firsts, default=0) > 12, max(seconds, default=0) > 12
    if day_first == month_first:
        return ""
    return "dmy" if day_first else "mdy"


def _normal(value: str) -> str:
    """Return text with full-width characters made plain."""
    return unicodedata.normalize("NFKC", value).replace("−", "-").strip()


def _from_binary(number: int | float) -> Decimal:
    """Return the number that the sheet shows: 15 digits are all that it holds."""
    if isinstance(number, int):
        return Decimal(number)
    return Decimal(f"{number:.15g}")


def _typed_amount(cell: str, decimal_mark: DecimalMark) -> Decimal:
    written = _normal(cell).upper()
    bracketed = written.startswith("(") and written.endswith(")")
    parts = _MONEY.fullmatch(written[1:-1] if bracketed else written)
    digits = "".join(parts["inner"].split(" ")).strip() if parts else ""
    mark, group = re.escape(decimal_mark), re.escape("," if decimal_mark == "." else ".")
    spaced = " " in parts["inner"].strip() if parts else False
    plain = re.fullmatch(rf"(-?)([0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+)(?:{mark}([0-9]+))?", digits)
    if parts is None or plain is None or (spaced and not _grouped_by_spaces(parts["inner"].strip(), mark)):
        raise Unreadable(_("This is not an amount."), "not_money")
    negatives = bool(parts["sign"]) + bool(plain[1]) + bracketed
    if negatives > 1:
        raise Unreadable(_("This is not an amount."), "not_money")
    whole = re.sub(r"[.,]", "", plain[2])
    if len(whole) > 20:
        return LARGEST
    amount = Decimal(f"{whole}.{plain[3] or '0'}") * _SCALES[parts["scale"]]
    return -amount if negatives else amount


def _grouped_by_spaces(inner: str, mark: str) -> bool:
    return re.fullmatch(rf"-? ?[0-9]{{1,3}}(?: [0-9]{{3}})*(?:{mark}[0-9]+)?", inner) is not None


def _any_day(cell: str | float | date, order: DateOrder) -> date:
    match cell:
        case datetime():
            return cell.date()
        case date():
            return cell
        case bool():
            raise Unreadable(_("This is not a date."), "not_a_date")
        case int() | float():
            return _serial(float(cell))
        case _:
            return _typed_day(_normal(cell), order)


def _typed_day(written: str, order: DateOrder) -> date:
    head = re.split(r"[T ](?=\d{1,2}:)", written, maxsplit=1)[0].replace(" ", "")
    if parts := _DAY.fullmatch(head) or _COMPACT_DAY.fullmatch(head):
        return _date(parts[1], parts[2], parts[3])
    named = _NAMED_DAY.match(written)
    if named and named[2][:3].lower() in _MONTHS:
        return _date(named[3], str(_MONTHS.index(named[2][:3].lower()) + 1), named[1])
    if parts := _ORDERED_DAY.fullmatch(head):
        if not order:
            message = _("This date could be read in two ways. Say whether the day or the month comes first.")
            raise Unreadable(message, "ambiguous_date")
        days, months = (parts[1], parts[2]) if order == "dmy" else (parts[2], parts[1])
        return _date(parts[3], months, days)
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", head):
        return _serial(float(head))
    raise Unreadable(_("This is not a date."), "not_a_date")


def _date(year: str, month: str, day_of_month: str) -> date:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError as wrong:
        raise Unreadable(_("This day does not exist."), "no_such_day") from wrong


def _serial(number: float) -> date:
    if not 0 < number < 100_000:
        raise Unreadable(_("This is not a date."), "not_a_date")
    return _SERIAL_START + timedelta(days=int(number))


def _in_zone(naive: datetime, zone: ZoneInfo) -> datetime:
    aware = naive.replace(tzinfo=zone)
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise Unreadable(_("The clocks skip this hour; it never was."), "skipped_hour")
    return aware
