"""
What the reps of the demo company did for their deals: the first answer to a lead, the visits, what was agreed in them.

A simulation of its own with one generator per deal, so that the deals stay as they are told. In it: website leads are
answered fast and those from trade fairs slowly, better reps answer sooner and end more visits in a next step, and one in ten
leads has nothing written down before it moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from .story import SEED, Story, working_time

# working hours to the first answer, by lead source: trade fair, referral, website, partner, cold call
ANSWER_HOURS = (2.6, 0.9, 0.5, 1.1, 0.4)
BEGINS, HOURS = time(1), 9.0  # of the working day in China, in UTC
NEXT_STEP = 0.72


@dataclass(frozen=True)
class Act:
    """One activity: done, or due and then done unless its day lies ahead or the deal had ended before."""

    kind: str
    done: datetime | None
    due: datetime | None = None


def acts_of(story: Story, *, end: datetime) -> Iterator[Act]:
    """Tell what was done for one deal until a moment."""
    dice = np.random.default_rng((SEED, story.number))
    begin, last = story.steps[0].at, story.steps[-1]
    over = last.at if last.stage in ("Won", "Lost") else end
    answer = _later(begin, float(dice.lognormal(np.log(ANSWER_HOURS[story.channel] / story.rep.skill**2), 0.9)))
    kind = "call" if dice.random() < 0.6 else "mail"
    if dice.random() < 0.9 and answer < over:
        yield Act(kind, done=answer)
    for before, step in zip(story.steps, story.steps[1:], strict=False):
        if step.stage == "Visited" and before.stage != "Visited":
            yield from _visit(dice, story, step.at - timedelta(minutes=int(dice.integers(30, 180))), over=over, end=end)
        elif step.stage == "Quoted" and before.stage != "Quoted":
            yield Act("mail", done=step.at)


def _visit(dice: np.random.Generator, story: Story, at: datetime, *, over: datetime, end: datetime) -> Iterator[Act]:
    yield Act("visit", done=at)
    due = working_time(at + timedelta(days=float(dice.uniform(2, 17))))
    if dice.random() < NEXT_STEP * story.rep.skill**0.5 and due < over + timedelta(days=3):
        yield Act("meeting", done=due if due < min(over, end) else None, due=due)


def _later(at: datetime, hours: float) -> datetime:
    """A moment so many working hours later: nights and weekends do not count."""
    begin = datetime.combine(at.date(), BEGINS, UTC)
    left = hours
    while True:
        start = max(at, begin)
        room = HOURS - (start - begin).total_seconds() / 3600
        if begin.weekday() < 5 and left <= room:
            return start + timedelta(hours=left)
        left -= max(room, 0.0) if begin.weekday() < 5 else 0.0
        begin += timedelta(days=1)
