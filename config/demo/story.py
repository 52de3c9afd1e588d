"""
What the demo company sold: a pure simulation, one seed, the same history for the same day.

In it: a season with a dip around Spring Festival and a strong fourth quarter, reps who ramp up, stages that lose their share,
one stage that has weakened lately in one region (quotes in South China), a core customer that stopped buying, deals moved
back, reopened, amended, handed over, left without an amount, and forgotten ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from django.utils import timezone

from .cast import CHANNELS, CORE_CUSTOMER, CUSTOMERS, PRODUCTS, REPS, YEARS, Rep

SEED = 20260101
DEALS_A_MONTH = 13.0
SEASON = (0.95, 0.6, 1.0, 1.0, 1.05, 1.1, 0.95, 0.95, 1.15, 1.2, 1.1, 0.95)  # of creation, January first
# stage → share that goes on, median days, spread of the log of days
STEPS = {
    "Lead": (0.78, 6.0, 0.8),
    "Contacted": (0.66, 14.0, 0.7),
    "Visited": (0.62, 24.0, 0.6),
    "Quoted": (0.50, 34.0, 0.6),
}
ORDER = ("Lead", "Contacted", "Visited", "Quoted", "Won")
WEAK_SINCE_DAYS = 150
WEAK_REGION = "South China"
LOST_REASONS = ("Price", "No budget", "Competitor", "No decision", "Wrong timing")


@dataclass(frozen=True)
class Step:
    """One line of a deal's ledger: the stage entered (the same one where only the amount changed)."""

    stage: str
    at: datetime
    amount: int | None
    expected_close: date | None
    reason: str = ""


@dataclass
class Story:
    """One deal from its creation to the day of telling."""

    number: int
    rep: Rep
    customer: int
    product: int
    channel: int
    steps: list[Step] = field(default_factory=list)
    handed_over: datetime | None = None


def dawn(today: date) -> datetime:
    """Return when a day of the company begins: before it, all is history at whatever hour of the day it is told."""
    return datetime.combine(today, time(), timezone.get_default_timezone()).astimezone(UTC)


def stories(today: date) -> Iterator[Story]:
    """Tell every deal that was created in the three years before a day, oldest rep first; nothing happens on the day itself."""
    dice = np.random.default_rng(SEED)
    end = dawn(today)
    begin = today - timedelta(days=365 * YEARS)
    number = 0
    for rep in REPS:
        left = rep.left(today)
        day = max(begin, rep.hired(today))
        while day < (left or today):
            for _ in range(dice.poisson(_rate(rep, day, today))):
                number += 1
                yield _deal(dice, number=number, rep=rep, created=_moment(dice, day), end=end, left=left)
            day += timedelta(days=1)


def _rate(rep: Rep, day: date, today: date) -> float:
    """New deals of a day: none on weekends, fewer while ramping up, by season, growing by a tenth a year."""
    if day.weekday() >= 5:
        return 0.0
    ramp = min(1.0, 0.2 + (day - rep.hired(today)).days / 180)
    growth = 1.1 ** ((day - today).days / 365)
    return DEALS_A_MONTH / 21 * rep.skill * ramp * SEASON[day.month - 1] * growth


def _deal(
    dice: np.random.Generator, *, number: int, rep: Rep, created: datetime, end: datetime, left: date | None
) -> Story:
    story = Story(
        number=number,
        rep=rep,
        customer=_customer(dice, rep, created, end),
        product=int(dice.choice(len(PRODUCTS), p=(0.45, 0.35, 0.2))),
        channel=int(dice.choice(len(CHANNELS), p=[share for *_, share in CHANNELS])),
    )
    amount = int(
        round(float(dice.lognormal(10.9, 0.75)) * PRODUCTS[story.product][2] * (2 if story.customer == 0 else 1), -2)
    )
    known = dice.random() > 0.12
    at, stage = created, "Lead"
    story.steps.append(Step("Lead", at, amount if known else None, None))
    while stage not in ("Won", "Lost"):
        share, median, spread = STEPS[stage]
        wait = float(dice.lognormal(np.log(median), spread))
        at = working_time(at + timedelta(days=wait))
        if dice.random() < 0.02 and stage != "Quoted":
            break  # forgotten: nobody moves it again
        stage = _next(dice, stage, _chance(share, story, at, end))
        if at >= end:
            break
        if stage == "Quoted":
            known, amount = True, int(round(amount * float(dice.uniform(0.85, 1.2)), -2))
        plan = story.steps[-1].expected_close
        if stage in ("Visited", "Quoted"):
            plan = (at + timedelta(days=float(dice.lognormal(np.log(45 if stage == "Visited" else 32), 0.35)))).date()
        reason = str(dice.choice(LOST_REASONS)) if stage == "Lost" else ""
        story.steps.append(Step(stage, at, amount if known else None, plan, reason))
    _detour(dice, story, end)
    if left and story.steps[-1].stage not in ("Won", "Lost") and story.steps[0].at.date() < left:
        story.handed_over = datetime.combine(left, time(9), UTC)
    elif left:
        story.handed_over = _hand_over_in_between(story, left)
    return story


def _hand_over_in_between(story: Story, left: date) -> datetime | None:
    """A deal that closed after its rep had left was closed by the heir."""
    over = datetime.combine(left, time(9), UTC)
    return over if story.steps[0].at < over < story.steps[-1].at else None


def _chance(share: float, story: Story, at: datetime, end: datetime) -> float:
    """The share that goes on: by channel, skill, and the weakness of quotes in one region."""
    chance = share * (CHANNELS[story.channel][2] * story.rep.skill) ** 0.35
    weak = story.rep.unit.startswith(WEAK_REGION.split(" ", maxsplit=1)[0]) and end - at < timedelta(
        days=WEAK_SINCE_DAYS
    )
    if weak and story.steps[-1].stage == "Quoted":
        chance *= 0.3
    if story.customer == 0:
        chance *= 0.1 if end - at < timedelta(days=240) else 1.3  # the core customer bought, and now buys elsewhere
    return min(chance, 0.95)


def _next(dice: np.random.Generator, stage: str, chance: float) -> str:
    if dice.random() >= chance:
        return "Lost"
    place = ORDER.index(stage) + 1
    if stage == "Contacted" and dice.random() < 0.08:
        place += 1  # quoted without a visit
    return ORDER[place]


def _detour(dice: np.random.Generator, story: Story, end: datetime) -> None:
    """Now and then a lost deal is reopened and won, or a quote goes back to a visit."""
    last = story.steps[-1]
    later = working_time(last.at + timedelta(days=float(dice.uniform(10, 60))))
    if last.stage == "Lost" and len(story.steps) >= 4 and dice.random() < 0.05 and later < end:
        story.steps.append(Step("Quoted", later, last.amount, later.date() + timedelta(days=30), "Budget was found"))
        close = working_time(later + timedelta(days=float(dice.uniform(8, 40))))
        if close < end:
            story.steps.append(Step("Won", close, last.amount, later.date() + timedelta(days=30)))
    elif last.stage == "Quoted" and dice.random() < 0.15 and later < end:
        story.steps.append(
            Step("Visited", later, last.amount, last.expected_close, "New decision maker at the customer")
        )
    elif last.stage in ("Visited", "Quoted") and last.amount and dice.random() < 0.2 and later < end:
        pushed = (last.expected_close or later.date()) + timedelta(days=30)
        story.steps.append(Step(last.stage, later, int(round(last.amount * 0.9, -2)), pushed, "Discount asked for"))


def _customer(dice: np.random.Generator, rep: Rep, created: datetime, end: datetime) -> int:
    """A customer of the rep's own region; the core customer buys from the first rep of the east."""
    if rep.email == "rep@demo.example" and dice.random() < 0.25:
        return 0
    region = ("East", "South", "North").index(rep.unit.split(" ", maxsplit=1)[0])
    return 1 + region + 3 * int(dice.integers((CUSTOMERS - 4) // 3))


def _moment(dice: np.random.Generator, day: date) -> datetime:
    """A moment of a working day in China, in UTC."""
    return datetime.combine(day, time(1), UTC) + timedelta(minutes=int(dice.integers(0, 9 * 60)))


def working_time(at: datetime) -> datetime:
    """The same moment, or the Monday after it."""
    return at + timedelta(days=max(0, 7 - at.weekday()) if at.weekday() >= 5 else 0)


def customer_name(number: int) -> str:
    return CORE_CUSTOMER if number == 0 else f"Demo customer {number + 1:03}"
