"""What the API's description allows, and what it forbids, sent to every operation by three kinds of people."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import missing_required_header, positive_data_acceptance

from config.wsgi import application
from tests.fuzz.company import Company
from tests.fuzz.fitting import fit

pytestmark = [pytest.mark.fuzz, pytest.mark.django_db, pytest.mark.requirement("R7.3")]

schema = schemathesis.openapi.from_path(Path(settings.BASE_DIR) / "config" / "openapi.yaml")
schema.app = application


@schema.parametrize()
@hypothesis_settings(
    max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_one_that_the_description_names(case: "Case[Any]", company: Company) -> None:
    fit(case, company.world)
    for token in company.tokens.values():
        with company.unchanged():
            answer = case.call_and_validate(
                headers={"Authorization": f"Token {token}"},
                # A description cannot say every rule of the trade: which stage follows which, whose target one may set.
                # A missing If-Match gets 428, which the other check does not know; tests/core/api/test_versions.py does.
                excluded_checks=[positive_data_acceptance, missing_required_header],
            )
        company.statuses[answer.status_code] += 1
