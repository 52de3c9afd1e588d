"""What planning refuses, named as facts."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotAllowed


class FiscalYearExists(DomainError):
    """The year is already open, or its days belong to another one."""

    code = "fiscal_year_exists"


class YearsOverlap(DomainError):
    """A day would belong to two fiscal years."""

    code = "years_overlap"


class YearsLeaveAGap(Invalid):
    """Months would lie in no fiscal year, and nobody said that this is wanted."""

    code = "years_leave_a_gap"


class PlanExists(DomainError):
    """A fiscal year has one plan."""

    code = "plan_exists"


class PlanIsActive(DomainError):
    """The version is no draft any more: what counted once never changes."""

    code = "plan_is_active"

    def __init__(self) -> None:
        super().__init__(_("This version is in force or was; its targets never change. Revise the plan instead."))


class PlanIsSubmitted(DomainError):
    """The version was handed up: its targets wait for the decision with it."""

    code = "plan_is_submitted"

    def __init__(self) -> None:
        super().__init__(_("This version is handed up; its targets are locked until it is sent back."))


class PlanIsApproved(DomainError):
    """The version was approved: its targets are final."""

    code = "plan_is_approved"

    def __init__(self) -> None:
        super().__init__(_("This version is approved; its targets never change. Revise the plan instead."))


class PlanIsNotApproved(DomainError):
    """Only what somebody else approved takes effect."""

    code = "plan_is_not_approved"

    def __init__(self) -> None:
        super().__init__(_("This version is not approved yet. Hand it up; somebody else approves it."))


class NotAsApproved(DomainError):
    """Targets are not what was approved."""

    code = "not_as_approved"


class PlanIsClosed(DomainError):
    """The year is closed, and its plan with it."""

    code = "plan_is_closed"


class MonthIsClosed(Invalid):
    """The month is over, or was when the plan was made anew: its target stays as it was."""

    code = "month_is_closed"


class ShortfallIsUndecided(Invalid):
    """Nobody said what becomes of what the months that are over lack."""

    code = "shortfall_is_undecided"


class NotInForce(DomainError):
    """The version does not count."""

    code = "not_in_force"


class YearIsRunning(DomainError):
    """The year has not ended."""

    code = "year_is_running"


class PartIsHeld(DomainError):
    """The row belongs to a part that is handed up or approved."""

    code = "part_is_held"


class AlreadySubmitted(DomainError):
    """The part is handed up already."""

    code = "already_submitted"


class PartsAreOpen(DomainError):
    """Parts within it wait for somebody to decide."""

    code = "parts_are_open"


class ChecksFailed(DomainError):
    """SMART checks fail, and nobody said why the plan is handed up nevertheless."""

    code = "checks_failed"


class CommentIsMissing(Invalid):
    """Who sends back says what is to be changed."""

    code = "comment_is_missing"


class OwnSubmission(NotAllowed):
    """Nobody decides on what they handed up themselves."""

    code = "own_submission"


class NotDecidable(DomainError):
    """It is decided already, or its plan has moved on."""

    code = "not_decidable"


class PlanHasNoTargets(DomainError):
    """A version without a single target cannot count."""

    code = "plan_has_no_targets"


class PlanHasChanged(DomainError):
    """Somebody changed targets between the look at them and the act."""

    status = 412
    code = "plan_has_changed"


class DraftExists(DomainError):
    """A plan has one draft at a time."""

    code = "draft_exists"


class NoActiveVersion(DomainError):
    """There is nothing to revise."""

    code = "no_active_version"


class CallIsInvalid(Invalid):
    """A call without its reason, below itself, or about no period; the problems say which."""

    code = "call_is_invalid"


class PeriodIsOver(DomainError):
    """What an ended period brought is known."""

    code = "period_is_over"


class DealIsClosed(DomainError):
    """How a closed deal came out is known."""

    code = "deal_is_closed"


class NothingToReview(DomainError):
    """There is no published night yet."""

    code = "nothing_to_review"

    def __init__(self) -> None:
        super().__init__(_("The first night has not run yet: there is no forecast to review."))


class CompanyIsMissing(DomainError):
    """The tree of units has no root yet."""

    code = "company_is_missing"


class NothingToGrowFrom(DomainError):
    """A growth needs amounts that it is counted from."""

    code = "nothing_to_grow_from"


class NoTargetYet(DomainError):
    """The row has no target that could be changed in part."""

    code = "no_target_yet"

    def __init__(self) -> None:
        super().__init__(_("There is no target here yet: enter all twelve months, or a total to spread."))


class TotalIsLocked(Invalid):
    """Twelve months that do not add up to a total that is locked."""

    code = "total_is_locked"


class OverridesDoNotFit(Invalid):
    """The months set by hand exceed the total, or leave no month to take the rest of it."""

    code = "overrides_do_not_fit"


class AmountIsInvalid(Invalid):
    """An amount that no target can hold; the problems say which."""

    code = "amount_is_invalid"


class WarningIsOver(DomainError):
    """The warning is closed, or its conversion is back."""

    code = "warning_is_over"

    def __init__(self) -> None:
        super().__init__(_("This warning is closed or recovered already."))


class PersonIsUnknown(Invalid):
    """Somebody whose work the actor does not see."""

    code = "person_is_unknown"


class DayIsInvalid(Invalid):
    """A day that does not serve its purpose."""

    code = "day_is_invalid"


class CascadeIsInvalid(Invalid):
    """A target cannot be spread as wished; the problems say why."""

    code = "cascade_is_invalid"


class SpanIsInvalid(Invalid):
    """A span of over-assignment that is none."""

    code = "span_is_invalid"


class TalkIsClosed(DomainError):
    """Owners commit while a version is worked on and open for it."""

    code = "talk_is_closed"

    def __init__(self) -> None:
        super().__init__(_("This version takes no commitments now."))


class NothingCommitted(DomainError):
    """There is no commitment of an owner to answer."""

    code = "nothing_committed"

    def __init__(self) -> None:
        super().__init__(_("Nobody has committed to an amount here yet."))


class CommitmentIsInvalid(Invalid):
    """An amount or note that a commitment cannot hold; the problems say which."""

    code = "commitment_is_invalid"


class GoalsAreSettled(DomainError):
    """The version was replaced; its goals are history."""

    code = "goals_are_settled"

    def __init__(self) -> None:
        super().__init__(_("This version is closed or was replaced; its funnel goals are history."))


class NothingToDerive(DomainError):
    """There is no revenue target, or no pipeline to derive goals for."""

    code = "nothing_to_derive"


class GoalIsInvalid(Invalid):
    """A goal that no stage can have, or one without its reason; the problems say which."""

    code = "goal_is_invalid"


class ShareIsInvalid(Invalid):
    """A share that no product line can have of a market."""

    code = "share_is_invalid"


class LinkIsInvalid(Invalid):
    """People or strategies that a target cannot name."""

    code = "link_is_invalid"
