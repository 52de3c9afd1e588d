from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from planning.models import PlanVersion, Target
from tests.factories.customers import make_deal
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.3")]
TYPED = {"year": "25", "quarter": "5", "month": "1.25"}


@pytest.fixture
def url(cast: Cast, client: Client) -> str:
    """The ladder of East, which won 1,000 in every month of the year before; the plan owner is signed in."""
    for month in range(1, 13):
        created = date(2025, month, 10)
        make_deal(owner=cast.rao, path=("Lead", "Won"), created=created, days_in_stage=0, amount=Decimal(1000))
    client.force_login(cast.planner)
    return reverse("planning:target-ladder", kwargs={"version": make_version().pk, "unit": cast.east.pk})


def test_the_documents_example_is_refuted_with_the_gap_in_money(client: Client, url: str) -> None:
    html = client.get(url, TYPED).content.decode()
    assert "These rates do not add up to +25.00%" in html
    assert "1.25% from month to month makes 3.80% a quarter, not 5.00%." in html
    for figure in ("9.13%", "3.39%", "5.74%", "1.88%", "6.25%", "2.08%", "+21.55%", "+16.08%"):
        assert figure in html, figure


def test_a_year_alone_is_told_what_it_asks_of_each_quarter_and_month(client: Client, url: str) -> None:
    html = client.get(url, {"year": "25%"}).content.decode()
    assert "each quarter must be 9.13% above the one before, or each month 3.39%" in html


def test_one_click_takes_over_the_months_that_keep_the_year(client: Client, url: str) -> None:
    answer = client.post(url, {**TYPED, "base": "", "keep": "year", "lock_version": "0"})
    assert answer.status_code == 302
    assert Target.objects.get().total == Decimal("15000.00")


def test_the_growth_of_the_present_target_is_where_the_page_begins(client: Client, cast: Cast, url: str) -> None:
    make_target(PlanVersion.objects.get(), unit=cast.east, month=Decimal(1100))
    html = client.get(url).content.decode()
    assert 'value="10.00"' in html
    assert "+10.00% on the base" in html


@pytest.mark.parametrize("typed", ["", "a lot", "-100", "1001", "1e3", "٢٥"])
def test_what_is_no_rate_is_explained_in_its_field(client: Client, url: str, typed: str) -> None:
    answer = client.get(url, {"year": typed})
    assert answer.status_code == 200
    assert answer.context["form"].errors["year"]
    assert answer.context["sheet"] is None


def test_without_a_base_growth_is_not_known(client: Client, cast: Cast, url: str) -> None:
    nobodys = reverse("planning:target-ladder", kwargs={"version": PlanVersion.objects.get().pk, "unit": cast.west.pk})
    html = client.get(nobodys, TYPED).content.decode()
    assert "there is nothing to grow from" in html
    assert "inf" not in html.replace("info", "")


def test_a_stale_ladder_changes_nothing(client: Client, cast: Cast, url: str) -> None:
    make_target(PlanVersion.objects.get(), unit=cast.east)
    answer = client.post(url, {**TYPED, "base": "", "keep": "year", "lock_version": "0"})
    assert answer.status_code == 412
    assert Target.objects.get().total == Decimal("1200.00")
