"""What planning refuses, named as facts."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid


class FiscalYearExists(DomainError):
    """The year is already open, or its days belong to another one."""

    code = "fiscal_year_exists"


class PlanExists(DomainError):
    """A fiscal year has one plan."""

    code = "plan_exists"


class PlanIsActive(DomainError):
    """The version is no draft any more: what counted once never changes."""

    code = "plan_is_active"

    def __init__(self) -> None:
        super().__init__(_("This version is in force or was; its targets never change. Revise the plan instead."))


class PlanHasNoTargets(DomainError):
    """A version without a single target cannot count."""

    code = "plan_has_no_targets"


class PlanHasChanged(DomainError):
    """Somebody changed targets between the look at the gaps and the activation."""

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
    """The version takes no commitments now."""

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
