"""A month's groundwork is laid once, whoever helps; a night on it knows what the whole history tells."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from core.jobs import Outcome
from core.models import AuditEntry, JobRun, Publication
from customers import services as customers
from customers.models import Deal, DealOwnership, Pipeline, StageEvent
from planning import services
from planning.forecasting.exposure import AGE
from planning.forecasting.hazards import expose, kinds_of, table_of
from planning.forecasting.history import standing_of, stays_of
from planning.forecasting.levels import stay_levels
from planning.models import GROUNDWORK, ExposureMonth, Groundwork, GroundworkPart, NodeForecast, Plan
from planning.queries.groundwork import PART, learn, part, replayed, usable_groundwork
from planning.queries.history import DealHistory, day_number, deal_history, midnight
from planning.queries.nights import Night, night_on, tonight
from planning.queries.packing import unpack_learnt
from planning.queries.snapshot import snapshot
from planning.services import groundwork
from tests.factories.customers import make_deal, make_pipeline, make_product, stage_of
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

MONTH, NIGHT = date(2026, 7, 1), date(2026, 7, 17)
ZONE = "Asia/Shanghai"
STEPS = ("Lead", "Contacted", "Visited", "Quoted")


def _clock() -> datetime:
    return datetime(2026, 7, 17, 0, 10, tzinfo=UTC)


def _sell(cast: Cast, pipeline: Pipeline, *, deals: int, seed: int, first: date, days: int) -> None:
    dice = Random(seed)
    for _ in range(deals):
        end = dice.choice(("Won", "Lost", "Lost", ""))
        path = STEPS[: dice.randint(1, 4)] if not end else (*STEPS, end)
        make_deal(
            owner=dice.choice((cast.rao, cast.peer, cast.west_rep)),
            pipeline=pipeline,
            path=path,
            created=first + timedelta(days=dice.randrange(days)),
            days_in_stage=dice.randint(1, 9),
            amount=Decimal(dice.randrange(1000, 90000)) / 10 if dice.random() < 0.9 else None,
        )


@pytest.fixture
def pipeline(cast: Cast) -> Pipeline:
    """Half a year of deals, some of whose lines lie after the month's start already."""
    pipeline = make_pipeline()
    _sell(cast, pipeline, deals=60, seed=1, first=date(2026, 1, 5), days=180)
    return pipeline


def lay(part_lines: int = PART) -> Groundwork:
    outcome = services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock, part_lines=part_lines)
    assert outcome is Outcome.PUBLISHED
    return Groundwork.objects.get(run__in=Publication.objects.filter(job=GROUNDWORK).values("run"))


def on(row: Groundwork, as_of: date = NIGHT) -> Night:
    return night_on(row, as_of=as_of, time_zone=ZONE)


def standings(history: DealHistory, as_of: date) -> dict[int, tuple[object, ...]]:
    """Where each deal stands, by primary keys."""
    today = day_number(as_of)
    known = history.ledger.before(today)
    now = standing_of(known, stays_of(known, today))
    return {
        deal: (
            int(history.stage_ids[now.state[row]]),
            int(now.since[row]),
            repr(float(now.amount[row])),
            int(now.close[row]),
            int(history.owner_ids[history.ledger.owner[row]]),
            int(history.ledger.created[row]),
        )
        for row, deal in enumerate(history.deal_ids.tolist())
        if now.state[row] >= 0
    }


def assert_knows_the_whole(row: Groundwork, as_of: date = NIGHT) -> None:
    """The night's deals and hazards are those of the whole history with the lessons of the month."""
    mine, whole, today = on(row, as_of), deal_history(as_of=as_of, time_zone=ZONE), day_number(as_of)
    assert standings(mine.history, as_of) == standings(whole, as_of)
    lessons = unpack_learnt(row.lessons).lessons_for(whole.keys())
    stays = stays_of(whole.ledger, today)
    levels, kind = stay_levels(whole.ledger, stays, lessons.edges), kinds_of(whole.funnel)
    table = expose(stays, whole.funnel, levels, AGE, lessons.age, history_from=-1_000_000)
    assert mine.model is not None
    np.testing.assert_allclose(
        mine.model.hazards.age.rate,
        table_of(table, lessons.age, whole.funnel, AGE, kind=kind).rate,
        rtol=1e-9,
        atol=1e-15,
    )


def test_a_night_on_groundwork_knows_what_the_whole_history_tells(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    _sell(cast, pipeline, deals=15, seed=2, first=date(2026, 7, 1), days=15)

    assert_knows_the_whole(row)


def test_lines_recorded_late_for_an_old_month_count_in_full(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    _sell(cast, pipeline, deals=20, seed=3, first=date(2026, 3, 1), days=60)
    deal = Deal.objects.filter(stage__name="Contacted", stage_since__lt=datetime(2026, 6, 25, tzinfo=UTC)).first()
    assert deal is not None
    at = deal.stage_since + timedelta(days=3)
    customers.move_deal(
        deal=deal,
        version=deal.version,
        to_stage=stage_of(pipeline, "Visited"),
        actor=cast.rao,
        occurred_at=at,
        now=_clock(),
    )

    assert_knows_the_whole(row)


def test_a_deal_that_was_lost_and_is_reopened_lives_again(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    deal = Deal.objects.filter(stage__name="Lost", stage_since__lt=datetime(2026, 6, 1, tzinfo=UTC)).first()
    assert deal is not None
    customers.reopen_deal(
        deal=deal,
        version=deal.version,
        to_stage=stage_of(pipeline, "Visited"),
        reason="They called back.",
        actor=cast.rao,
        occurred_at=datetime(2026, 7, 3, tzinfo=UTC),
        now=_clock(),
    )

    assert_knows_the_whole(row)


def test_what_happens_after_the_night_is_not_known_yet(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    _sell(cast, pipeline, deals=15, seed=2, first=date(2026, 7, 1), days=15)

    for day in (MONTH, date(2026, 7, 8)):
        assert_knows_the_whole(row, day)


def test_a_deal_handed_over_counts_for_its_new_owner(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    deal = Deal.objects.filter(owner=cast.rao, stage__name="Won").first()
    assert deal is not None
    DealOwnership.objects.filter(deal=deal).update(valid_to=datetime(2026, 7, 9, tzinfo=UTC))
    DealOwnership.objects.create(deal=deal, owner=cast.peer, valid_from=datetime(2026, 7, 9, tzinfo=UTC))

    assert standings(on(row).history, NIGHT)[deal.pk][4] == cast.peer.pk


def test_an_open_deal_is_judged_by_the_product_it_has_tonight(pipeline: Pipeline) -> None:
    row = lay()
    product, deal = make_product(), Deal.objects.filter(stage__name="Visited").first()
    assert deal is not None
    Deal.objects.filter(pk=deal.pk).update(product=product)

    history = on(row).history

    place = history.deal_ids.tolist().index(deal.pk)
    assert history.product_ids[history.ledger.product[place]] == product.pk


def test_a_person_who_is_new_this_month_has_no_factor_yet(cast: Cast, pipeline: Pipeline) -> None:
    row = lay()
    beginner = make_person()
    make_deal(owner=beginner, pipeline=pipeline, path=("Lead",), created=date(2026, 7, 6))

    night = on(row)

    assert night.model is not None
    code = night.history.owner_ids.tolist().index(beginner.pk)
    np.testing.assert_array_equal(night.model.hazards.age.factors[0][code], 1.0)


def test_parts_made_by_many_are_the_groundwork_made_by_one(pipeline: Pipeline) -> None:
    whole = on(lay())
    assert GroundworkPart.objects.count() == 1
    Publication.objects.all().delete()

    row = lay(part_lines=60)

    assert row.parts > 3
    assert_knows_the_whole(row)
    parted = on(row)
    assert whole.model is not None
    assert parted.model is not None
    np.testing.assert_allclose(parted.model.hazards.age.rate, whole.model.hazards.age.rate, rtol=1e-12)


def test_tables_stand_by_the_calendar_month_of_the_end(pipeline: Pipeline) -> None:
    row = lay()

    months = list(ExposureMonth.objects.filter(run=row.run).order_by("month").values_list("month", flat=True))

    ended = StageEvent.objects.filter(seq__gt=1, occurred_at__lt=midnight(MONTH, ZONE)).order_by("occurred_at").first()
    assert ended is not None
    assert months[0] == ended.occurred_at.date().replace(day=1)
    assert months[-1] == date(2026, 6, 1)


def test_a_helper_takes_the_parts_that_nobody_is_at_and_the_leader_the_rest(pipeline: Pipeline) -> None:
    helped: list[int] = []

    def call(run: int, parts: int) -> None:
        helped.append(services.help_with_groundwork(run))

    outcome = services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock, call=call, part_lines=60)

    assert outcome is Outcome.PUBLISHED
    assert helped == [GroundworkPart.objects.count()]
    assert_knows_the_whole(Groundwork.objects.get())


def test_a_helper_that_dies_leaves_its_part_to_the_leader(pipeline: Pipeline) -> None:
    def call(run: int, parts: int) -> None:
        row = Groundwork.objects.get(run=run)
        made = part(
            as_of=MONTH, time_zone=ZONE, deals=row.deals_of(1), learnt=unpack_learnt(row.lessons)
        )  # made, and gone before it was saved; another part was saved
        GroundworkPart.objects.create(run_id=run, attempt=row.attempt, number=1, lines=made.lines, **made.values)

    assert (
        services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock, call=call, part_lines=60)
        is Outcome.PUBLISHED
    )
    assert_knows_the_whole(Groundwork.objects.get())


def test_what_an_earlier_attempt_left_is_not_taken_for_this_ones(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> int:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(groundwork, "_publish", dies)
        with pytest.raises(MemoryError):
            services.lay_groundwork(as_of=NIGHT, time_zone=ZONE, clock=_clock, part_lines=60)
    assert usable_groundwork(as_of=NIGHT, time_zone=ZONE) is None

    row = lay(part_lines=60)

    assert row.attempt == 2
    assert set(GroundworkPart.objects.values_list("attempt", flat=True)) == {2}
    assert_knows_the_whole(row)


def test_a_helper_of_an_attempt_that_is_over_makes_nothing(pipeline: Pipeline) -> None:
    row = lay(part_lines=60)
    GroundworkPart.objects.all().delete()

    assert services.help_with_groundwork(row.run_id) == 0
    assert not GroundworkPart.objects.exists()


def test_groundwork_is_laid_once_a_month_with_one_line_in_the_trail(pipeline: Pipeline) -> None:
    lay()

    assert services.lay_groundwork(as_of=date(2026, 7, 30), time_zone=ZONE, clock=_clock) is Outcome.ALREADY
    assert AuditEntry.objects.filter(event="core.job.published").count() == 1


def test_another_stage_asks_for_other_groundwork(pipeline: Pipeline) -> None:
    lay()
    make_pipeline("Another")

    assert usable_groundwork(as_of=NIGHT, time_zone=ZONE) is None
    lay()
    assert JobRun.objects.filter(job=GROUNDWORK, revision=2, state=JobRun.State.PUBLISHED).exists()


def test_much_that_came_late_asks_for_other_groundwork(cast: Cast, pipeline: Pipeline) -> None:
    lay()
    _sell(cast, pipeline, deals=10, seed=5, first=date(2026, 2, 1), days=60)

    assert usable_groundwork(as_of=NIGHT, time_zone=ZONE) is None


def test_a_past_month_and_a_coming_one_get_none(pipeline: Pipeline) -> None:
    lay()

    assert services.lay_groundwork(as_of=date(2026, 6, 5), time_zone=ZONE, clock=_clock) is None
    assert services.lay_groundwork(as_of=date(2100, 1, 1), time_zone=ZONE, clock=_clock) is None


def test_nights_of_a_day_without_groundwork_read_the_whole_history(pipeline: Pipeline) -> None:
    lay()

    assert tonight(as_of=date(2026, 6, 20), time_zone=ZONE).model is None
    assert tonight(as_of=NIGHT, time_zone=ZONE).model is not None


def test_a_snapshot_on_groundwork_adds_up_and_books_what_was_won(cast: Cast, pipeline: Pipeline) -> None:
    plan: Plan = make_plan(2026)
    plain = snapshot(plan=plan, as_of=NIGHT)
    lay()
    _sell(cast, pipeline, deals=5, seed=8, first=date(2026, 7, 2), days=3)
    on_groundwork = snapshot(plan=plan, as_of=NIGHT)

    def rows(nodes: list[NodeForecast], unit: int) -> dict[str, NodeForecast]:
        return {row.period: row for row in nodes if row.unit_id == unit}

    company = rows(on_groundwork.nodes, cast.company.pk)
    east, west = (rows(on_groundwork.nodes, unit.pk) for unit in (cast.east, cast.west))
    assert company["FY"].booked == east["FY"].booked + west["FY"].booked
    assert company["FY"].booked == rows(snapshot(plan=plan, as_of=NIGHT).nodes, cast.company.pk)["FY"].booked
    assert company["FY"].open > 0
    assert len(on_groundwork.deals) >= len(plain.deals)
    assert on_groundwork.conversions


def test_lessons_from_no_history_are_priors(cast: Cast) -> None:
    make_pipeline()

    learnt = replayed(learn(as_of=MONTH, time_zone=ZONE, lines=0), as_of=MONTH, time_zone=ZONE, lines=0)

    assert learnt.replays == []
    assert len(learnt.lessons.edges) == 0
