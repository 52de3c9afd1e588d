import pytest
from django.db import IntegrityError

from planning.models import Metric
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_metric

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]


def test_the_standard_metrics_are_there_from_the_beginning() -> None:
    found = dict(Metric.objects.values_list("code", "unit"))
    assert found == {
        "revenue": "money",
        "margin": "money",
        "units": "count",
        "wins": "count",
        "new-customers": "count",
    }


def test_the_unit_fits_what_is_counted() -> None:
    with pytest.raises(IntegrityError, match="metric_unit_fits_its_kind"):
        make_metric("wins", code="odd", unit=Metric.Unit.MONEY)


@pytest.mark.parametrize("kind", ["entries", "rate"])
def test_a_count_and_a_rate_of_stages_name_them(kind: str) -> None:
    with pytest.raises(IntegrityError, match="metric_names_the_stages_of_its_kind"):
        make_metric(kind, code="odd")


def test_a_rate_leads_from_one_stage_to_another() -> None:
    stage = make_pipeline().stages.first()
    with pytest.raises(IntegrityError, match="metric_leads_from_one_stage_to_another"):
        make_metric("rate", code="odd", stage=stage, from_stage=stage)


def test_only_a_rate_does_not_add_up() -> None:
    first, second = make_pipeline().stages.all()[:2]
    assert not make_metric("rate", code="visits-kept", from_stage=first, stage=second).adds_up
    assert all(make_metric(kind).adds_up for kind in ("margin", "units", "wins", "customers"))
