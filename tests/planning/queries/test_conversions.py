from datetime import date
from decimal import Decimal

import pytest

from planning.models import StageConversion
from planning.queries.conversions import conversion_rows
from planning.queries.evidence import Evidence
from planning.queries.history import deal_history
from planning.queries.organisation import organisation
from tests.factories.customers import make_channel, make_deal, make_pipeline
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]

AS_OF = date(2026, 7, 1)
By, Window = StageConversion.By, StageConversion.Window


def _rows() -> list[StageConversion]:
    history = deal_history(as_of=AS_OF, time_zone="Asia/Shanghai")
    places = organisation(as_of=AS_OF, also=history.owner_ids.tolist())
    return list(conversion_rows(Evidence.whole(history), places, as_of=AS_OF))


def _row(by: str, member: int, stage: str, window: str = Window.EVER) -> StageConversion:
    (found,) = (
        row for row in _rows() if (row.by, row.member, row.stage.name, row.window) == (by, member, stage, window)
    )
    return found


def test_counts_add_up_for_company_units_and_people(cast: Cast) -> None:
    make_pipeline()
    for owner, path in (
        (cast.rao, ("Lead", "Contacted", "Won")),
        (cast.peer, ("Lead", "Lost")),
        (cast.west_rep, ("Lead", "Contacted")),
        (cast.west_rep, ("Lead",)),
    ):
        make_deal(owner=owner, path=path, created=date(2026, 3, 2))

    company, east = _row(By.COMPANY, 0, "Lead"), _row(By.UNIT, cast.east.pk, "Lead")

    assert (company.entered, company.advanced, company.lost, company.still_open) == (4, 2, 1, 1)
    assert (east.entered, east.advanced, east.lost) == (2, 1, 1)
    assert _row(By.UNIT, cast.company.pk, "Lead").entered == 4
    assert _row(By.PERSON, cast.west_rep.pk, "Lead").entered == 2


def test_a_young_cohort_is_watched_not_judged(cast: Cast) -> None:
    make_pipeline()
    for _ in range(5):
        make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 2, 2), days_in_stage=10)
    settled = _row(By.COMPANY, 0, "Lead").rate

    for _ in range(50):
        make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 6, 29))

    assert _row(By.COMPANY, 0, "Lead").rate == settled == 1.0


def test_where_nobody_has_left_a_stage_there_is_no_rate(cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 6, 1))

    row = _row(By.COMPANY, 0, "Lead")

    assert (row.rate, row.median_days) == (None, None)
    assert row.still_open == 1


def test_a_window_counts_only_stays_that_began_in_it(cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2024, 1, 8))
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 5, 4))

    assert _row(By.COMPANY, 0, "Lead", Window.EVER).entered == 2
    assert _row(By.COMPANY, 0, "Lead", Window.QUARTER).entered == 1


def test_a_deal_counts_for_its_own_lead_source(cast: Cast) -> None:
    fair = make_channel("Trade fair")
    make_deal(owner=cast.rao, path=("Lead", "Won"), channel=fair, amount=Decimal(10))
    make_deal(owner=cast.rao, path=("Lead", "Lost"))

    row = _row(By.CHANNEL, fair.pk, "Lead")

    assert (row.entered, row.advanced, row.lost) == (1, 1, 0)
