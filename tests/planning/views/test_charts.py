"""No chart without its figures: whoever cannot see it, or wants the numbers, reads the table beside it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories.charts import charts_of, charts_without_data
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]


def test_every_chart_of_the_conversion_page_has_its_data_table(cast: Cast) -> None:
    make_pipeline()
    long_ago = timezone.localdate() - timedelta(days=200)
    for owner in (cast.rao, cast.peer, cast.west_rep):
        make_deal(owner=owner, path=("Lead", "Contacted", "Visited", "Quoted", "Won"), created=long_ago)

    text = signed_in(cast.planner).get("/conversion/?measure=quote_acceptance").content.decode()

    assert charts_of(text)
    assert not charts_without_data(text)
