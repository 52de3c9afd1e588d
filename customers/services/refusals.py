"""What the rules about customers and deals refuse, each named as the fact that stands in the way."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Problem


class _ForField(DomainError):
    """A refusal that belongs to one field of the input."""

    field = ""
    sentence: object = ""

    def __init__(self, sentence: object | None = None, *, field: str = "") -> None:
        text = self.sentence if sentence is None else sentence
        super().__init__(text, problems=[Problem(field or self.field, str(text), self.code)])


class StageOfAnotherPipeline(_ForField):
    code, field = "stage_of_another_pipeline", "to_stage"
    sentence = _("This stage belongs to another pipeline.")


class StageIsRetired(_ForField):
    code, field = "stage_is_retired", "to_stage"
    sentence = _("This stage is no longer in use; choose another.")


class DealStandsThere(_ForField):
    code, field = "deal_stands_there", "to_stage"
    sentence = _("The deal already stands in this stage.")


class StageIsNotOpen(_ForField):
    code, field = "stage_is_not_open", "to_stage"
    sentence = _("Choose an open stage; a deal is won or lost by moving it there later.")


class DealIsClosed(_ForField):
    code, field = "deal_is_closed", "to_stage"
    sentence = _("This deal is won or lost. Reopen it before moving it.")


class DealIsOpen(_ForField):
    code, field = "deal_is_open", "to_stage"
    sentence = _("This deal is open; only a won or lost deal can be reopened.")


class ReasonIsMissing(_ForField):
    code, field = "reason_is_missing", "reason"
    sentence = _("Say why, in a few words.")


class TimeIsOutOfOrder(_ForField):
    code, field = "time_is_out_of_order", "occurred_at"
    sentence = _("The time must lie between the deal's previous step and now.")


class AmountIsNegative(_ForField):
    code, field = "amount_is_negative", "amount"
    sentence = _("An amount cannot be below zero.")


class NothingChanges(DomainError):
    code = "nothing_changes"


class OwnerIsOutOfReach(_ForField):
    code, field = "owner_is_out_of_reach", "owner"
    sentence = _("Choose yourself or an active person of your own team.")


class OwnerHasItAlready(_ForField):
    code, field = "owner_has_it_already", "owner"
    sentence = _("This person has the deal already.")


class CustomerIsOutOfReach(_ForField):
    code, field = "customer_is_out_of_reach", "customer"
    sentence = _("Choose a customer that you can see.")


class DealIsOutOfReach(_ForField):
    code, field = "deal_is_out_of_reach", "deal"
    sentence = _("Choose a deal that you can see.")


class WordIsRetired(_ForField):
    code = "word_is_retired"
    sentence = _("This choice is no longer in use; choose another.")

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__()


class WordIsPartOfItself(_ForField):
    code, field = "word_is_part_of_itself", "parent"
    sentence = _("A thing is no part of itself, nor of one of its parts.")


class UndoIsTooLate(DomainError):
    code = "undo_is_too_late"


class ActivityIsDone(DomainError):
    code = "activity_is_done"


class ActivityIsAboutNothing(_ForField):
    code, field = "activity_is_about_nothing", "customer"
    sentence = _("Say which deal or which customer this is about.")


class NameIsTaken(_ForField):
    code, field = "name_is_taken", "name"
    sentence = _("This name is taken.")


class PipelineNeedsItsStages(DomainError):
    code = "pipeline_needs_its_stages"


class StageIsInUse(DomainError):
    code = "stage_is_in_use"


class StageIsGone(DomainError):
    code = "stage_is_gone"

    def __init__(self) -> None:
        super().__init__(_("Somebody has deleted this stage meanwhile."))


class PeriodEndsEarly(_ForField):
    code, field = "period_ends_early", "last_date"
    status = 400
    sentence = _("The last day lies before the first.")


class SizeIsNotPositive(_ForField):
    code, field = "size_is_not_positive", "size"
    status = 400
    sentence = _("A market has a size of more than zero.")


class StrategyNameIsTaken(_ForField):
    code, field = "strategy_name_is_taken", "name"
    sentence = _("There is a strategy of this name already.")
