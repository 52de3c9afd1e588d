"""What is to be looked at before a part of a draft is handed up, and before somebody decides on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from core.templatetags.formats import MISSING, percent, with_sign
from planning.models import PlanVersion, Submission, SubmittedTarget, Target
from teams.models import OrgUnit, User

from .assignment import Assigned, breaches
from .parts import Extent, extent_of
from .smart import Check, smart_targets
from .smart_shares import smart_shares
from .smart_words import evidence
from .targets import GridRow, TargetGrid, target_grid
from .versions import Asked, RowChange, asked_by, changes_of

ASSIGNMENT = "assignment"  # stands in for a check


@dataclass(frozen=True)
class Failure:
    """
    A SMART check that a target does not pass, or an assignment that its level's policy does not allow.

    What was found is kept as figures, and said in the language of whoever reads it.
    """

    name: str
    check: str
    facts: Mapping[str, Any]

    @property
    def evidence(self) -> str:
        return _told(self.facts) if self.check == ASSIGNMENT else evidence(Check(self.check), self.facts)

    @property
    def label(self) -> str:
        return _("Assignment") if self.check == ASSIGNMENT else str(Check(self.check).label)

    @property
    def plain(self) -> dict[str, Any]:
        return {"name": self.name, "check": self.check, "facts": dict(self.facts)}


@dataclass(frozen=True)
class Review:
    """
    What is to be looked at before a part is handed up, or decided on.

    :param changes: each target as it was asked for at the last handing up (else in the version it was made from) and now
    :param since: the submission that the changes count from; None = the version it was made from, or nothing
    :param gaps: rows whose target is not what is spread below them
    """

    extent: Extent
    grid: TargetGrid
    failures: Sequence[Failure]
    changes: Sequence[RowChange]
    since: Submission | None
    waiting: Sequence[Submission]

    @property
    def rows(self) -> list[GridRow]:
        """The grid's rows of the part, with its unit."""
        own = self.extent.unit.pk if self.extent.unit else None
        rows = self.grid.rows
        return [row for row in rows if self.extent.has(unit=row.unit, person=row.person) or row.unit == own is not None]

    @property
    def gaps(self) -> list[GridRow]:
        return [row for row in self.rows if row.gap]

    @property
    def without(self) -> list[GridRow]:
        return [row for row in self.rows if row.total is None]

    @property
    def changed(self) -> list[RowChange]:
        return [row for row in self.changes if row.is_changed]


def failures(*, version: PlanVersion, extent: Extent, user: User, as_of: date) -> list[Failure]:
    """Return the SMART checks that targets of a part do not pass, and its units outside the policy of assignment."""
    smart = [
        Failure(row.name, str(finding.check), finding.facts)
        for row in smart_targets(version=version, user=user, as_of=as_of)
        if extent.has(unit=row.target.unit_id, person=row.target.person_id)
        for finding in row.failed
    ]
    if extent.unit is None:  # shares are of the whole company
        shares = smart_shares(version=version, user=user, as_of=as_of)
        smart += [Failure(row.name, str(finding.check), finding.facts) for row in shares for finding in row.failed]
    own = extent.unit.pk if extent.unit else None
    outside = [row for row in breaches(version) if row.unit == own or extent.has(unit=row.unit, person=None)]
    return smart + [Failure(row.name, ASSIGNMENT, _assigned(row)) for row in outside]


def _assigned(row: Assigned) -> dict[str, float | None]:
    """Shares of the target: planned below it, and what is allowed."""
    share = None if row.share is None else float(row.share)
    return {"share": share, "least": float(row.span.least) / 100, "most": float(row.span.most) / 100}


def _told(facts: Mapping[str, Any]) -> str:
    share = MISSING if facts["share"] is None else with_sign(percent(facts["share"], 1))
    least, most = (with_sign(percent(facts[name])) for name in ("least", "most"))
    return _("Planned below against the target: %(share)s; allowed are %(least)s to %(most)s.") % {
        "share": share,
        "least": least,
        "most": most,
    }


def review(
    *, version: PlanVersion, unit: OrgUnit | None, user: User, as_of: date, submission: Submission | None = None
) -> Review:
    """
    Return what a part of a version holds, as one person sees it.

    :param submission: the one that is decided on; None = it is not handed up yet
    """
    extent = extent_of(unit)
    rounds = Submission.objects.filter(plan_version=version, unit=unit).order_by("-round")
    if submission is not None:
        rounds = rounds.filter(round__lt=submission.round)
    since = rounds.first()
    grid = target_grid(version=version, user=user, as_of=as_of)
    return Review(
        extent=extent,
        grid=grid,
        failures=[Failure(**row) for row in submission.failed]
        if submission
        else failures(version=version, extent=extent, user=user, as_of=as_of),
        changes=_changes(extent, grid, user, since=since, submission=submission),
        since=since,
        waiting=undecided_below(version, extent),
    )


def undecided_below(version: PlanVersion, extent: Extent) -> list[Submission]:
    """Return the parts within a part that were handed up and wait for somebody to decide."""
    found = Submission.objects.undecided().filter(plan_version=version, unit__isnull=False).select_related("unit")
    return [row for row in found.order_by("pk") if extent.has(unit=row.unit_id, person=None)]


def _changes(
    extent: Extent, grid: TargetGrid, user: User, *, since: Submission | None, submission: Submission | None
) -> list[RowChange]:
    """Was: the last handing up, else the version it was made from. Is: what stands there, or stood when it was sent back."""
    old = asked_by(grid.version.based_on, user) if since is None else _as_submitted(since, user)
    was_sent_back = submission is not None and submission.status == Submission.Status.SENT_BACK
    now = _as_submitted(submission, user) if submission is not None and was_sent_back else None
    return [row for row in changes_of(grid, old, now=now) if extent.has(unit=row.unit, person=row.person)]


def _as_submitted(submission: Submission, user: User) -> list[Asked]:
    """What was asked for when a part was handed up, as far as somebody sees it."""
    kept = SubmittedTarget.objects.filter(submission=submission, target__in=Target.objects.visible_to(user).plain())
    return [Asked.by(row.target, tuple(row.months)) for row in kept.select_related("target__unit", "target__person")]
