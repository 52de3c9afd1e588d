"""What a page shows of its charts."""

import re


def charts_of(text: str) -> list[str]:
    """The names of a page's charts."""
    return re.findall(r'data-chart="([\w-]+)"', text)


def charts_without_data(text: str) -> list[str]:
    """Those of them beside which no table with a row stands."""
    rows = r'id="{}-data"[^>]*>\s*<table[^>]*>\s*<thead>.*?<tbody><tr><th scope="row">'
    return [name for name in charts_of(text) if not re.search(rows.format(name), text, re.DOTALL)]
