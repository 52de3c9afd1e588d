"""The pages of targets beside the plain ones, and of the metrics that they ask for."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from planning.models import Metric, PlanVersion, Scope, ShareTarget, Target
from planning.queries.other_targets import other_changes, other_targets
from planning.queries.share_changes import share_changes
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline, make_product, make_region, stage_of
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]
D = Decimal


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def won(owner: User, amount: str, day: date = date(2026, 4, 10), **fields: object) -> None:
    make_deal(owner=owner, path=("Lead", "Won"), created=day, days_in_stage=0, amount=D(amount), **fields)  # type: ignore[arg-type]  # columns of a deal


def list_of(version: PlanVersion) -> str:
    return reverse("planning:other-targets", args=[version.pk])


def test_a_target_of_another_metric_is_added_changed_and_removed(client: Client, cast: Cast) -> None:
    version, product = make_version(), make_product("Pumps")
    page = signed_in(client, cast.planner)
    new = reverse("planning:other-target-new", args=[version.pk])
    given = {"whose": f"unit-{cast.east.pk}", "metric": "wins", "product": product.pk, "total": "24", "split": "even"}
    assert page.get(new).status_code == 200
    assert page.post(new, given).status_code == 302
    target = Target.objects.get()
    assert (target.metric_id, target.product, target.m01, target.total) == ("wins", product, D(2), D(24))
    again = page.post(new, given)
    assert again.status_code == 422
    assert "There is such a target already" in again.content.decode()

    one = reverse("planning:other-target", args=[version.pk, target.pk])
    assert page.get(one).status_code == 200
    assert page.post(one, {"total": "36", "split": "even", "lock_version": 1}).status_code == 302
    months = {f"m{month:02}": "4" for month in range(1, 13)}
    assert page.post(one, {**months, "lock_version": 2}).status_code == 302
    target.refresh_from_db()
    assert (target.total, target.lock_version) == (D(48), 3)

    remove = reverse("planning:other-target-remove", args=[version.pk, target.pk])
    assert page.post(remove, {"lock_version": 3}).status_code == 302
    assert not Target.objects.exists()
    assert AuditEntry.objects.latest("pk").event == "planning.target.removed"


def test_a_stale_change_is_refused_with_a_reason(client: Client, cast: Cast) -> None:
    target = make_target(make_version(), unit=cast.east, scope=Scope(metric=make_metric()))
    one = reverse("planning:other-target", args=[target.version_id, target.pk])
    answer = signed_in(client, cast.planner).post(one, {"total": "36", "split": "even", "lock_version": 7})
    assert answer.status_code == 422
    assert Target.objects.get().total == target.total


def test_the_plain_row_is_left_to_the_grid(client: Client, cast: Cast) -> None:
    version = make_version()
    new = reverse("planning:other-target-new", args=[version.pk])
    given = {"whose": f"unit-{cast.east.pk}", "metric": "revenue", "total": "24", "split": "even"}
    answer = signed_in(client, cast.planner).post(new, given)
    assert answer.status_code == 422
    assert "is set in the grid" in answer.content.decode()
    assert not Target.objects.exists()


def test_nobody_sets_their_own_and_settled_versions_do_not_change(client: Client, cast: Cast) -> None:
    draft = make_version()
    own = make_target(draft, unit=cast.east, scope=Scope(metric=make_metric()))  # Lin manages the east
    page = signed_in(client, cast.lin)
    assert page.get(reverse("planning:other-target", args=[draft.pk, own.pk])).status_code == 403
    new = reverse("planning:other-target-new", args=[draft.pk])
    given = {"whose": f"unit-{cast.east.pk}", "metric": "wins", "total": "24", "split": "even"}
    assert page.post(new, given).status_code == 422
    PlanVersion.objects.update(status=PlanVersion.Status.SUBMITTED)
    planner = signed_in(client, cast.planner)
    assert planner.get(reverse("planning:other-target", args=[draft.pk, own.pk])).status_code == 409
    assert planner.get(new).status_code == 409


def test_the_list_shows_what_was_achieved_and_how_it_is_defined(client: Client, cast: Cast) -> None:
    version = make_version(make_plan(timezone.localdate().year), status=PlanVersion.Status.ACTIVE)
    today = timezone.localdate()
    make_target(version, unit=cast.east, scope=Scope(metric=make_metric("margin")))
    won(cast.rao, "900.00", today, cost=D("100.00"))
    won(cast.rao, "50.00", today)
    answer = signed_in(client, cast.planner).get(list_of(version)).content.decode()
    assert "1 without a value" in answer
    assert "The amounts of won deals less their costs" in answer
    User.objects.filter(pk=cast.planner.pk).update(language="zh-hans")
    assert "赢单商机的金额减去成本" in client.get(list_of(version)).content.decode()


@pytest.mark.requirement("R1.5")
def test_all_that_was_achieved_is_somewhere_and_adds_up(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    make_target(version, unit=cast.east)
    won(cast.rao, "100.00")
    won(cast.west_rep, "20.00")
    won(make_person(), "3.00")
    found = other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    parts = found.reconciled[0]
    assert (parts.carried.value, parts.company.value, parts.outside.value, parts.unassigned.value) == (
        D(100),
        D(20),
        D(0),
        D(3),
    )
    assert parts.total.value == D(123)


@pytest.mark.requirement("R1.5")
def test_without_a_target_of_the_company_the_rest_is_outside(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao)
    won(cast.rao, "100.00")
    won(cast.peer, "20.00")
    parts = other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30)).reconciled[0]
    assert (parts.carried.value, parts.company.value, parts.outside.value) == (D(100), D(0), D(20))


def test_where_everything_went_is_told_to_those_who_see_everything(cast: Cast) -> None:
    version = make_version()
    won(cast.west_rep, "20.00")
    assert other_targets(version=version, user=cast.lin, as_of=date(2026, 6, 30)).reconciled == []


def test_the_number_of_queries_does_not_grow_with_the_targets(cast: Cast) -> None:
    version, wins = make_version(), make_metric()
    for unit in (cast.company, cast.east):
        make_target(version, unit=unit, scope=Scope(metric=wins))
    with CaptureQueriesContext(connection) as few:
        other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    for unit in (cast.west, cast.east_one, cast.east_two):
        make_target(version, unit=unit, scope=Scope(wins, make_product()))
    with CaptureQueriesContext(connection) as many:
        other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    assert len(many) == len(few)


def test_a_rate_is_due_as_a_mean_and_attained_as_a_ratio(cast: Cast) -> None:
    pipeline = make_pipeline()
    rate = make_metric("rate", code="r", from_stage=stage_of(pipeline, "Visited"), stage=stage_of(pipeline, "Quoted"))
    version = make_version()
    make_target(version, unit=cast.east, scope=Scope(metric=rate), month=D(40))
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Quoted"))
    for _ in range(4):
        make_deal(owner=cast.rao, path=("Lead", "Visited"))
    (row,) = other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30)).rows
    assert [row.annual, row.to_date, row.actual] == [D(40), D(40), D(20)]
    assert row.attainment == 0.5


def test_a_plan_owner_adds_a_metric_of_a_stage_and_may_only_rename_it(client: Client, cast: Cast) -> None:
    stage = stage_of(make_pipeline(), "Quoted")
    page = signed_in(client, cast.planner)
    new = reverse("planning:metric-new")
    given = {"name": "Quotes sent", "name_zh": "报价数", "kind": "entries", "day": "event", "tax": "recorded"}
    refused = page.post(new, given)
    assert refused.status_code == 422
    assert "Choose a stage." in refused.content.decode()
    assert page.post(new, {**given, "stage": stage.pk}).status_code == 302
    metric = Metric.objects.get(code="quotes-sent")
    assert (metric.unit, metric.stage) == ("count", stage)
    edit = reverse("planning:metric-edit", args=[metric.code])
    assert page.post(edit, {"name": "Quotes", "name_zh": "", "version": 1, "is_active": "on"}).status_code == 302
    assert page.post(edit, {"name": "Mine", "name_zh": "", "version": 1, "is_active": "on"}).status_code == 422
    assert Metric.objects.get(code="quotes-sent").name == "Quotes"
    assert signed_in(client, cast.rao).post(new, given).status_code == 403


@pytest.mark.requirement("R0.1")
def test_versions_are_compared_by_their_other_targets_too(client: Client, cast: Cast) -> None:
    old = make_version(status=PlanVersion.Status.ACTIVE, by=cast.planner)
    wins, margin = Scope(metric=make_metric()), Scope(metric=make_metric("margin"))
    for scope, month in ((wins, 2), (margin, 10)):
        make_target(old, unit=cast.east, scope=scope, month=D(month))
    new = make_version(old.plan, number=2, by=cast.planner)
    make_target(new, unit=cast.east, scope=wins, month=D(3))
    make_target(new, unit=cast.west, scope=wins, month=D(1))
    changes = other_changes(before=old, after=new, user=cast.planner)
    assert [(row.name, row.metric.code, row.before, row.after) for row in changes] == [
        ("East", "margin", D(120), None),
        ("East", "wins", D(24), D(36)),
        ("West", "wins", None, D(12)),
    ]
    client.force_login(cast.planner)
    html = client.get(reverse("planning:versions-compare", args=[old.plan_id]), {"before": old.pk, "after": new.pk})
    assert "no target any more" in html.content.decode()


@pytest.mark.requirement("R0.1", "R1.4")
def test_versions_are_compared_by_their_target_shares_too(client: Client, cast: Cast) -> None:
    old = make_version(status=PlanVersion.Status.ACTIVE, by=cast.planner)
    new = make_version(old.plan, number=2, by=cast.planner)
    product, region = make_product("Flagship"), make_region("Coast")
    for version, quarter, share in ((old, 0, 0.3), (new, 0, 0.25), (old, 1, 0.2), (new, 1, 0.2), (new, 2, 0.4)):
        ShareTarget.objects.create(
            version=version,
            product=product,
            region=region,
            quarter=quarter,
            share=share,
            set_by=cast.planner,
            set_at=timezone.now(),
        )
    changes = share_changes(before=old, after=new, user=cast.planner)
    assert [(row.scope, row.before, row.after) for row in changes] == [
        ("Flagship · Coast", 0.3, 0.25),
        ("Flagship · Coast · Q2", None, 0.4),
    ]
    assert share_changes(before=old, after=new, user=cast.rao) == []
    client.force_login(cast.planner)
    html = client.get(reverse("planning:versions-compare", args=[old.plan_id]), {"before": old.pk, "after": new.pk})
    assert "-5.0%" in html.content.decode()


@pytest.mark.requirement("R1.2", "R1.3")
def test_a_month_of_another_metric_keeps_its_reason_and_the_total_can_be_locked_and_grown(
    client: Client, cast: Cast
) -> None:
    target = make_target(make_version(), unit=cast.east, scope=Scope(metric=make_metric()), month=D(10))
    page = signed_in(client, cast.planner)
    at = {"version": target.version_id, "pk": target.pk}

    def send(act: str, seen: int, **given: str) -> int:
        url = reverse(f"planning:other-target{act}", kwargs=at)
        return page.post(url, {"lock_version": seen, **given}).status_code

    months = {f"m{month:02}": "10" for month in range(1, 13)}
    assert send("", 1, **{**months, "m03": "25"}, reason="The fair is in March") == 302
    assert send("-lock", 2, locked="on") == 302
    assert send("", 3, **{**months, "m03": "25", "m01": "12"}, reason="New year") == 302
    target.refresh_from_db()
    assert [target.m01, target.m03, target.total, target.total_locked] == [D(12), D(25), D(135), True]
    shown = page.get(reverse("planning:other-target", kwargs=at)).content.decode()
    assert "The fair is in March" in shown
    assert "¥" not in shown.split("Set by hand")[1].split("Growth over a base")[0]  # deals, no money

    assert send("-clear", 4, months="m03") == 302
    assert send("-grow", 5, source="typed", base="100", growth="50", split="even") == 302
    target.refresh_from_db()
    assert (target.total, target.growth_over_base, sorted(target.overrides)) == (D(150), D("0.5"), ["m01"])
    assert send("-grow", 6, source="none", growth="50", split="even") == 422
    assert send("-lock", 2, locked="on") == 412
    assert send("-clear", 6, months="m13") == 422


def test_a_rate_has_no_total_to_lock(client: Client, cast: Cast) -> None:
    first, second = make_pipeline().stages.all()[:2]
    scope = Scope(metric=make_metric("rate", code="r", from_stage=first, stage=second))
    target = make_target(make_version(), unit=cast.east, scope=scope, month=D(40))
    page = signed_in(client, cast.planner)
    at = {"version": target.version_id, "pk": target.pk}

    assert b"Lock the total" not in page.get(reverse("planning:other-target", kwargs=at)).content
    refused = page.post(reverse("planning:other-target-lock", kwargs=at), {"lock_version": 1, "locked": "on"})

    assert refused.status_code in {400, 422}
    assert "do not add up" in refused.content.decode()
