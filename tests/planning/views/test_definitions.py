from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from planning import services
from planning.models import Metric
from planning.models.plans import PlanVersion
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast
from tests.factories.track_record import judge

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]


def test_every_report_of_what_was_won_prints_the_definition_as_the_metric_has_it(client: Client, cast: Cast) -> None:
    """The definition is data: what the revenue metric says is what the pages say."""
    make_metric("revenue")
    Metric.objects.filter(code="revenue").update(tax=Metric.Tax.NET)
    make_pipeline()
    today = timezone.localdate()
    make_deal(owner=cast.rao, path=("Lead",), created=today)
    plan = make_plan(today.year)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(60))
    running = date(today.year, today.month, 1)
    draft = services.revise_plan(plan=plan, actor=cast.planner, as_of=today, effective_date=running, shortfall="drop")
    services.run_forecast(plan=plan, as_of=today, clock=timezone.now)
    judge(unit=cast.company)
    client.force_login(cast.planner)
    for url in (
        reverse("planning:overview"),
        reverse("planning:forecast"),
        reverse("planning:targets"),
        reverse("planning:target-edit", kwargs={"version": draft.pk, "unit": cast.east.pk}),
        reverse("planning:target-ladder", kwargs={"version": draft.pk, "unit": cast.east.pk}),
        reverse("planning:other-targets", args=[draft.pk]),
        reverse("planning:targets-reconcile", args=[draft.pk]),
        reverse("planning:targets-print", kwargs={"version": draft.pk, "unit": cast.east.pk}),
        reverse("planning:plan-revise", args=[plan.pk]) + f"?effective_date={running}&shortfall=drop",
        reverse("planning:scenarios"),
        reverse("planning:track-record"),
    ):
        html = client.get(url).content.decode()
        assert "What counts as achieved" in html, url
        assert "The amounts of won deals, net of tax, in CNY" in html, url
