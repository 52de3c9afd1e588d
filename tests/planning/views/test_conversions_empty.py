import pytest

from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7")]


def test_before_the_first_deal_the_page_says_what_it_counts(cast: Cast) -> None:
    text = signed_in(cast.planner).get("/conversion/").content.decode()

    assert "Nothing began in this period" in text
    assert "Numerator" in text
