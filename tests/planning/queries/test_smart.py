from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from core.models import JobRun, Publication
from planning import services
from planning.models import JOB, NodeForecast, PlanVersion, Scope, SmartFinding
from planning.queries.smart import Check, Finding, SmartTarget, Verdict, asks_for, smart_targets
from teams.models import Management, OrgUnit
from tests.factories.customers import make_deal, make_product
from tests.factories.planning import make_metric, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]
DAY = date(2026, 3, 2)


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    return make_version(by=cast.planner)


def rows(cast: Cast, version: PlanVersion) -> dict[str, SmartTarget]:
    return {row.name: row for row in smart_targets(version=version, user=cast.planner, as_of=DAY)}


def found(row: SmartTarget, check: Check) -> Finding:
    return next(finding for finding in row.findings if finding.check is check)


def forecast(version: PlanVersion, unit: OrgUnit, *, low: int, high: int) -> None:
    """Publish a night in which the year of a unit lies between two amounts."""
    now = timezone.now()
    scope = str(version.plan_id)
    run = JobRun.objects.create(
        job=JOB, scope=scope, business_date=DAY, state=JobRun.State.PUBLISHED, created_at=now, finished_at=now
    )
    Publication.objects.create(job=JOB, scope=scope, run=run, published_at=now)
    steps = [Decimal(low + (high - low) * step // 6) for step in range(7)]
    NodeForecast.objects.create(
        run=run,
        unit=unit,
        period="FY",
        first_date=date(2026, 1, 1),
        booked=Decimal(0),
        open=Decimal(0),
        new=Decimal(0),
        wins_booked=0,
        wins_expected=0,
        wins_p10=0,
        wins_p90=0,
        **dict(zip(("p025", "p10", "p25", "p50", "p75", "p90", "p975"), steps, strict=True)),
    )


def test_a_unit_without_a_manager_is_nobodys_target(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    assert found(rows(cast, draft)["East"], Check.SPECIFIC).verdict is Verdict.PASSED
    Management.objects.filter(unit=cast.east).delete()
    assert found(rows(cast, draft)["East"], Check.SPECIFIC).verdict is Verdict.FAILED


def test_growth_is_measured_from_what_was_won_the_year_before(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    assert found(rows(cast, draft)["East"], Check.MEASURABLE).verdict is Verdict.UNKNOWN
    created = date(2025, 5, 5)
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=created, days_in_stage=0, amount=Decimal(1000))
    row = rows(cast, draft)["East"]
    assert found(row, Check.MEASURABLE).verdict is Verdict.PASSED
    assert "+20.0%" in found(row, Check.ACHIEVABLE).evidence


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(600, 1300, Verdict.STRETCH), (900, 1500, Verdict.PASSED), (1190, 2000, Verdict.SOFT)],
)
def test_the_forecast_says_whether_a_target_is_stretch_or_soft(
    cast: Cast, draft: PlanVersion, low: int, high: int, verdict: Verdict
) -> None:
    make_target(draft, unit=cast.east)  # 1,200 a year
    forecast(draft, cast.east, low=low, high=high)
    assert found(rows(cast, draft)["East"], Check.ACHIEVABLE).verdict is verdict


def test_a_target_beyond_what_its_people_can_carry_is_stretch(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)  # 1,200 a year
    plan = draft.plan
    quota = services.set_full_quota(plan=plan, actor=cast.planner, unit=cast.company, amount=Decimal(50), version=0)
    finding = found(rows(cast, draft)["East"], Check.ACHIEVABLE)
    assert finding.verdict is Verdict.STRETCH
    assert "Its people can carry" in finding.evidence
    services.set_full_quota(
        plan=plan, actor=cast.planner, unit=cast.company, amount=Decimal(50_000), version=quota.version
    )
    assert found(rows(cast, draft)["East"], Check.ACHIEVABLE).verdict is Verdict.PASSED


def test_without_a_forecast_nothing_is_claimed(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    assert found(rows(cast, draft)["East"], Check.ACHIEVABLE).verdict is Verdict.UNKNOWN


def test_a_target_serves_the_one_above_it(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.company)
    make_target(draft, unit=cast.east)
    make_target(draft, unit=cast.east_one)
    make_target(draft, unit=cast.west_one)
    seen = rows(cast, draft)
    verdicts = {name: found(row, Check.RELEVANT).verdict for name, row in seen.items()}
    assert {verdicts["Company"], verdicts["East"], verdicts[str(cast.east_one)]} == {Verdict.PASSED}
    assert verdicts[str(cast.west_one)] is Verdict.FAILED


def test_a_quarter_in_which_nothing_is_due_is_named(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east, m04=Decimal(0), m05=Decimal(0), m06=Decimal(0))
    finding = found(rows(cast, draft)["East"], Check.TIME_BOUND)
    assert (finding.verdict, finding.evidence) == (Verdict.FAILED, "Nothing is due in Q2.")


def test_two_hundred_targets_cost_as_many_queries_as_two(
    cast: Cast, draft: PlanVersion, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for _ in range(200):
        make_target(draft, person=make_person(unit=cast.east_one))
    with django_assert_max_num_queries(32):
        found = smart_targets(version=draft, user=cast.planner, as_of=DAY)
        assert {asks_for(row.target) for row in found} == {"¥1.2K"}


def test_the_page_names_what_failed_and_shows_a_manager_only_their_own(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    make_target(draft, unit=cast.east)
    make_target(draft, unit=cast.west, m01=Decimal(0), m02=Decimal(0), m03=Decimal(0))
    url = reverse("planning:targets-smart", kwargs={"version": draft.pk})
    client.force_login(cast.planner)
    assert "Nothing is due in Q1." in client.get(url).content.decode()
    client.force_login(cast.lin)
    html = client.get(url).content.decode()
    assert "Nothing is due in Q1." not in html
    assert "West" not in html


def test_beyond_its_quantiles_the_forecast_claims_no_more_than_their_levels(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    forecast(draft, cast.east, low=100, high=200)
    assert "< 2.5%" in found(rows(cast, draft)["East"], Check.ACHIEVABLE).evidence


def test_a_target_of_another_metric_is_judged_beside_the_plain_one(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    make_target(draft, unit=cast.east, scope=Scope(metric=make_metric(), tier="key"))
    make_target(draft, unit=cast.west, scope=Scope(metric=make_metric()))
    make_deal(owner=cast.west_rep, path=("Lead", "Won"), created=date(2025, 5, 5), days_in_stage=0)
    seen = rows(cast, draft)
    assert list(seen) == ["East", "East · Won deals · Key customer", "West · Won deals"]
    assert found(seen["East · Won deals · Key customer"], Check.RELEVANT).verdict is Verdict.PASSED
    assert found(seen["West · Won deals"], Check.RELEVANT).verdict is Verdict.FAILED
    assert found(seen["West · Won deals"], Check.SPECIFIC).evidence == "Won deals; Sato answers for it."
    assert found(seen["East"], Check.SPECIFIC).evidence.startswith("Revenue; ")
    assert "base: 1 in the year before" in found(seen["West · Won deals"], Check.MEASURABLE).evidence
    narrowed = found(seen["East · Won deals · Key customer"], Check.ACHIEVABLE)
    assert narrowed.verdict is Verdict.UNKNOWN
    assert narrowed.evidence == "No forecast yet."
    forecast(draft, cast.east, low=100, high=200)
    narrowed = found(rows(cast, draft)["East · Won deals · Key customer"], Check.ACHIEVABLE)
    assert narrowed.verdict is Verdict.UNKNOWN
    assert narrowed.evidence == "Only 0 of the kind in the last two years: too few for a chance."


def test_a_part_of_the_sales_that_is_no_longer_in_use_is_not_specific(cast: Cast, draft: PlanVersion) -> None:
    line = make_product("Pumps")
    make_target(draft, unit=cast.east, scope=Scope(product=line, tier="key"))
    (row,) = rows(cast, draft).values()
    assert found(row, Check.SPECIFIC).verdict is Verdict.PASSED
    assert found(row, Check.SPECIFIC).evidence.startswith("Revenue · Pumps · Key customer; ")
    line.is_active = False
    line.save()
    (row,) = rows(cast, draft).values()
    assert found(row, Check.SPECIFIC).verdict is Verdict.FAILED
    assert found(row, Check.SPECIFIC).evidence == "“Pumps” is no longer in use."


def test_a_base_entered_by_hand_is_a_base_with_its_source(cast: Cast, draft: PlanVersion) -> None:
    target = make_target(draft, unit=cast.east)  # 1,200 a year
    services.grow_target(
        version=draft,
        unit=cast.east,
        source="typed",
        typed=Decimal(1000),
        growth=None,
        as_of=DAY,
        actor=cast.planner,
        lock_version=target.lock_version,
    )
    row = rows(cast, draft)["East"]
    assert found(row, Check.MEASURABLE).verdict is Verdict.PASSED
    assert "entered by hand" in found(row, Check.MEASURABLE).evidence
    assert "+20.0%" in found(row, Check.ACHIEVABLE).evidence


def test_a_target_of_wins_is_held_against_the_forecast_of_wins(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east, scope=Scope(metric=make_metric()), month=Decimal(2))  # 24 a year
    forecast(draft, cast.east, low=600, high=1300)
    for low, high, verdict in ((10, 22, Verdict.STRETCH), (14, 34, Verdict.PASSED), (25, 40, Verdict.SOFT)):
        NodeForecast.objects.update(wins_p10=low, wins_p90=high, wins_expected=(low + high) / 2)
        row = rows(cast, draft)["East · Won deals"]
        assert found(row, Check.ACHIEVABLE).verdict is verdict


def test_the_limits_are_the_companys_own(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    forecast(draft, cast.east, low=900, high=1500)  # reached about every second time
    assert found(rows(cast, draft)["East"], Check.ACHIEVABLE).verdict is Verdict.PASSED
    services.set_smart_limits(actor=cast.planner, now=timezone.now(), version=0, stretch_below=0.8, soft_above=0.9)
    assert found(rows(cast, draft)["East"], Check.ACHIEVABLE).verdict is Verdict.STRETCH


def test_findings_of_plan_time_stay_and_what_was_not_judged_then_is_judged_now(cast: Cast, draft: PlanVersion) -> None:
    make_target(draft, unit=cast.east)
    make_target(draft, unit=cast.west_one)
    forecast(draft, cast.east, low=600, high=1300)
    submitted = services.submit_version(
        version=draft, actor=cast.planner, as_of=DAY, lock_version=draft.lock_version, reason="The company comes later."
    )
    assert SmartFinding.objects.count() == 10
    draft.refresh_from_db()
    Management.objects.filter(unit=cast.east).delete()
    Publication.objects.all().delete()
    seen = rows(cast, draft)
    assert seen["East"].computed_at == submitted.submitted_at
    assert found(seen["East"], Check.SPECIFIC).verdict is Verdict.PASSED
    assert found(seen["East"], Check.ACHIEVABLE).verdict is Verdict.STRETCH  # as the forecast of that day had it
    assert found(seen["East"], Check.MEASURABLE).verdict is Verdict.UNKNOWN
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2025, 5, 5), days_in_stage=0)
    assert found(rows(cast, draft)["East"], Check.MEASURABLE).verdict is Verdict.PASSED


def test_the_findings_of_a_draft_are_kept_each_night_and_told_in_the_readers_language(
    cast: Cast, draft: PlanVersion
) -> None:
    make_target(draft, unit=cast.east, m04=Decimal(0), m05=Decimal(0), m06=Decimal(0))
    services.check_targets(version=draft, now=timezone.now())
    services.check_targets(version=draft, now=timezone.now())
    row = SmartFinding.objects.get(kind=Check.TIME_BOUND)
    assert (row.verdict, row.facts["empty"]) == ("failed", [2])
    with translation.override("zh-hans"):
        assert Finding(Check.TIME_BOUND, Verdict.FAILED, row.facts).evidence != "Nothing is due in Q2."


def test_a_plan_owner_sets_the_limits_and_the_page_says_who(client: Client, cast: Cast, draft: PlanVersion) -> None:
    client.force_login(cast.planner)
    url, listed = reverse("planning:smart-limits"), reverse("planning:targets-smart", args=[draft.pk])
    assert "defaults of the product" in client.get(listed).content.decode()
    assert client.post(url, {"stretch_below": "90", "soft_above": "80", "version": "0"}).status_code == 422
    assert client.post(url, {"stretch_below": "20", "soft_above": "80", "version": "0"}).status_code == 302
    assert client.post(url, {"stretch_below": "10", "soft_above": "80", "version": "0"}).status_code == 422
    html = client.get(listed).content.decode()
    assert "below a chance of 20%" in html
    assert "Last set by" in html


def test_the_page_of_a_target_shows_its_own_five_checks(client: Client, cast: Cast, draft: PlanVersion) -> None:
    target = make_target(draft, unit=cast.east)
    url = reverse("planning:target-smart", args=[draft.pk, target.pk])
    client.force_login(cast.lin)
    html = client.get(url).content.decode()
    assert "answers for it" in html
    assert "Time-bound" in html
    answer = client.get(reverse("api:target-smart", args=[target.pk])).json()
    assert [one["check"] for one in answer["findings"]] == list(Check)
    assert answer["found_at"] is None
    chance = client.get(reverse("api:target-chance", args=[target.pk])).json()
    assert (chance["chance"], chance["why"], chance["reason"]) == (None, "no_night", "No forecast yet.")
    client.force_login(cast.sato)
    assert client.get(url).status_code == 404
