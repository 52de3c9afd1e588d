"""Warnings and levers as pages, mails and the API read them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import JobRun, Publication
from core.templatetags.formats import money, number
from customers.models import Channel, ProductLine, Region, Stage
from planning import policies
from planning.forecasting.levers import LEVELS, Standing, chance_after
from planning.forecasting.mix import IN_TIME, Cause
from planning.models import WARNINGS_JOB, By, ConversionWarning, Lever, NodeForecast, Plan, RateSettings, Watched
from planning.models.warnings import WarningQuerySet
from teams.models import Company, Membership, OrgUnit, User

from .advice import CAUSES, Role, action_for, role_of
from .forecasts import YEAR, Node, shown_run

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Key = tuple[str, int]
SHOWN_LEVERS = 30
MINUTES_OF_HOUR = 60
_QUANTILES = ("p025", "p10", "p25", "p50", "p75", "p90", "p975")


@dataclass(frozen=True)
class WarningLine:
    """A warning with the names that stand for its keys, its cause and what to do first."""

    warning: ConversionWarning
    name: str
    action: "_StrPromise"
    cause: "_StrPromise"

    @property
    def ratio(self) -> float | None:
        expected = self.warning.facts.get("expected")
        return self.warning.facts["observed"] / expected if expected else None

    @property
    def drop(self) -> float | None:
        """How far below history: 0.3 = thirty per cent fewer went on than expected."""
        return None if self.ratio is None else 1 - self.ratio


def warning_list(user: User) -> WarningQuerySet:
    return ConversionWarning.objects.visible_to(user).select_related("stage", "owner", "plan")


def waiting_count(user: User) -> int:
    """Return how many warnings ask for the person's attention: the number at the bell."""
    return ConversionWarning.objects.visible_to(user).waiting().count()


def top_warnings(user: User, *, most: int = 3) -> list[WarningLine]:
    return lines_of(warning_list(user).waiting().order_by("-at_stake", "pk")[:most])


def lines_of(warnings: Iterable[ConversionWarning]) -> list[WarningLine]:
    """Dress warnings for reading; a fixed number of queries."""
    rows = list(warnings)
    names = names_of({(row.by, row.member) for row in rows})
    roles = _roles()
    return [
        WarningLine(
            row,
            names[row.by, row.member],
            action_for(roles.get(row.stage_id, Role.LEAD), _cause(row)),
            CAUSES[_cause(row)],
        )
        for row in rows
    ]


def _cause(warning: ConversionWarning) -> Cause:
    return Cause(warning.facts.get("cause", Cause.RATE))


def _roles() -> dict[int, Role]:
    """What each open stage is for."""
    by_pipeline: dict[int, list[Stage]] = defaultdict(list)
    for stage in Stage.objects.open().order_by("pipeline", "position"):
        by_pipeline[stage.pipeline_id].append(stage)
    return {
        stage.pk: role_of(stage, place=place, of=len(stages))
        for stages in by_pipeline.values()
        for place, stage in enumerate(stages)
    }


def names_of(keys: Collection[Key]) -> dict[Key, str]:
    """Return the name of each member of a grouping; what is gone is named by its number."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for by, member in keys:
        wanted[by].add(member)
    names = {key: f"#{key[1]}" for key in keys}
    tables: dict[By, type[Model]] = {
        By.UNIT: OrgUnit,
        By.PERSON: User,
        By.PRODUCT: ProductLine,
        By.CHANNEL: Channel,
        By.REGION: Region,
    }
    for by, table in tables.items():
        if wanted[by]:
            names |= {(by, row.pk): str(row) for row in table._default_manager.filter(pk__in=wanted[by])}
    if wanted[By.COMPANY] or wanted[By.BAND]:
        company = Company.objects.the_one()
        names |= {(By.COMPANY, member): company.name for member in wanted[By.COMPANY]}
        names |= {(By.BAND, member): band_name(member, company.currency) for member in wanted[By.BAND]}
    return names


def band_name(low: int, currency: str) -> str:
    """Name a deal size by its bounds; they go 1, 2, 5, 10 …"""
    if not low:
        return _("up to %(high)s") % {"high": money(1_000, currency)}
    high = low * 5 // 2 if str(low).startswith("2") else low * 2
    return f"{money(low, currency)} – {money(high, currency)}"


@dataclass(frozen=True)
class SplitLine:
    """One level of an attribute: how many left at it, and how many of those went on, before and now."""

    name: str
    before: int
    now: int
    rate_before: float | None
    rate_now: float | None


@dataclass(frozen=True)
class SplitTable:
    """The change of the share that went on, by one attribute: how much is mix, how much is rate."""

    cause: str
    label: "_StrPromise | str"
    mix: float
    rate: float
    lines: list[SplitLine]
    explains: Decimal | None  # of the money at stake; None where the share that went on has not fallen

    @property
    def mix_points(self) -> float:
        """In percentage points."""
        return 100 * self.mix

    @property
    def rate_points(self) -> float:
        return 100 * self.rate


def split_tables(warning: ConversionWarning, user: User) -> list[SplitTable]:
    """Return the mix/rate splits of a warning; by owner only for who manages the cell."""
    splits: Mapping[str, Any] = warning.facts.get("splits", {})
    labels: dict[Cause, tuple[str, _StrPromise | str]] = {
        Cause.CHANNEL: (By.CHANNEL, By.CHANNEL.label),
        Cause.RESPONSE: (Cause.RESPONSE, _("First answer")),
        Cause.OWNER: (By.PERSON, By.PERSON.label),
        Cause.PRODUCT: (By.PRODUCT, By.PRODUCT.label),
        Cause.BAND: (By.BAND, By.BAND.label),
    }
    shown = {
        cause: by_label
        for cause, by_label in labels.items()
        if len(splits.get(cause, {}).get("rows", [])) > 1
        and (cause != Cause.OWNER or policies.can_handle_warning(user, warning))
    }
    keys = {
        (by, row["member"])
        for cause, (by, _l) in shown.items()
        for row in splits[cause]["rows"]
        if row["member"] is not None
    }
    names = names_of(keys) | _answer_names(warning)
    return [
        SplitTable(
            str(cause),
            label,
            splits[cause]["mix"],
            splits[cause]["rate"],
            [
                SplitLine(
                    _("unknown") if row["member"] is None else names[by, row["member"]],
                    row["before"],
                    row["now"],
                    row["rate_before"],
                    row["rate_now"],
                )
                for row in splits[cause]["rows"]
            ],
            None if (money := splits[cause].get("explains")) is None else Decimal(repr(money)),
        )
        for cause, (by, label) in shown.items()
    ]


def _answer_names(warning: ConversionWarning) -> dict[Key, str]:
    """The two levels of the first answer: within the cell's own usual time, or not."""
    found = warning.facts.get("answers")
    if not found:
        return {}
    time = waiting_time(found["usual"], found["unit"])
    return {
        (Cause.RESPONSE, IN_TIME): _("within %(time)s") % {"time": time},
        (Cause.RESPONSE, 1 - IN_TIME): _("later, or not yet"),
    }


def waiting_time(amount: float, unit: str) -> str:
    """A time that leads waited for their first answer, in words: 2.5 working hours."""
    if unit == RateSettings.Unit.DAYS:
        days = round(amount)
        return ngettext("%(n)s working day", "%(n)s working days", days) % {"n": days} if days else _("the same day")
    if amount < MINUTES_OF_HOUR:
        minutes = round(amount)
        return ngettext("%(n)s working minute", "%(n)s working minutes", minutes) % {"n": minutes}
    hours = amount / MINUTES_OF_HOUR
    return ngettext("%(n)s working hour", "%(n)s working hours", ceil(hours)) % {"n": number(hours, 1)}


@dataclass(frozen=True)
class AnswerLine:
    """How many of the deals that left were answered within the usual time, before and now."""

    time: str
    before: int
    now: int
    in_time_before: float
    in_time_now: float
    low: float
    high: float

    @property
    def points(self) -> float:
        """The change in percentage points."""
        return 100 * (self.in_time_now - self.in_time_before)

    @property
    def low_points(self) -> float:
        return 100 * self.low

    @property
    def high_points(self) -> float:
        return 100 * self.high


def answer_line(warning: ConversionWarning) -> AnswerLine | None:
    """How soon leads were answered; None where too few answers are recorded to tell."""
    found = warning.facts.get("answers")
    if not found:
        return None
    rest = {name: found[name] for name in ("before", "now", "in_time_before", "in_time_now", "low", "high")}
    return AnswerLine(time=waiting_time(found["usual"], found["unit"]), **rest)


def evidence(warning: ConversionWarning, user: User) -> dict[str, Any]:
    """Return the facts that the user may see: what concerns single colleagues is for who manages the cell."""
    facts = dict(warning.facts)
    if not policies.can_handle_warning(user, warning):
        facts["cause_person"] = None
        facts["splits"] = {name: part for name, part in facts.get("splits", {}).items() if name != Cause.OWNER}
    return facts


@dataclass(frozen=True)
class LeverLine:
    """A stage of a unit or person: what moving it would bring, to the node that is shown."""

    lever: Lever
    name: str
    node: Node | None
    aim: str  # "usual" or "peers": whichever brings more
    gain: Decimal
    chance_before: float | None
    chance_after: float | None
    action: "_StrPromise"

    @property
    def rate_aim(self) -> float | None:
        return self.lever.rate_usual if self.aim == "usual" else self.lever.rate_peers

    @property
    def lift(self) -> float | None:
        if self.chance_after is None or self.chance_before is None:
            return None
        return self.chance_after - self.chance_before


def lever_run(plan: Plan) -> JobRun | None:
    """Return the night whose levers are shown."""
    shown = Publication.objects.filter(job=WARNINGS_JOB, scope=str(plan.pk)).select_related("run").first()
    return shown.run if shown else None


def watched(plan: Plan) -> Watched | None:
    run = lever_run(plan)
    return Watched.objects.filter(run=run).first() if run else None


def lever_lines(plan: Plan, *, user: User, node: Node) -> list[LeverLine]:
    """
    Return the stages below a node whose mending adds most to the chance of the node's own target, best first.

    Of a unit: the units directly below; where there are none, its people. Of a person: their own stages. Those with too few
    cases to tell come last.
    """
    run = lever_run(plan)
    if run is None:
        return []
    visible = Lever.objects.visible_to(user).filter(run=run).select_related("stage")
    rows = _below(visible, node, run.business_date)
    standing = _standing(plan, node)
    roles, names = _roles(), names_of({(row.by, row.member) for row in rows})
    units = {row.pk: row for row in OrgUnit.objects.filter(pk__in=[row.member for row in rows if row.by == By.UNIT])}
    lines = []
    for row in rows:
        peers = row.gain_peers or Decimal(0)
        gain, aim = max((row.gain_usual, "usual"), (peers, "peers"), key=lambda pair: pair[0])
        if not gain:
            continue
        lines.append(
            LeverLine(
                lever=row,
                name=names[row.by, row.member],
                node=Node(unit=units[row.member]) if row.by == By.UNIT and row.member in units else None,
                aim=aim,
                gain=gain,
                chance_before=standing.p_attain if standing else None,
                chance_after=chance_after(standing, float(gain)) if standing else None,
                action=action_for(roles.get(row.stage_id, Role.LEAD), Cause(row.cause)),
            )
        )
    lines.sort(
        key=lambda line: (not line.lever.is_enough, -(line.lift or 0.0), -line.gain, line.name, line.lever.stage_id)
    )
    return lines[:SHOWN_LEVERS]


def _below(rows: QuerySet[Lever], node: Node, day: date) -> list[Lever]:
    if node.person is not None:
        return list(rows.filter(by=By.PERSON, member=node.person.pk))
    units = OrgUnit.objects.filter(parent=node.unit).values_list("pk", flat=True)
    found = list(rows.filter(by=By.UNIT, member__in=list(units)))
    people = Membership.objects.on(day).filter(unit=node.unit).values_list("user", flat=True)
    return found + list(rows.filter(by=By.PERSON, member__in=list(people)))


def _standing(plan: Plan, node: Node) -> Standing | None:
    """The stored forecast of the node's year; None where it has no target."""
    run = shown_run(plan)
    row = NodeForecast.objects.filter(run=run, unit=node.unit, person=node.person, period=YEAR).first() if run else None
    if row is None or row.target is None or row.p_attain is None:
        return None
    return Standing(
        booked=float(row.booked),
        expected=float(row.expected),
        quantiles=[float(getattr(row, name)) for name in _QUANTILES[: len(LEVELS)]],
        target=float(row.target),
        p_attain=row.p_attain,
    )


def stages_warned(user: User) -> Sequence[Stage]:
    """The stages that any visible warning is about, for the filter."""
    keys = ConversionWarning.objects.visible_to(user).values("stage")
    return list(Stage.objects.filter(pk__in=keys).order_by("pipeline", "position"))


def units_warned(user: User) -> Sequence[OrgUnit]:
    keys = ConversionWarning.objects.visible_to(user).filter(by=By.UNIT).values("member")
    return list(OrgUnit.objects.filter(pk__in=keys).order_by("kind", "position", "name"))
