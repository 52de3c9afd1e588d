from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Invalid, NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import RateSettings, RateStages
from tests.factories.customers import make_pipeline, stage_of
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
LIMITS: dict[str, Any] = {
    "response_limit": 4,
    "response_unit": "hours",
    "next_step_days": 7,
    "open_quote_days": 60,
    "opens_hour": 8,
    "closes_hour": 17,
}


def test_the_limits_are_set_with_whom_to_ask_and_a_line_in_the_trail(cast: Cast) -> None:
    pipeline = make_pipeline()
    quoted = stage_of(pipeline, "Quoted")

    row = services.set_rate_limits(
        actor=cast.planner, now=NOW, version=0, stages={pipeline.pk: (None, quoted.pk)}, **LIMITS
    )

    assert (row.response_limit, row.changed_by, row.changed_at, row.version) == (4, cast.planner, NOW, 1)
    assert RateSettings.objects.the_one().open_quote_days == 60
    assert RateStages.objects.get().quote_stage == quoted
    assert AuditEntry.objects.get(event="planning.rates.changed").facts["next_step_days"] == 7


def test_nobody_overwrites_what_another_has_set_meanwhile(cast: Cast) -> None:
    services.set_rate_limits(actor=cast.planner, now=NOW, version=0, stages={}, **LIMITS)

    with pytest.raises(VersionConflict):
        services.set_rate_limits(actor=cast.admin, now=NOW, version=0, stages={}, **LIMITS | {"next_step_days": 30})

    assert RateSettings.objects.the_one().next_step_days == 7


def test_a_lead_does_not_set_the_limits(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        services.set_rate_limits(actor=cast.mori, now=NOW, version=0, stages={}, **LIMITS)


@pytest.mark.parametrize("name", ["Won", "Lost"])
def test_a_closed_stage_means_no_quote(cast: Cast, name: str) -> None:
    pipeline = make_pipeline()

    with pytest.raises(Invalid):
        services.set_rate_limits(
            actor=cast.planner,
            now=NOW,
            version=0,
            stages={pipeline.pk: (None, stage_of(pipeline, name).pk)},
            **LIMITS,
        )
    assert not RateSettings.objects.filter(version__gt=0).exists()
