"""A night on groundwork publishes what the whole history says: conversions, cover, warnings, levers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from core.jobs import Outcome
from core.models import Publication
from customers import services as customers
from customers.models import Deal, DealOwnership, StageEvent
from planning import services
from planning.models import GROUNDWORK, By, Groundwork, Lever, Plan, StageConversion
from planning.queries.conversions import conversion_rows
from planning.queries.coverage import coverages
from planning.queries.nights import night_on, tonight, watched_tonight
from planning.queries.organisation import organisation
from planning.queries.watching import NightWatch, night_watch
from teams.models import User
from tests.factories.customers import make_channel, make_deal, make_pipeline, make_product, stage_of
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person
from tests.factories.warnings import make_history

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

MONTH, NIGHT = date(2026, 6, 1), date(2026, 6, 18)
ZONE = "Asia/Shanghai"


def _clock() -> datetime:
    return datetime(2026, 6, 18, 0, 10, tzinfo=UTC)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """
    A year and a half of deals of four people, one of whose stages is weak of late.

    Groundwork is laid for the month of the night; then deals are told late, reopened, corrected, handed over, given another
    product, and sold as ever.
    """
    pipeline, dice = make_pipeline(), Random(7)
    people = [cast.rao, cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    amounts = [Decimal(dice.randrange(500, 9_000_000)) / 100 for _ in range(97)]
    make_history(pipeline, people, until=NIGHT, drop=0.8, per_week=40, amounts=amounts)
    words = [make_channel("Trade fair"), make_channel("Partner"), None]
    for deal in Deal.objects.all():
        Deal.objects.filter(pk=deal.pk).update(channel=dice.choice(words))
    plan = make_plan(2026)
    outcome = services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock, part_lines=4000)
    assert outcome is Outcome.PUBLISHED
    assert Groundwork.objects.get().parts > 2
    _live_on(cast, people, dice)
    return plan


def _live_on(cast: Cast, people: list[User], dice: Random) -> None:
    month = datetime(2026, 6, 1, tzinfo=UTC)
    closed = Deal.objects.filter(closed_date__lt=MONTH).order_by("pk")
    lost, won = list(closed.filter(stage__kind="lost")), list(closed.filter(stage__kind="won"))
    for deal in lost[:4]:
        customers.reopen_deal(
            deal=deal,
            version=deal.version,
            to_stage=stage_of(deal.pipeline, "Contacted"),
            reason="They called back.",
            actor=cast.rao,
            occurred_at=month + timedelta(days=dice.randint(1, 14)),
            now=_clock(),
        )
    for deal in [*lost[4:7], *won[:5], *Deal.objects.filter(stage__kind="open").order_by("pk")[:3]]:
        DealOwnership.objects.filter(deal=deal, valid_to=None).update(valid_to=month + timedelta(days=5))
        DealOwnership.objects.create(deal=deal, owner=cast.west_rep, valid_from=month + timedelta(days=5))
        Deal.objects.filter(pk=deal.pk).update(owner=cast.west_rep)
    for deal in won[5:8]:  # an amount corrected after the win
        last = StageEvent.objects.filter(deal=deal).latest("seq")
        StageEvent.objects.create(
            deal=deal,
            seq=last.seq + 1,
            kind=StageEvent.Kind.AMEND,
            from_stage=last.to_stage,
            to_stage=last.to_stage,
            amount=Decimal("99999.99"),
            occurred_at=month + timedelta(days=2),
            recorded_at=_clock(),
        )
    Deal.objects.filter(pk__in=Deal.objects.filter(stage__kind="open").values("pk")[:4]).update(product=make_product())
    late = Deal.objects.filter(stage__kind="open", stage_since__lt=month - timedelta(days=4)).first()
    assert late is not None
    customers.move_deal(
        deal=late,
        version=late.version,
        to_stage=stage_of(late.pipeline, "Quoted"),
        actor=cast.rao,
        occurred_at=late.stage_since + timedelta(days=3),
        now=_clock(),
    )
    beginner = make_person("Beginner", unit=cast.west_one)
    for path in (("Lead", "Contacted", "Won"), ("Lead", "Lost"), ("Lead",)):
        make_deal(owner=beginner, pipeline=late.pipeline, path=path, created=date(2026, 6, 3), days_in_stage=2)


@contextmanager
def no_groundwork() -> Iterator[None]:
    """Nights that read the whole history."""
    shown = list(Publication.objects.filter(job=GROUNDWORK))
    Publication.objects.filter(job=GROUNDWORK).delete()
    try:
        yield
    finally:
        Publication.objects.bulk_create(shown)


def _conversions(rows: Iterable[StageConversion]) -> dict[tuple[object, ...], tuple[list[int], list[float | None]]]:
    """Counts and estimates by what they are about."""
    return {
        (row.window, row.by, row.member, row.stage_id): (
            [row.entered, row.advanced, row.back, row.lost, row.still_open],
            [row.rate, row.low, row.high, row.win_rate, row.win_low, row.win_high, row.median_days, row.p85_days],
        )
        for row in rows
    }


def _levers(night: NightWatch) -> dict[tuple[object, ...], dict[str, object]]:
    facts = [field.name for field in Lever._meta.concrete_fields if field.name not in ("id", "run", "stage")]
    return {(row.stage_id, row.by, row.member): {name: getattr(row, name) for name in facts} for row in night.levers}


def assert_same(mine: object, other: object) -> None:
    """Numbers to nine digits and to the cent, everything else as it is."""
    assert type(mine) is type(other)
    if isinstance(mine, dict) and isinstance(other, dict):
        assert mine.keys() == other.keys()
        for key in mine:
            assert_same(mine[key], other[key])
    elif isinstance(mine, (list, tuple)) and isinstance(other, (list, tuple)):
        assert len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            assert_same(one, two)
    elif isinstance(mine, float):
        assert mine == pytest.approx(other, rel=1e-9, abs=1e-12)
    elif isinstance(mine, Decimal) and isinstance(other, Decimal):
        assert abs(mine - other) <= Decimal("0.01")
    else:
        assert mine == other


def test_conversions_and_cover_of_a_night_are_those_of_the_whole_history(plan: Plan) -> None:
    row = Groundwork.objects.get()
    for day in (MONTH, date(2026, 6, 9), NIGHT, date(2026, 7, 1)):
        night = night_on(row, as_of=day, time_zone=ZONE)
        with no_groundwork():
            whole = tonight(as_of=day, time_zone=ZONE)
        places = organisation(as_of=day, also=whole.history.owner_ids.tolist())

        mine, other = (_conversions(conversion_rows(one.evidence, places, as_of=day)) for one in (night, whole))
        cover = [coverages(one.evidence, places, year=plan.fiscal_year, as_of=day) for one in (night, whole)]

        assert night.evidence.ledger.n_events < whole.evidence.ledger.n_events / 2  # it did read less
        assert {key[1] for key in other} == {"company", "unit", "person", "product", "channel"}
        assert_same(mine, other)
        assert any(facts["needed"] for facts in cover[1]["FY"])
        assert_same(cover[0], cover[1])


def test_the_watch_on_groundwork_finds_what_the_whole_history_says(cast: Cast, plan: Plan) -> None:
    assert watched_tonight(as_of=NIGHT, time_zone=ZONE).steps is not None
    mine = night_watch(plan=plan, as_of=NIGHT)
    with no_groundwork():
        other = night_watch(plan=plan, as_of=NIGHT)

    assert (mine.cells, mine.too_few) == (other.cells, other.too_few)
    assert (By.PERSON, cast.rao.pk) in {finding.cell[1:] for finding in other.findings if finding.is_found}
    for one, two in zip(mine.findings, other.findings, strict=True):
        assert (one.cell, one.is_found, one.is_pushed, one.since_date) == (
            two.cell,
            two.is_found,
            two.is_pushed,
            two.since_date,
        )
        assert_same([one.at_stake, one.facts, asdict(one.follow_up)], [two.at_stake, two.facts, asdict(two.follow_up)])
    assert_same(_levers(mine), _levers(other))
    assert mine.levers


def test_a_night_on_which_nothing_has_happened_yet_is_the_whole_history_too(cast: Cast) -> None:
    pipeline, plan = make_pipeline(), make_plan(2026)
    for path in (("Lead", "Contacted", "Won"), ("Lead", "Lost"), ("Lead", "Contacted")):
        make_deal(owner=cast.rao, pipeline=pipeline, path=path, created=date(2026, 5, 4), amount=Decimal(500))
    services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock)
    mine, night = night_watch(plan=plan, as_of=MONTH), tonight(as_of=MONTH, time_zone=ZONE)
    with no_groundwork():
        other, whole = night_watch(plan=plan, as_of=MONTH), tonight(as_of=MONTH, time_zone=ZONE)
    places = organisation(as_of=MONTH, also=whole.history.owner_ids.tolist())

    assert night.learnt is not None
    assert mine.levers
    assert_same(_levers(mine), _levers(other))
    assert_same(*(_conversions(conversion_rows(one.evidence, places, as_of=MONTH)) for one in (night, whole)))
