"""The steps of `bench.scale`, each for a process of its own: it says what it measured."""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils import timezone

from bench import scale, scale_load
from bench.scale import ROWS
from core.models import JobRun, Publication, WorkerSeen
from core.periods import add_months
from core.wake import wake
from customers.models import StageEvent
from planning import services
from planning.forecasting import Ledger, Targets
from planning.forecasting import forecast as forecast_all
from planning.forecasting.expected import expect
from planning.forecasting.groundwork import added, condensed, learn_lessons, model_on, past_of, with_events
from planning.forecasting.replays import replays_of
from planning.models import GROUNDWORK, Groundwork, Plan
from planning.queries.groundwork import LESSON_LINES, PART, REPLAY_LINES
from planning.queries.history import DealHistory, day_number
from planning.queries.nights import Night, night_on
from planning.queries.settled import Kept, share_of, together

TODAY: Final = timezone.localdate()


def load(deals: int) -> dict[str, Any]:
    """Invent the company."""
    return scale_load.load(deals, TODAY)


def count() -> dict[str, Any]:
    """The same of a company that is there already."""
    return {"lines": StageEvent.objects.count()}


def timed(act: Callable[[], object]) -> dict[str, float]:
    """Run it, and say what it took of this process and of Postgres."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((backend,),) = cursor.fetchall()
    return scale.timed(act, backend=backend)


class _Nothing:
    def write(self, block: bytes) -> int:
        return len(block)


def copy() -> dict[str, Any]:
    """The floor: the rows leave Postgres and nobody keeps them."""

    def act() -> None:
        with connection.cursor() as cursor:
            for select in ROWS:
                cursor.copy_expert(f"COPY ({select}) TO STDOUT (FORMAT binary)", _Nothing())

    act()
    return timed(act)


def _plan() -> Plan:
    return Plan.objects.select_related("fiscal_year").get()


def lay(call: Callable[[int, int], None] = services.nobody) -> dict[str, Any]:
    """The groundwork of the month, from nothing."""
    Publication.objects.filter(job=GROUNDWORK).delete()
    JobRun.objects.filter(job=GROUNDWORK).delete()
    zone = _plan().time_zone

    def act() -> None:
        outcome = services.lay_groundwork(as_of=TODAY, time_zone=zone, clock=timezone.now, call=call)
        assert outcome == "published", outcome

    return timed(act)


def lay_helped() -> dict[str, Any]:
    """The same with the help of a Celery worker."""
    return lay(lambda run, parts: wake("planning.tasks.help_with_groundwork", run=run))


def wait() -> dict[str, Any]:
    """Until a worker has said that it is there."""
    for _ in range(600):
        if WorkerSeen.objects.exists():
            return {}
        time.sleep(0.1)
    raise SystemExit("no worker came")


def _tonight() -> tuple[Night, dict[str, int]]:
    row = Groundwork.objects.defer("lessons").get()
    night = night_on(row, as_of=TODAY, time_zone=_plan().time_zone)
    return night, {"parts": row.parts}


def night() -> dict[str, Any]:
    """A night on groundwork up to the expected values and the chance of every open deal."""
    found: dict[str, Any] = {}

    def act() -> None:
        tonight, facts = _tonight()
        ledger, ends = tonight.history.ledger, _edges()[1:] - day_number(TODAY)
        people = len(tonight.history.owner_ids)
        expected = expect(
            ledger,
            tonight.history.funnel,
            as_of=day_number(TODAY),
            ends=ends[ends > 0],
            leaf=ledger.owner,
            n_leaves=people,
            model=tonight.model,
        )
        start = day_number(TODAY.replace(day=1))
        found.update(
            facts | {"open deals": len(expected.seen.deal), "lines of the month": int((ledger.day >= start).sum())}
        )

    return timed(act) | found


def reckon(deals: int) -> dict[str, Any]:
    """The same without Postgres: invented lines in arrays, the groundwork part by part, then the night."""
    told = scale_load.tales(deals, owners=scale_load.owners_of(deals), today=day_number(TODAY))
    ledger, funnel = scale_load.ledger_of(told), scale_load.funnel()
    start, today = day_number(TODAY.replace(day=1)), day_number(TODAY)
    found: dict[str, Any] = {"lines": {"n": ledger.n_events}}
    lines = ledger.before(start).n_events
    step, parts = max(1, -(-lines // LESSON_LINES)), max(1, -(-lines // PART))
    some = ledger if step == 1 else scale_load.part_of(ledger, np.arange(deals) % step == 0)
    few = scale_load.part_of(ledger, np.arange(deals) % max(1, -(-lines // REPLAY_LINES)) == 0)
    made: dict[str, Any] = {}

    def lessons() -> None:
        made["lessons"] = learn_lessons(some, funnel, as_of=start)

    def replays() -> None:
        leaves, people = few.owner, int(few.owner.max()) + 1
        made["replays"] = replays_of(few, funnel, as_of=start, calendar=_edges(), leaves=leaves, n_leaves=people)

    found["lessons"], found["replays"] = scale.timed(lessons), scale.timed(replays)
    pasts, kept, month = [], [], TODAY.replace(day=1)
    found["past"] = found["settled"] = scale.timed(lambda: None)
    for number in range(parts):  # cutting the arrays into parts stands for reading them
        first, after = number * deals // parts, (number + 1) * deals // parts
        mine = scale_load.part_of(ledger, (np.arange(deals) >= first) & (np.arange(deals) < after))
        history = scale_load.history_of(mine.before(start))

        def past(share: Ledger = mine) -> None:
            pasts.append(past_of(share, funnel, made["lessons"]))
            condensed(share, start)

        def settled(told: DealHistory = history) -> None:
            kept.append(share_of(told, as_of=month))

        found["past"] = _both(found["past"], scale.timed(past))
        found["settled"] = _both(found["settled"], scale.timed(settled))

    def whole() -> None:
        made["past"] = added(pasts)
        for topic in ("rates", "steps"):
            together([Kept.unpack(getattr(one, topic)) for one in kept]).pack()

    found["settled"] = _both(found["settled"], scale.timed(whole))
    base, new = condensed(ledger, start), ledger.day >= start
    since: dict[str, Any] = {
        "deal": ledger.deal[new],
        "state": ledger.state[new],
        "day": ledger.day[new],
        "amount": ledger.amount[new],
    }
    live = with_events(base, **since, close=ledger.closes[new])
    ends = _edges()[1:] - today

    def hazards() -> None:
        made["model"] = model_on(made["lessons"], made["past"], live, funnel, as_of=today)

    def chances() -> None:
        expect(
            live,
            funnel,
            as_of=today,
            ends=ends[ends > 0],
            leaf=live.owner,
            n_leaves=int(live.owner.max()) + 1,
            model=made["model"],
        )

    found["hazards"], found["chances"] = scale.timed(hazards), scale.timed(chances)
    return found


def _both(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """What two pieces of work took."""
    return {name: max(one[name], other[name]) if name == "peak" else one[name] + other[name] for name in one}


def _edges() -> Any:
    return np.array([day_number(add_months(TODAY.replace(day=1), step)) for step in range(13)])


def forecast() -> dict[str, Any]:
    """The whole forecast of the night, all people and months simulated, after the reading."""
    tonight, _ = _tonight()
    ledger, people = tonight.history.ledger, len(tonight.history.owner_ids)
    nodes = np.vstack([np.ones((1, people)), np.eye(people)]).astype(bool)

    def act() -> None:
        forecast_all(
            ledger,
            tonight.history.funnel,
            as_of=day_number(TODAY),
            calendar=_edges(),
            leaves=ledger.owner,
            nodes=nodes,
            targets=Targets.none(),
            seed=1,
            model=tonight.model,
            replays=tonight.replays_for(tuple(tonight.history.owner_ids.tolist())),
        )

    return timed(act)


def publish() -> dict[str, Any]:
    """The night as the product runs it: everything read, forecast, measured and written."""
    plan = _plan()

    def act() -> None:
        outcome = services.run_forecast(plan=plan, as_of=TODAY, clock=timezone.now, again=True)
        assert outcome == "published", outcome

    return timed(act)


def watch() -> dict[str, Any]:
    """The watch over conversions, its warnings and levers written."""
    plan = _plan()

    def act() -> None:
        outcome = services.watch_conversions(plan=plan, as_of=TODAY, clock=timezone.now, again=True)
        assert outcome == "published", outcome

    return timed(act)
