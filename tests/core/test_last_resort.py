"""The page of last resort needs nothing: whatever broke may be what other pages need."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template


def test_the_page_of_last_resort_asks_nothing_and_speaks_both_languages(
    db: None, no_queries: Callable[[], AbstractContextManager[None]]
) -> None:
    with no_queries():
        page = get_template("500.html").render({})
    source = (settings.BASE_DIR / "templates" / "500.html").read_text(encoding="utf-8")
    assert "{%" not in source
    assert 'lang="zh-Hans"' in page
    for path in ("css/broken.css", "img/favicon.svg"):
        assert f"/static/{path}" in page
        assert finders.find(path) is not None
