"""
Do the chances of targets come true? Nights of the year before are made again, and targets that might have been set are held
against what came: of every unit, of revenue, wins and a count of a stage, of all sales and of parts of them.

A target asks for a multiple of what the same unit and part brought in the year before that. Targets of one company and one
year are not independent of each other: the table says how far off the chances are, not how sure that is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from time import process_time
from typing import Any

import numpy as np
from django.utils import timezone

from bench.report import table
from core.periods import add_months
from customers.models import ProductLine, Region, Stage
from planning import services
from planning.models import FiscalYear, Metric, Plan, Target
from planning.queries.actuals import metric_actuals
from planning.queries.metrics import metric_of
from planning.queries.scope_tables import Cells, Circle
from planning.queries.scopes import trees
from planning.queries.target_chances import target_chances
from teams.models import Capability, OrgUnit, User

MONTHS = (1, 4, 7, 10)  # of the year, over which a night is made again
MULTIPLES = (0.7, 0.9, 1.1, 1.3, 1.6)
BINS = 10


@dataclass(frozen=True)
class Said:
    """A chance that was said, and whether the target was reached; value None: it was not known."""

    what: str
    value: float | None
    reached: bool


def measure(plan: Plan) -> None:
    """Print how often targets were reached, by what was said of them and by what they ask for."""
    said, spent, targets = [], 0.0, 0
    past = _year_before(plan)
    asked = list(_asked(past))
    for month in MONTHS:
        as_of = add_months(past.fiscal_year.first_date, month)
        services.run_forecast(plan=past, as_of=as_of, clock=timezone.now)
        begun = process_time()
        found = target_chances([target for _what, target, _came in asked], version=past.versions.get(), as_of=as_of)
        spent, targets = spent + process_time() - begun, targets + len(asked)
        said += [Said(what, found[target.pk].value, came >= float(target.total)) for what, target, came in asked]
    known = [one for one in said if one.value is not None and 0 < one.value < 1]
    value = np.array([one.value for one in known], np.float64)
    place = np.minimum((value * BINS).astype(int), BINS - 1)
    rows = []
    for number in sorted(set(place.tolist())):
        some = [one for one, at in zip(known, place.tolist(), strict=True) if at == number]
        rows.append((f"{number / BINS:.1f} to {(number + 1) / BINS:.1f}", *_scores(some)))
    kinds = dict.fromkeys(one.what for one in said)
    rows += [(kind, *_scores([one for one in known if one.what == kind])) for kind in kinds]
    rows.append(("all", *_scores(known)))
    unknown = sum(one.value is None for one in said)
    title = f"Chances of targets: {len(said)} asked, {unknown} not known, {1000 * spent / targets:.1f} CPU ms each"
    table(title, ("said, or asked for", "targets", "said", "came", "Brier", "ECE"), rows)


def _year_before(plan: Plan) -> Plan:
    """The year before as a plan of its own, with a draft that holds nothing."""
    year = plan.fiscal_year
    planner = User.objects.filter(capabilities__contains=[Capability.ADMINISTRATOR]).earliest("pk")
    first = add_months(year.first_date, -12)
    past = FiscalYear.objects.create(year=year.year - 1, first_date=first, after_date=year.first_date)
    return services.create_plan(fiscal_year=past, actor=planner, currency=plan.currency, time_zone=plan.time_zone)


def _asked(past: Plan) -> Iterator[tuple[str, Target, float]]:
    """Yield what is asked for, the target (in no table), and what its year brought."""
    stage = Stage.objects.filter(kind=Stage.Kind.OPEN).order_by("-position").first()
    entries = Metric(
        code="bench-entries", name="Entries", kind=Metric.Kind.ENTRIES, unit=Metric.Unit.COUNT, stage=stage
    )
    entries.save()
    circle, version, year = Circle(trees()), past.versions.get(), past.fiscal_year
    scopes: list[dict[str, Any]] = [
        {},
        *({"product": line} for line in ProductLine.objects.all()),
        *({"region": region} for region in Region.objects.all()),
        *(
            {"product": line, "region": region}
            for line in ProductLine.objects.all()[:2]
            for region in Region.objects.all()
        ),
    ]
    key = 0
    for metric in (None, Metric.objects.get(code="wins"), entries):
        counts = metric_of(metric)
        before, within = (
            Cells.of(metric_actuals(metric=counts, first=first, after=after, time_zone=past.time_zone))
            for first, after in ((_earlier(year.first_date), year.first_date), (year.first_date, year.after_date))
        )
        for unit in OrgUnit.objects.order_by("pk"):
            for scope in scopes:
                none = {f"m{month:02}": Decimal(0) for month in range(1, 13)}
                row = Target(version=version, unit=unit, metric=metric, **scope, **none)
                last, came = (_sum(cells, row, circle) for cells in (before, within))
                for multiple in MULTIPLES if last else ():
                    key += 1
                    target = Target(pk=-key, version=version, unit=unit, metric=metric, **scope, **none)
                    target.m12 = target.total = Decimal(repr(round(last * multiple, 2)))
                    name = "revenue" if metric is None else metric.kind
                    yield f"{name} of {'a part of the' if scope else 'all'} sales", target, came


def _earlier(day: date) -> date:
    return add_months(day, -12)


def _sum(cells: Cells, target: Target, circle: Circle) -> float:
    mine, part = cells.covered_by(target, circle)
    return float(cells.value[mine & part].sum())


def _scores(said: Sequence[Said]) -> tuple[str, ...]:
    """Number, mean chance, share that came, Brier score and expected calibration error over ten bins."""
    if not said:
        return ("0", "", "", "", "")
    value = np.array([one.value for one in said], np.float64)
    came = np.array([one.reached for one in said], np.float64)
    place = np.minimum((value * BINS).astype(int), BINS - 1)
    off = [abs(float((value - came)[place == number].sum())) for number in set(place.tolist())]
    brier = float(((value - came) ** 2).mean())
    return (str(len(said)), f"{value.mean():.3f}", f"{came.mean():.3f}", f"{brier:.3f}", f"{sum(off) / len(said):.3f}")
