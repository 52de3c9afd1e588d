from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from planning import services
from planning.models import StageConversion
from tests.api.conftest import Calling
from tests.factories.customers import make_activity, make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3", "R1.7")]

RATES = "/api/v1/conversions/rates/"
TODAY = timezone.localdate()


@pytest.fixture
def deals(cast: Cast) -> None:
    make_pipeline()
    for number in range(12):
        for owner in (cast.rao, cast.west_rep):
            deal = make_deal(
                owner=owner,
                path=("Lead", "Quoted", "Won" if number % 2 else "Lost"),
                created=TODAY - timedelta(days=150 + number),
            )
            make_activity(deal, done_at=datetime.now(UTC) - timedelta(days=100))


@pytest.mark.usefixtures("deals")
def test_rates_come_with_counts_interval_members_and_trend(cast: Cast, as_person: Calling) -> None:
    answer = as_person(cast.planner).get(RATES, {"by": "unit", "measure": "quote_acceptance"}).json()

    own = {rate["key"]: rate for rate in answer["own"]["rates"]}
    quotes = own["quote_acceptance"]
    assert (quotes["began"], quotes["succeeded"], quotes["failed"], quotes["pending"]) == (24, 12, 12, 0)
    assert quotes["rate"] == pytest.approx(0.5)
    assert quotes["low"] < 0.5 < quotes["high"]
    assert [row["name"] for row in answer["members"]] == ["East", "West"]
    assert answer["trend"]["key"] == "quote_acceptance"
    assert answer["cohort"]["code"] == "12m"
    assert answer["own"]["rates"][3]["stage"] is not None


@pytest.mark.usefixtures("deals")
def test_a_rate_that_cannot_be_told_is_null_with_its_reason(cast: Cast, as_person: Calling) -> None:
    answer = as_person(cast.rao).get(RATES, {"period": f"{TODAY.year - 1}-M01"}).json()

    visits = next(rate for rate in answer["own"]["rates"] if rate["key"] == "first_visit")
    assert visits["rate"] is None
    assert visits["missing"] == "no_visits"


@pytest.mark.parametrize(
    "query",
    [{"nonsense": "1"}, {"by": "mood"}, {"period": "soon"}, {"measure": "mood"}, {"unit": "x"}, {"page": "2"}],
)
@pytest.mark.usefixtures("deals")
def test_what_it_does_not_understand_is_refused(cast: Cast, as_person: Calling, query: dict[str, str]) -> None:
    answer = as_person(cast.planner).get(RATES, query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == next(iter(query))


@pytest.mark.usefixtures("deals")
def test_a_stranger_and_nobody_are_refused_alike(cast: Cast, as_person: Calling) -> None:
    asking = as_person(cast.rao)

    hidden, absent = (asking.get(RATES, {"person": key}) for key in (cast.west_rep.pk, 10**9))

    assert hidden.status_code == absent.status_code == 400
    assert hidden.json()["errors"] == absent.json()["errors"]


def test_every_rate_is_defined(cast: Cast, as_person: Calling) -> None:
    answer = as_person(cast.rao).get("/api/v1/conversions/definitions/").json()

    assert [row["key"] for row in answer["definitions"]] == [
        "lead_response",
        "first_visit",
        "quote_acceptance",
        "stage",
    ]
    assert all(
        row[part] for row in answer["definitions"] for part in ("numerator", "denominator", "cohort", "censoring")
    )
    assert answer["limits"][0]["origin"]


@pytest.mark.requirement("R7.4")
def test_the_companys_nightly_rates_are_hidden_where_they_tell_about_a_colleague(
    cast: Cast, as_person: Calling
) -> None:
    make_pipeline()
    owners = [cast.rao, cast.peer, cast.west_rep]
    for owner in owners:
        make_deal(owner=owner, created=TODAY - timedelta(days=30))
    plan = make_plan(TODAY.year)

    def company_rows() -> int:
        services.run_forecast(plan=plan, as_of=TODAY, clock=lambda: datetime.now(UTC), again=True)
        rows = as_person(cast.rao).get("/api/v1/conversions/", {"by": "company"}).json()["results"]
        assert StageConversion.objects.filter(by="company").exists()
        return len(rows)

    assert company_rows() == 0
    make_deal(owner=make_person("Fourth", unit=cast.west_one), created=TODAY - timedelta(days=30))
    assert company_rows() > 0
