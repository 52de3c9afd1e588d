"""What is shown in place of a forecast that has not shown skill: the run rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from core.models import JobRun
from core.money import CENT
from planning.models import NodeForecast, Plan

from .actuals import actuals, by_person, by_unit, sum_of, unit_parents
from .calendars import WorkCalendar
from .forecasts import Line, Node
from .simple import RUN_DAYS, working_days
from .track_record import has_skill, key_of


@dataclass(frozen=True)
class Pace:
    """What a working day brought to each unit and person over the last thirteen weeks, and how many are left of the period."""

    units: Mapping[int, Decimal]
    people: Mapping[int, Decimal]
    days_left: int

    def of(self, node: Node) -> Decimal:
        if node.unit is not None:
            return self.units.get(node.unit.pk, Decimal(0))
        return self.people.get(node.person.pk, Decimal(0)) if node.person else Decimal(0)

    def run_rate(self, node: Node, row: NodeForecast) -> Decimal:
        """Won so far in the period, and the pace for the working days that are left."""
        return row.booked + (self.of(node) * self.days_left).quantize(CENT)


def pace_on(plan: Plan, as_of: date, *, until: date | None = None) -> Pace:
    """
    Read the pace of the weeks before a day. Four queries, whatever the number of people.

    :param until: the day after the period; None = the year's end
    """
    calendar = WorkCalendar()
    since = as_of - timedelta(days=RUN_DAYS)
    rows = actuals(first=since, after=as_of, time_zone=plan.time_zone)
    worked = max(working_days(calendar, since, as_of), 1)
    return Pace(
        units={unit: sum_of(won).revenue / worked for unit, won in by_unit(rows, unit_parents()).items()},
        people={person: sum_of(won).revenue / worked for person, won in by_person(rows).items()},
        days_left=working_days(calendar, max(as_of, plan.fiscal_year.first_date), until or plan.fiscal_year.after_date),
    )


def with_run_rates(lines: Sequence[Line], *, plan: Plan, run: JobRun, until: date | None = None) -> list[Line]:
    """
    Return the lines of a roll-up, each with its run rate where its forecast has not shown skill.

    :param until: the day after the lines' period; None = the year's end
    """
    verdicts = has_skill([line.node for line in lines])
    hidden = {key for key, verdict in verdicts.items() if verdict.hides}
    if not hidden:
        return list(lines)
    pace = pace_on(plan, run.business_date, until=until)
    return [
        replace(line, run_rate=pace.run_rate(line.node, line.year)) if key_of(line.node) in hidden else line
        for line in lines
    ]
