"""Numbers, money, dates and icons as people read them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from babel.numbers import format_decimal, format_percent
from django.template import Context, Template
from django.utils import timezone, translation

from core.templatetags import formats


@pytest.mark.parametrize(
    ("amount", "currency", "english", "chinese"),
    [
        ("2500000", "CNY", "¥2.5M", "¥250万"),
        ("250000000", "CNY", "¥250M", "¥2.5亿"),
        ("48600000", "CNY", "¥48.6M", "¥4860万"),
        ("-48600000", "CNY", "-¥48.6M", "-¥4860万"),
        ("999999", "CNY", "¥1M", "¥100万"),
        ("99999999", "CNY", "¥100M", "¥1亿"),
        ("1234.50", "CNY", "¥1.2K", "¥1,234"),
        ("999.4", "CNY", "¥999", "¥999"),
        ("0.50", "CNY", "¥0.50", "¥0.50"),
        ("0", "CNY", "¥0", "¥0"),
        ("2500000", "USD", "$2.5M", "US$250万"),
        ("2500000", "JPY", "JP¥2.5M", "JP¥250万"),
    ],
)
def test_short_money_speaks_the_language(amount: str, currency: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert formats.money(Decimal(amount), currency) == english
    with translation.override("zh-hans"):
        assert formats.money(Decimal(amount), currency) == chinese


def test_full_money_shows_the_digits_that_its_currency_has() -> None:
    assert formats.money_full(Decimal("2500000.10"), "CNY") == "¥2,500,000.10"
    assert formats.money_full(Decimal("2500000.10"), "JPY") == "JP¥2,500,000"
    assert formats.money_full(Decimal("1.5"), "KWD").endswith("1.500")


@pytest.mark.parametrize("show", [formats.money, formats.money_full, formats.number, formats.percent, formats.day])
def test_missing_is_a_dash_and_never_zero(show: Callable[[None], str]) -> None:
    assert show(None) == "–"


def test_the_money_tag_carries_the_full_amount_for_the_pointer() -> None:
    page = Template('{% money amount "CNY" signed=True %}').render(Context({"amount": Decimal("1250000")}))
    assert page == '<span class="money" title="+¥1,250,000.00">+¥1.2M</span>'


def test_filters_work_in_templates_without_loading_anything() -> None:
    page = Template('{{ n|number }} {{ r|percent:1 }} {{ a|money:"CNY"|signed }} {{ z|percent|signed }}')
    values = {"n": 12345, "r": 0.3416, "a": Decimal(5_000_000), "z": 0.0}
    assert page.render(Context(values)) == "12,345 34.2% +¥5M 0%"


def test_days_and_months_speak_the_language() -> None:
    november = date(2026, 11, 23)
    assert (formats.day(november), formats.day(november, "year")) == ("23 Nov", "23 Nov 2026")
    assert (formats.month_name(1), formats.month_name(november, "year")) == ("Jan", "Nov 2026")
    with translation.override("zh-hans"):
        assert (formats.day(november), formats.day(november, "year")) == ("11月23日", "2026年11月23日")
        assert (formats.month_name(1), formats.month_name(november, "year")) == ("1月", "2026年11月")


def test_moments_are_shown_in_the_current_time_zone() -> None:
    late = datetime(2026, 11, 23, 20, 5, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        assert formats.moment(late) == "24 Nov 2026, 04:05"
        assert formats.day(late) == "24 Nov"


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    decoration = Template('{% icon "target" class="text-blue" %}').render(Context())
    assert 'class="icon text-blue"' in decoration
    assert 'aria-hidden="true"' in decoration
    assert "style=" not in decoration
    spoken = Template('{% icon "alert-triangle" label="Late & open" %}').render(Context())
    assert 'role="img"' in spoken
    assert 'aria-label="Late &amp; open"' in spoken
    assert "aria-hidden" not in spoken


def test_an_icon_refuses_what_the_content_security_policy_forbids() -> None:
    with pytest.raises(ValueError, match="inline style"):
        formats.icon("target", style="color:red")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_grouped_numbers_read_as_babel_writes_them(language: str) -> None:
    dice = np.random.default_rng(20_261_126)
    with translation.override(language):
        for digits, pattern in ((0, "#,##0"), (1, "#,##0.0"), (2, "#,##0.00")):
            for drawn in (*dice.normal(0, 10.0 ** dice.integers(-3, 12, 300)), 0.5, 1.5, 2.5, -0.4, 0.125, 0.0):
                for value in (float(drawn), round(Decimal(str(drawn)), 3), round(drawn)):
                    locale = formats.babel_locale()
                    assert formats.number(value, digits) == format_decimal(value, format=pattern, locale=locale)
                    assert formats.percent(value, digits) == format_percent(value, format=f"{pattern}%", locale=locale)
