"""What the API does to the months of a target, of any metric and any part of the sales, and taking targets out again."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.models import AuditEntry
from customers.models import Strategy
from planning.models import PlanVersion, Scope, ShareTarget, Target
from tests.api.conftest import Calling
from tests.factories.customers import make_deal, make_pipeline, make_product, make_region, stage_of
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3", "R1.2")]

TARGETS, SHARES = "/api/v1/targets/", "/api/v1/share-targets/"
D = Decimal
# Each act on a row that is there, with the least that it needs besides whose row it is.
ACTS: dict[str, dict[str, Any]] = {
    "months": {"amounts": {"m03": "250.00"}, "reason": "The fair is in March"},
    "growth": {"base_source": "typed", "base_amount": "1000.00", "growth": "0.5", "split": "even"},
    "lock": {"locked": True},
    "clear": {"months": ["m03"]},
}
SCOPES = ["plain", "wins", "margin of a product"]


def a_scope(name: str) -> Scope:
    match name:
        case "wins":
            return Scope(make_metric())
        case "margin of a product":
            return Scope(make_metric("margin"), make_product(), make_region(), "key")
        case _:
            return Scope()


def asked(target: Target, seen: int | None = None) -> dict[str, Any]:
    """Return what names a row in a body: whose, of what, and the version that was read."""
    whose = {"unit": target.unit_id} if target.unit_id else {"person": target.person_id}
    of = {"metric": target.metric_id, "product": target.product_id, "region": target.region_id, "tier": target.tier}
    named = {name: value for name, value in of.items() if value}
    return {"version": target.version_id, **whose, **named, "lock_version": seen or target.lock_version}


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    return make_version()


@pytest.mark.parametrize("name", SCOPES)
def test_months_are_set_by_hand_kept_by_a_split_and_given_back(
    cast: Cast, version: PlanVersion, as_person: Calling, name: str
) -> None:
    target = make_target(version, unit=cast.east, scope=a_scope(name), month=D(100))
    asking = as_person(cast.planner)

    by_hand = asking.post(f"{TARGETS}months/", {**asked(target), **ACTS["months"]}).json()
    assert [by_hand["m03"], by_hand["total"], by_hand["lock_version"]] == ["250.00", "1350.00", 2]
    assert [row["reason"] for row in by_hand["overrides"]] == ["The fair is in March"]
    again = {**asked(target, 2), "total": "2450.00", "split": "even"}
    spread = asking.post(f"{TARGETS}split/", again).json()
    assert [spread["m01"], spread["m03"], spread["total"]] == ["200.00", "250.00", "2450.00"]
    back = asking.post(f"{TARGETS}clear/", {**asked(target, 3), **ACTS["clear"]}).json()

    assert (back["overrides"], back["total"]) == ([], "2450.00")
    assert back["m03"] in {"204.00", "204.16", "204.17"}
    assert Target.objects.count() == 1


@pytest.mark.parametrize("name", SCOPES)
def test_a_locked_total_stays_while_months_change(
    cast: Cast, version: PlanVersion, as_person: Calling, name: str
) -> None:
    target = make_target(version, unit=cast.east, scope=a_scope(name), month=D(100))
    asking = as_person(cast.planner)

    locked = asking.post(f"{TARGETS}lock/", {**asked(target), "locked": True}).json()
    changed = asking.post(f"{TARGETS}months/", {**asked(target, 2), "amounts": {"m01": "210.00"}}).json()
    unlocked = asking.post(f"{TARGETS}lock/", {**asked(target, 3), "locked": False}).json()

    assert (locked["total_locked"], unlocked["total_locked"]) == (True, False)
    assert [changed["m01"], changed["m02"], changed["total"]] == ["210.00", "90.00", "1200.00"]


@pytest.mark.requirement("R1.3")
@pytest.mark.parametrize("name", SCOPES)
def test_a_growth_sets_the_total_and_without_one_the_growth_follows(
    cast: Cast, version: PlanVersion, as_person: Calling, name: str
) -> None:
    target = make_target(version, unit=cast.east, scope=a_scope(name), month=D(100))
    asking = as_person(cast.planner)

    grown = asking.post(f"{TARGETS}growth/", {**asked(target), **ACTS["growth"]}).json()
    assert [grown["total"], grown["basis"], grown["growth"]] == ["1500.00", "growth", "0.50000000"]
    told = asking.post(f"{TARGETS}growth/", {**asked(target, 2), "base_source": "typed", "base_amount": "1200.00"})

    assert [told.json()[name] for name in ("total", "basis", "growth")] == ["1500.00", "absolute", None]
    assert Target.objects.get().growth_over_base == D("0.25")


@pytest.mark.requirement("R1.3")
def test_what_was_achieved_last_year_is_the_base_of_a_count_and_of_a_rate(cast: Cast, as_person: Calling) -> None:
    version, pipeline, product = make_version(make_plan(2026)), make_pipeline(), make_product()
    rate = make_metric("rate", code="r", from_stage=stage_of(pipeline, "Visited"), stage=stage_of(pipeline, "Quoted"))
    for path in (("Lead", "Visited", "Quoted", "Won"), *[("Lead", "Visited")] * 4):
        make_deal(owner=cast.rao, path=path, created=date(2025, 5, 5), product=product)
    make_deal(owner=cast.west_rep, path=("Lead", "Won"), created=date(2025, 5, 5), product=product)
    asking = as_person(cast.planner)
    whose = {"version": version.pk, "unit": cast.east.pk, "base_source": "last_year", "lock_version": 0}

    wins = asking.post(f"{TARGETS}growth/", {**whose, "metric": make_metric().pk, "product": product.pk, "growth": "1"})
    kept = asking.post(f"{TARGETS}growth/", {**whose, "metric": rate.pk, "growth": "0.2"})
    nothing = asking.post(f"{TARGETS}growth/", {**whose, "metric": make_metric("margin").pk, "growth": "0.2"})

    assert [wins.json()["base_amount"], wins.json()["total"]] == ["1.00", "2.00"]
    assert [kept.json()["base_amount"], kept.json()["m01"], kept.json()["m12"]] == ["20.00", "24.00", "24.00"]
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_grow_from")


def test_the_months_of_a_rate_keep_theirs_and_have_no_total_to_lock(
    cast: Cast, version: PlanVersion, as_person: Calling
) -> None:
    first, second = make_pipeline().stages.all()[:2]
    scope = Scope(make_metric("rate", code="kept", from_stage=first, stage=second))
    target = make_target(version, unit=cast.east, scope=scope, month=D(40))
    asking = as_person(cast.planner)

    by_hand = asking.post(f"{TARGETS}months/", {**asked(target), "amounts": {"m03": "60.00"}}).json()
    spread = asking.post(f"{TARGETS}split/", {**asked(target, 2), "total": "45.00", "split": "even"}).json()
    back = asking.post(f"{TARGETS}clear/", {**asked(target, 3), "months": ["m03"]}).json()

    assert [by_hand["m03"], spread["m03"], spread["m04"], back["m03"]] == ["60.00", "60.00", "45.00", "45.00"]
    for act, body in (("lock", {"locked": True}), ("months", {"shares": {"m01": "0.1"}})):
        assert asking.post(f"{TARGETS}{act}/", {**asked(target, 4), **body}, format="json").status_code == 400
    assert asking.post(f"{TARGETS}months/", {**asked(target, 4), "amounts": {"m01": "101"}}).status_code == 400


@pytest.mark.parametrize("act", ACTS)
def test_a_stale_row_gets_412_and_one_that_is_not_there_says_so(
    cast: Cast, version: PlanVersion, as_person: Calling, act: str
) -> None:
    target = make_target(version, unit=cast.east)
    body, asking = ACTS[act], as_person(cast.planner)

    stale = asking.post(f"{TARGETS}{act}/", {**asked(target, 9), **body}, format="json")

    assert (stale.status_code, stale.json()["current_version"]) == (412, 1)
    if act != "growth":  # which makes a row
        missing = asking.post(f"{TARGETS}{act}/", {**asked(target), "metric": "wins", **body}, format="json")
        assert (missing.status_code, missing.json()["code"]) == (409, "no_target_yet")
    target.refresh_from_db()
    assert (target.lock_version, target.total) == (1, 1200)


@pytest.mark.parametrize("act", ACTS)
def test_the_same_key_sent_twice_changes_once(cast: Cast, version: PlanVersion, as_person: Calling, act: str) -> None:
    target = make_target(version, unit=cast.east)
    body, asking = {**asked(target), **ACTS[act]}, as_person(cast.planner)

    first, second = (
        asking.post(f"{TARGETS}{act}/", body, format="json", HTTP_IDEMPOTENCY_KEY="k-1") for _time in range(2)
    )

    assert first.status_code == 200, first.json()
    assert (second.json(), second["Idempotent-Replayed"]) == (first.json(), "true")
    assert AuditEntry.objects.filter(event__startswith="planning.target.").count() == 1
    assert Target.objects.get().lock_version == 2


@pytest.mark.parametrize("act", ACTS)
def test_an_unknown_field_and_a_missing_one_are_400_and_named(
    cast: Cast, version: PlanVersion, as_person: Calling, act: str
) -> None:
    target = make_target(version, unit=cast.east)
    asking = as_person(cast.planner)

    misspelt = asking.post(f"{TARGETS}{act}/", {**asked(target), **ACTS[act], "resaon": "x"}, format="json")
    bare = asking.post(f"{TARGETS}{act}/", {"version": version.pk, "lock_version": 1, **ACTS[act]}, format="json")

    assert (misspelt.status_code, [row["field"] for row in misspelt.json()["errors"]]) == (400, ["resaon"])
    assert (bare.status_code, [row["field"] for row in bare.json()["errors"]]) == (400, ["unit"])
    assert Target.objects.get().lock_version == 1


@pytest.mark.parametrize(
    "body",
    [
        {"amounts": {"m03": ""}},
        {"amounts": {"m03": None}},
        {"amounts": {"m03": 5}},
        {"amounts": {"m13": "5.00"}},
        {"amounts": {"m03": "-1.00"}},
        {"amounts": {}},
        {"shares": {"m03": ""}},
        {"shares": {"m03": "1.2"}},
    ],
)
def test_a_blank_month_is_not_zero_and_nonsense_changes_nothing(
    cast: Cast, version: PlanVersion, as_person: Calling, body: dict[str, object]
) -> None:
    target = make_target(version, unit=cast.east)

    answer = as_person(cast.planner).post(f"{TARGETS}months/", {**asked(target), **body}, format="json")

    assert answer.status_code == 400, answer.json()
    assert Target.objects.get().m03 == 100


def test_a_zero_is_an_amount(cast: Cast, version: PlanVersion, as_person: Calling) -> None:
    target = make_target(version, unit=cast.east)

    answer = as_person(cast.planner).post(f"{TARGETS}months/", {**asked(target), "amounts": {"m03": "0"}})

    assert [answer.json()["m03"], answer.json()["total"]] == ["0.00", "1100.00"]


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("metric", ["", "wins"])
def test_those_above_set_and_nobody_their_own(
    cast: Cast, version: PlanVersion, as_person: Calling, act: str, metric: str
) -> None:
    scope = Scope(make_metric()) if metric else Scope()
    of_rao = make_target(version, person=cast.rao, scope=scope)
    of_team = make_target(version, unit=cast.east_one, scope=scope)

    def status(who: Any, target: Target) -> int:
        target.refresh_from_db()
        asking = as_person(who)
        return asking.post(f"{TARGETS}{act}/", {**asked(target), **ACTS[act]}, format="json").status_code

    for may_not in (cast.rao, cast.peer, cast.diaz, cast.sato):
        assert status(may_not, of_rao) in {400, 403}, may_not  # 400: what one cannot see, one cannot name
    for may_not in (cast.mori, cast.diaz, cast.rao, cast.sato):
        assert status(may_not, of_team) in {400, 403}, may_not
    for may in (cast.mori, cast.lin, cast.planner, cast.admin):
        assert status(may, of_rao) == 200, may
    for may in (cast.lin, cast.planner, cast.admin):
        assert status(may, of_team) == 200, may


@pytest.mark.parametrize("act", ACTS)
def test_a_version_that_counts_is_not_changed(cast: Cast, as_person: Calling, act: str) -> None:
    target = make_target(make_version(status=PlanVersion.Status.ACTIVE), unit=cast.east)

    answer = as_person(cast.planner).post(f"{TARGETS}{act}/", {**asked(target), **ACTS[act]}, format="json")

    assert answer.status_code == 409
    assert Target.objects.get().lock_version == 1


@pytest.mark.requirement("R1.1")
def test_a_target_beside_the_plain_ones_is_taken_out_with_the_etag_that_was_read(
    cast: Cast, version: PlanVersion, as_person: Calling
) -> None:
    target = make_target(version, unit=cast.east_one, scope=Scope(make_metric()))
    plain = make_target(version, unit=cast.east_one)
    asking, address = as_person(cast.planner), f"{TARGETS}{target.pk}/"
    etag = asking.get(address)["ETag"]

    assert etag == f'"target-{target.pk}-1"'
    assert asking.delete(address).status_code == 428
    Target.objects.filter(pk=target.pk).update(lock_version=2)
    stale = asking.delete(address, HTTP_IF_MATCH=etag)
    assert (stale.status_code, stale["ETag"]) == (412, f'"target-{target.pk}-2"')
    assert as_person(cast.mori).delete(address, HTTP_IF_MATCH=stale["ETag"]).status_code == 403
    assert as_person(cast.sato).delete(address, HTTP_IF_MATCH=stale["ETag"]).status_code == 404
    assert as_person(cast.lin).delete(address, HTTP_IF_MATCH=stale["ETag"]).status_code == 204

    kept = f"{TARGETS}{plain.pk}/"
    assert asking.delete(kept, HTTP_IF_MATCH=asking.get(kept)["ETag"]).status_code == 403
    assert list(Target.objects.all()) == [plain]


@pytest.mark.requirement("R1.4")
def test_a_share_target_is_set_changed_read_and_taken_out(cast: Cast, version: PlanVersion, as_person: Calling) -> None:
    asking = as_person(cast.planner)
    row = {"version": version.pk, "product": make_product().pk, "region": make_region().pk, "quarter": 2}

    made = asking.post(SHARES, {**row, "share": 0.3, "lock_version": 0}, format="json")
    assert asking.post(SHARES, {**row, "share": 0.4, "lock_version": 0}, format="json").status_code == 412
    for blank in (None, "", 0, 1.5):
        wrong = asking.post(SHARES, {**row, "share": blank, "lock_version": 1}, format="json")
        assert wrong.status_code == 400, wrong.json()
    asking.post(SHARES, {**row, "share": 0.4, "lock_version": 1}, format="json")
    address = f"{SHARES}{made.json()['id']}/"
    read = asking.get(address)

    assert (read.json()["share"], read["ETag"]) == (0.4, f'"sharetarget-{made.json()["id"]}-2"')
    assert as_person(cast.rao).get(address).status_code == 404
    assert as_person(cast.lin).delete(address, HTTP_IF_MATCH=read["ETag"]).status_code == 403
    assert asking.delete(address).status_code == 428
    assert asking.delete(address, HTTP_IF_MATCH=made.headers.get("ETag", '"sharetarget-0-1"')).status_code == 412
    assert asking.delete(address, HTTP_IF_MATCH=read["ETag"]).status_code == 204
    assert not ShareTarget.objects.exists()
    assert AuditEntry.objects.latest("pk").facts["was"] == 0.4


@pytest.mark.requirement("R1.3")
def test_a_ladder_is_checked_in_every_reading_and_taken_over_by_what_it_keeps(
    cast: Cast, version: PlanVersion, as_person: Calling
) -> None:
    asking = as_person(cast.planner)
    typed = {"version": version.pk, "unit": cast.east.pk, "year": 0.25, "quarter": 0.05, "month": 0.0125}

    nothing = asking.post(f"{TARGETS}ladder/", typed, format="json").json()
    assert (nothing["base_source"], nothing["severity"], nothing["steps"], nothing["choices"]) == ("none", None, [], [])
    told = asking.post(f"{TARGETS}ladder/", {**typed, "base": "12000000.00"}, format="json").json()
    assert (told["severity"], round(told["quarter_by_months"], 4)) == ("contradicts", 0.038)
    by_total = {row["steps"]: row for row in told["steps"] if row["reading"] == "total"}
    assert [round(by_total[4]["needed"], 4), round(by_total[12]["needed"], 4)] == [0.0913, 0.0339]
    assert {row["keep"]: round(row["year"], 3) for row in told["choices"]} == {
        "year": 0.25,
        "quarters": 0.131,
        "months": 0.085,
    }
    assert not Target.objects.exists()

    keep = {**typed, "base": "12000000.00", "keep": "year"}
    assert asking.post(f"{TARGETS}ladder/", keep, format="json").status_code == 400  # which version was read?
    assert asking.post(f"{TARGETS}ladder/", {**keep, "lock_version": 0}, format="json").status_code == 200
    assert Target.objects.get().total == D(15_000_000)
    assert asking.post(f"{TARGETS}ladder/", {**keep, "lock_version": 0}, format="json").status_code == 412
    assert as_person(cast.lin).post(f"{TARGETS}ladder/", typed, format="json").status_code == 403
    assert asking.post(f"{TARGETS}ladder/", {**typed, "rate": 1}, format="json").status_code == 400


@pytest.mark.requirement("R0.2")
def test_strategies_and_people_behind_a_target_are_read_and_replaced(cast: Cast, as_person: Calling) -> None:
    target = make_target(make_version(status=PlanVersion.Status.ACTIVE), person=cast.rao)
    strategy = Strategy.objects.create(name="Win the coast", owner=cast.lin)
    address = f"{TARGETS}{target.pk}/links/"
    carriers = [{"person": cast.rao.pk, "role": "Seller"}]
    links: dict[str, Any] = {"strategies": [strategy.pk], "carriers": carriers}

    assert as_person(cast.mori).post(address, links, format="json").json() == links
    assert as_person(cast.rao).get(address).json() == links
    assert as_person(cast.rao).post(address, links, format="json").status_code == 403
    assert as_person(cast.diaz).get(address).status_code == 404
    wrongs: list[dict[str, Any]] = [
        {"strategies": []},
        {**links, "carriers": [{"person": cast.rao.pk, "role": ""}]},
        {**links, "x": 1},
    ]
    for wrong in wrongs:
        assert as_person(cast.mori).post(address, wrong, format="json").status_code == 400
    twice = {**links, "carriers": carriers * 2}
    assert as_person(cast.mori).post(address, twice, format="json").status_code == 400
    gone = as_person(cast.mori).post(address, {"strategies": [], "carriers": []}, format="json")
    assert gone.json() == {"strategies": [], "carriers": []}
