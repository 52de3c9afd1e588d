"""The invented company of the measurement by size: histories drawn as arrays, written by COPY."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from bench.world import into_force
from customers import services as customers
from customers.models import Channel, ProductLine, Region, Stage
from planning import services as planning
from planning.forecasting import Funnel, Ledger
from planning.models import Target
from planning.queries.history import DealHistory, day_number
from teams import services as teams
from teams.models import Capability, Company, OrgUnit, User

Ints = npt.NDArray[np.int64]
STAGES, YEARS, TEAM, SEED = 10, 3, 10, 20_260_101
DAYS_IN_STAGE, LOST, AMENDED, DATED = 18.0, 0.055, 0.35, 0.4
WORDS = {ProductLine: 12, Channel: 6, Region: 8}


@dataclass(frozen=True)
class Tales:
    """Lines (n,) in order: deal, state (0 … STAGES - 1 open, then won, then lost), day, amount, close; what each deal is."""

    lines: dict[str, npt.NDArray[Any]]
    deals: dict[str, Ints]


def tales(deals: int, *, owners: int, today: int) -> Tales:
    """Draw histories: ten open stages, some amendments, owners of different skill, closing dates for some."""
    dice = np.random.default_rng(SEED)
    created = np.sort(today - dice.integers(1, 365 * YEARS, deals))
    owner = dice.integers(0, owners, deals)
    skill = np.exp(dice.normal(0, 0.2, owners))[owner]
    amount = np.exp(dice.normal(9, 1, deals)).round(2)
    close = np.where(dice.random(deals) < DATED, created + dice.integers(20, 150, deals), -1)
    at, alive = created.copy(), np.ones(deals, np.bool_)
    rows: list[tuple[npt.NDArray[Any], ...]] = []

    def put(who: Ints, state: int, day: Ints) -> None:
        rows.append((who, np.full(len(who), state), day, amount[who].round(2)))

    for state in range(STAGES):
        here = np.flatnonzero(alive)
        put(here, state, at[here])
        stay = np.ceil(dice.exponential(DAYS_IN_STAGE / skill[here])).astype(np.int64)
        some = np.flatnonzero((dice.random(len(here)) < AMENDED) & (at[here] + stay // 2 < today))
        amount[here[some]] *= dice.uniform(0.9, 1.1, len(some))
        put(here[some], state, at[here[some]] + stay[some] // 2)
        at[here] += stay
        gone = at[here] < today
        lost = here[gone & (dice.random(len(here)) < LOST / skill[here])]
        put(lost, STAGES + 1, at[lost])
        alive[here[~gone]] = False
        alive[lost] = False
    put(np.flatnonzero(alive), STAGES, at[alive])
    deal, state, day, value = (np.concatenate([row[i] for row in rows]) for i in range(4))
    order = np.lexsort((np.arange(len(deal)), deal))
    lines = {"deal": deal[order], "state": state[order], "day": day[order], "amount": value[order]}
    words = {kind.__name__: dice.integers(0, size, deals) for kind, size in WORDS.items()}
    return Tales(lines, {"created": created, "owner": owner, "close": close, **words})


def funnel() -> Funnel:
    """The states of the tales."""
    return Funnel.of([*range(STAGES), -1, -1], [0] * STAGES + [1, 0], [0] * STAGES + [0, 1])


def ledger_of(told: Tales) -> Ledger:
    """The tales as the arithmetic reads them."""
    narrow = {name: column.astype(np.int32) for name, column in told.lines.items() if name != "amount"}
    deals = {name: column.astype(np.int32) for name, column in told.deals.items()}
    return Ledger(
        **narrow,
        amount=told.lines["amount"],
        owner=deals["owner"],
        product=deals["ProductLine"],
        channel=deals["Channel"],
        region=deals["Region"],
        close=deals["close"],
        created=deals["created"],
        event_close=deals["close"][narrow["deal"]],
    )


def part_of(ledger: Ledger, keep: npt.NDArray[np.bool_]) -> Ledger:
    """Some deals and their lines."""
    rows = keep[ledger.deal]
    place = np.cumsum(keep, dtype=np.int32) - 1
    per_line = {name: getattr(ledger, name)[rows] for name in ("state", "day", "amount")}
    per_deal = {
        name: getattr(ledger, name)[keep] for name in ("owner", "product", "channel", "region", "close", "created")
    }
    return Ledger(deal=place[ledger.deal[rows]], event_close=ledger.closes[rows], **per_line, **per_deal)


def history_of(ledger: Ledger) -> DealHistory:
    """Some of the tales as a night knows them; deals without a line yet are left out."""
    some = part_of(ledger, np.bincount(ledger.deal, minlength=ledger.n_deals) > 0)
    keys = [np.arange(int(getattr(some, name).max()) + 1) for name in ("owner", "product", "channel", "region")]
    return DealHistory(some, funnel(), np.arange(some.n_deals), np.arange(STAGES + 2), *keys)


def load(deals: int, today: date) -> dict[str, int]:
    """Fill an empty database; foreign keys are not asked, they hold by construction."""
    admin = User.objects.create_user("admin@bench.example", name="Administrator", capabilities=[*Capability])
    Company.objects.create(name="Bench")
    root = teams.create_unit(actor=admin, name="Bench", kind=OrgUnit.Kind.COMPANY, parent=None)
    pipeline = customers.create_pipeline(actor=admin, name="Sales")
    Stage.objects.filter(pipeline=pipeline).delete()
    kinds = [Stage.Kind.OPEN] * STAGES + [Stage.Kind.WON, Stage.Kind.LOST]
    stages = [
        Stage.objects.create(pipeline=pipeline, name=f"Stage {place}", kind=kind, position=place)
        for place, kind in enumerate(kinds, start=1)
    ]
    words = {
        kind.__name__: [customers.add_word(kind=kind, actor=admin, name=f"{kind.__name__} {n}").pk for n in range(size)]
        for kind, size in WORDS.items()
    }
    owners = owners_of(deals)
    people = _people(admin, root, owners, since=today - timedelta(days=366 * YEARS))
    version = planning.begin_year(year=today.year, total=Decimal(12_000_000), actor=admin, split=Target.Split.EVEN)
    into_force(version, admin, today)
    told = tales(deals, owners=owners, today=day_number(today))
    keys = {name: np.array(values) for name, values in words.items()}
    _write(told, np.array([stage.pk for stage in stages]), np.array(people), keys, pipeline.pk)
    return {"lines": len(told.lines["deal"]), "root": root.pk}


def owners_of(deals: int) -> int:
    """How many people share so many deals."""
    return max(20, min(200, deals // 500))


def _people(admin: User, root: OrgUnit, owners: int, *, since: date) -> list[int]:
    """Reps in teams, teams in two regions; their keys."""
    regions = [
        teams.create_unit(actor=admin, name=f"Region {n}", kind=OrgUnit.Kind.REGION, parent=root, position=n)
        for n in range(2)
    ]
    units = [
        teams.create_unit(actor=admin, name=f"Team {n:02}", kind=OrgUnit.Kind.TEAM, parent=regions[n % 2], position=n)
        for n in range(owners // TEAM)
    ]
    return [
        teams.create_person(
            actor=admin,
            email=f"rep{n}@bench.example",
            name=f"Rep {n:03}",
            capabilities=[Capability.REP],
            unit=units[n % len(units)],
            from_date=since,
            hired_date=since,
        ).pk
        for n in range(owners)
    ]


def _write(told: Tales, stages: Ints, people: Ints, words: dict[str, Ints], pipeline: int) -> None:
    lines, deals = told.lines, told.deals
    first = np.r_[True, lines["deal"][1:] != lines["deal"][:-1]]
    begins = np.flatnonzero(first)
    seq = np.arange(len(first)) - np.repeat(begins, np.diff(np.r_[begins, len(first)])) + 1
    moved = np.r_[True, lines["state"][1:] != lines["state"][:-1]] | first
    last = np.r_[first[1:], True]
    since = np.maximum.accumulate(np.where(moved, np.arange(len(first)), 0))[last]
    # In order of time, as a company's own lines would have been written: a deal's lines lie far apart in the table.
    by_day = np.lexsort((seq, lines["deal"], lines["day"]))
    with connection.cursor() as cursor:
        cursor.execute(_UNASKED)
        cursor.execute(
            "CREATE TEMP TABLE told (deal int8, seq int8, before int8, stage int8, day int8, amount float8, close int8)"
        )
        before = np.where(first, -1, np.r_[0, stages[lines["state"]][:-1]])
        columns = (
            lines["deal"] + 1,
            seq,
            before,
            stages[lines["state"]],
            lines["day"],
            lines["amount"],
            deals["close"][lines["deal"]],
        )
        for part in np.array_split(by_day, max(1, len(by_day) // 500_000)):
            _copy(cursor, "told", [column[part] for column in columns])
        cursor.execute(
            "CREATE TEMP TABLE dealt (id int8, owner int8, product int8, channel int8, region int8, stage int8, created int8,"
            " since int8, amount float8, close int8, lines int8)"
        )
        _copy(
            cursor,
            "dealt",
            [
                np.arange(len(deals["created"])) + 1,
                people[deals["owner"]],
                *(words[kind.__name__][deals[kind.__name__]] for kind in WORDS),
                stages[lines["state"][last]],
                deals["created"],
                lines["day"][since],
                lines["amount"][last],
                deals["close"],
                seq[last],
            ],
        )
        cursor.execute(_TELL, [pipeline])
        cursor.execute("ANALYZE")


# A company's own lines come one by one; millions at once would be asked for their foreign keys for minutes.
_UNASKED = """
SET statement_timeout = 0;
DO $$
DECLARE rule record;
BEGIN
    FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint WHERE contype = 'f' AND conrelid IN (
        'customers_deal'::regclass, 'customers_dealownership'::regclass, 'customers_stageevent'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.conname);
    END LOOP;
END $$;
"""
_TELL = """
INSERT INTO customers_deal (id, title, source, external_id, owner_id, product_id, channel_id, region_id, pipeline_id, stage_id,
    amount, expected_close_date, created_date, stage_since, closed_date, is_demo, version, last_seq)
SELECT dealt.id, 'Deal ' || dealt.id, '', '', owner, product, channel, region, %s, stage, round(amount::numeric, 2),
    CASE WHEN close >= 0 THEN DATE '1970-01-01' + close::int END, DATE '1970-01-01' + created::int,
    (DATE '1970-01-01' + since::int) + interval '4 hours',
    CASE WHEN kind <> 'open' THEN DATE '1970-01-01' + since::int END, false, lines, lines
FROM dealt JOIN customers_stage ON customers_stage.id = stage;
INSERT INTO customers_dealownership (deal_id, owner_id, valid_from, recorded_at)
SELECT id, owner, (DATE '1970-01-01' + created::int) + interval '4 hours', now() FROM dealt;
INSERT INTO customers_stageevent (deal_id, seq, kind, from_stage_id, to_stage_id, amount, expected_close_date, reason,
    occurred_at, recorded_at)
SELECT deal, seq, CASE WHEN seq = 1 THEN 'create' WHEN before = stage THEN 'amend' ELSE 'move' END, NULLIF(before, -1), stage,
    round(amount::numeric, 2), CASE WHEN close >= 0 THEN DATE '1970-01-01' + close::int END, '',
    (DATE '1970-01-01' + day::int) + interval '4 hours', (DATE '1970-01-01' + day::int) + interval '4 hours'
FROM told;
"""


def _copy(cursor: Any, table: str, columns: list[npt.NDArray[Any]]) -> None:
    """Binary COPY of numbers into a table of int8 and float8."""
    record = np.dtype(
        [("fields", ">i2")]
        + [
            part
            for place, column in enumerate(columns)
            for part in ((f"length {place}", ">i4"), (f"{place}", ">f8" if column.dtype.kind == "f" else ">i8"))
        ]
    )
    rows = np.empty(len(columns[0]), record)
    rows["fields"] = len(columns)
    for place, column in enumerate(columns):
        rows[f"length {place}"] = 8
        rows[f"{place}"] = column
    body = b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff"
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", BytesIO(body))
