"""
Numbers, money, dates and icons as people read them, in the active language. Loaded into every template (settings).

Missing is not zero: None becomes a dash. Python code that makes text for people (charts, exports) calls the same functions.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_currency, format_currency, get_currency_symbol
from defusedxml.ElementTree import fromstring
from django import template
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MISSING = "–"
Number = Decimal | int | float
# In English CLDR writes CN¥ for the yuan; here ¥ is the yuan in both languages and the yen is the one with letters.
_YUAN = {"en": {"CNY": "¥", "JPY": "JP¥"}, "zh_Hans": {"CNY": "¥", "JPY": "JP¥"}}


def babel_locale() -> str:
    """Return Babel's name of the active language."""
    return "zh_Hans" if (translation.get_language() or "en").startswith("zh") else "en"


@register.filter
def money(value: Number | None, currency: str = "CNY") -> str:
    """Return money for a screen, short: ¥2.5M, ¥4860万; small amounts in whole units: ¥1,234."""
    if value is None:
        return MISSING
    locale = babel_locale()
    amount = _next_power_of_ten(Decimal(str(value)))
    if abs(amount) >= (10_000 if locale == "zh_Hans" else 1_000):
        text = format_compact_currency(amount, currency, locale=locale, fraction_digits=1)
        return _own_symbol(text, currency, locale)
    if abs(amount) >= 100 or amount == amount.to_integral_value():
        return _full(amount.quantize(Decimal(1)), currency, locale, pattern="¤#,##0")
    return money_full(value, currency)


@register.filter
def money_full(value: Number | None, currency: str = "CNY") -> str:
    """Return money with every digit of the currency: ¥2,500,000.00. For titles, tables of record, exports."""
    return MISSING if value is None else _full(Decimal(str(value)), currency, babel_locale())


@register.simple_tag(name="money")
def money_tag(value: Number | None, currency: str = "CNY", *, signed: bool = False) -> str:
    """Return short money that shows its full amount on hover: `{% money deal.amount deal.currency %}`."""
    if value is None:
        return MISSING
    short, full = money(value, currency), money_full(value, currency)
    if signed:
        short, full = with_sign(short), with_sign(full)
    return format_html('<span class="money" title="{}">{}</span>', full, short)


@register.filter
def number(value: Number | None, digits: int = 0) -> str:
    """Return a grouped number with a fixed count of digits after the point: 12,345."""
    if value is None:
        return MISSING
    return _grouped(Decimal(str(value)), digits)


@register.filter
def percent(rate: Number | None, digits: int = 0) -> str:
    """Return a rate (0.342) as 34%, or with digits as 34.2%."""
    if rate is None:
        return MISSING
    return _grouped(Decimal(str(rate)).scaleb(2), digits) + "%"


@register.filter
def chance(probability: float | None, digits: int = 0) -> str:
    """Return a probability as 34%, and never as certain or impossible where it is neither: < 1%, > 99%."""
    if probability is None or probability in (0, 1):
        return percent(probability)
    least = 0.01 / 10 ** int(digits)
    if probability < least:
        return f"< {percent(least, digits)}"
    return f"> {percent(1 - least, digits)}" if probability > 1 - least else percent(probability, digits)


@register.filter(name="signed")
def with_sign(text: str) -> str:
    """Put a plus before a formatted difference above zero: `{{ change|money:currency|signed }}`."""
    plain = text == MISSING or text.startswith(("-", "−", "+")) or not re.search(r"[1-9]", text)
    return text if plain else f"+{text}"


@register.filter
def day(value: date | None, form: str = "") -> str:
    """Return a date as 23 Nov or 11月23日; `day:"year"` adds the year; a datetime is read in the current time zone."""
    if value is None:
        return MISSING
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    patterns = {"en": ("d MMM", "d MMM y"), "zh_Hans": ("M月d日", "y年M月d日")}[babel_locale()]
    return str(format_date(value, patterns[form == "year"], locale=babel_locale()))


@register.filter
def moment(value: datetime | None) -> str:
    """Return date and time in the current time zone: 23 Nov 2026, 14:05 or 2026年11月23日 14:05."""
    if value is None:
        return MISSING
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    pattern = {"en": "d MMM y, HH:mm", "zh_Hans": "y年M月d日 HH:mm"}[babel_locale()]
    return str(format_datetime(local, pattern, locale=babel_locale()))


@register.filter
def month_name(value: date | int | None, form: str = "") -> str:
    """Return a month, given as date or number 1 to 12, as Jan or 1月; `month_name:"year"` adds the year of a date."""
    if value is None:
        return MISSING
    month = value if isinstance(value, date) else date(2000, value, 1)
    patterns = {"en": ("LLL", "LLL y"), "zh_Hans": ("M月", "y年M月")}[babel_locale()]
    return str(format_date(month, patterns[form == "year"], locale=babel_locale()))


@register.simple_tag
def icon(name: str, *, label: str = "", size: int = 20, **attributes: str) -> SafeString:
    """
    Return a Tabler icon as inline SVG: `{% icon "target" %}`, `{% icon "filled/star" class="text-warning" %}`.

    Hidden from screen readers unless it has a label.
    """
    return _icon(name, str(label), size, tuple(sorted((key, str(text)) for key, text in attributes.items())))


@lru_cache(maxsize=1024)
def _icon(name: str, label: str, size: int, attributes: tuple[tuple[str, str], ...]) -> SafeString:
    given = dict(attributes)
    if "style" in given or any(key.startswith("on") for key in given):
        raise ValueError("An icon takes no inline style and no handlers: the content security policy forbids them.")
    svg = fromstring(_drawings().read(f"{name if '/' in name else f'outline/{name}'}.svg"))
    for node in svg.iter():
        node.tag = node.tag.rpartition("}")[2]  # inline SVG needs no namespace
    spoken = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    svg.attrib.update({"width": str(size), "height": str(size), "focusable": "false", **spoken})
    svg.attrib.update({key.replace("_", "-"): text for key, text in given.items()})
    svg.attrib["class"] = " ".join(filter(None, ["icon", given.get("class", "")]))
    return SafeString(ET.tostring(svg, encoding="unicode"))


@cache
def _drawings() -> ZipFile:
    """Open Tabler's icons once: finding six thousand names costs a hundred times what drawing one costs."""
    return ZipFile(BytesIO(files("tablericons").joinpath("tablericons.zip").read_bytes()))


def _grouped(value: Decimal, digits: int) -> str:
    """Both languages write 12,345.60; a grid has tens of thousands of these, and Babel reads its pattern for each."""
    return format(value, f",.{int(digits)}f")


def _full(amount: Decimal, currency: str, locale: str, pattern: str | None = None) -> str:
    text = format_currency(amount, currency, format=pattern, locale=locale, currency_digits=pattern is None)
    return _own_symbol(text, currency, locale)


def _own_symbol(text: str, currency: str, locale: str) -> str:
    own = _YUAN[locale].get(currency)
    return text.replace(get_currency_symbol(currency, locale=locale), own) if own else text


def _next_power_of_ten(amount: Decimal) -> Decimal:
    """Return 1,000,000 for 999,999: four digits are shown, and Babel would write 1000K."""
    if not amount:
        return amount
    rounded = amount.quantize(Decimal(1).scaleb(amount.adjusted() - 3))
    return rounded if rounded.adjusted() > amount.adjusted() else amount
