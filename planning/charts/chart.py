"""What a chart hands to its template."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chart:
    """What components/_chart.html needs."""

    id: str
    title: str
    subtitle: str
    figure: dict[str, Any]
    table: dict[str, Any]
    summary: str
