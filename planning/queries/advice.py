"""What to do about a weak stage: an action for each kind of stage and each cause, as the sales handbook has it."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from customers.models import Stage
from planning.forecasting.mix import Cause

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Role(StrEnum):
    """What a stage is for, as far as advice goes."""

    LEAD = "lead"
    CONTACT = "contact"
    VISIT = "visit"
    QUOTE = "quote"
    CLOSING = "closing"


# A stage says by its name what it is for; where it does not, its place between the first and the last decides.
_WORDS = (
    (Role.CLOSING, r"negotiat|closing|contract|谈判|合同|签约"),
    (Role.QUOTE, r"quot|proposal|offer|tender|报价|方案|投标"),
    (Role.VISIT, r"visit|meeting|demo|sample|trial|拜访|演示|样品|试用"),
    (Role.CONTACT, r"contact|qualif|联系|跟进|需求"),
    (Role.LEAD, r"lead|inquiry|enquiry|线索|询盘"),
)
_ACTIONS: "dict[Role, _StrPromise]" = {
    Role.LEAD: _("Early follow-up: answer each lead on the day it comes, and ask again before it goes cold."),
    Role.CONTACT: _("Early follow-up: agree on a first visit in the first talk, with a date."),
    Role.VISIT: _(
        "Customer visits: prepare each visit with its goal, bring who can answer, leave with an agreed next step."
    ),
    Role.QUOTE: _(
        "Quoting: look through the lost quotes, talk through price and scope before sending, call within three days."
    ),
    Role.CLOSING: _("Negotiation: know who decides and what is still open, and settle the last points face to face."),
}
_SLOWER: "dict[Role, _StrPromise]" = {
    Role.LEAD: _("Early follow-up: leads wait longer than they did. Share them out daily and answer on the same day."),
    Role.CONTACT: _("Early follow-up: contacts wait longer than they did. Set a date for the first visit at once."),
    Role.VISIT: _("Customer visits: more time passes after a visit. Send what was promised within two days."),
    Role.QUOTE: _("Quoting: quotes stay open longer. Ask for the decision and its date, and close what is dead."),
    Role.CLOSING: _("Negotiation: decisions drag on. Name what is missing and who has to decide it."),
}
_MIX: "dict[Cause, _StrPromise]" = {
    Cause.CHANNEL: _(
        "Lead sources: other sources than before bring the deals. Look at what each one converts, and shift effort."
    ),
    Cause.PRODUCT: _("Product mix: other products than before are being sold. Check material and training for them."),
    Cause.BAND: _(
        "Deal sizes: the deals are larger or smaller than before. Check whether the price level fits these customers."
    ),
    Cause.OWNER: _("Who carries the deals has changed. Look at how leads are shared out, and who needs support."),
    Cause.RESPONSE: _(
        "Early follow-up: leads get their first answer later than they did. Share them out daily, and answer each within"
        " the usual time."
    ),
    Cause.ONE_OWNER: _(
        "One person carries most of the drop. Go through the open deals together and coach at this stage."
    ),
}
CAUSES: "dict[Cause, _StrPromise]" = {
    Cause.CHANNEL: _("The mix of lead sources changed"),
    Cause.PRODUCT: _("The mix of products changed"),
    Cause.BAND: _("The sizes of deals changed"),
    Cause.OWNER: _("Others carry the deals"),
    Cause.ONE_OWNER: _("One person, not the rest"),
    Cause.RESPONSE: _("Leads are answered later than they were"),
    Cause.SLOWER: _("Deals wait longer at this stage"),
    Cause.RATE: _("Lower across the board"),
}


def role_of(stage: Stage, *, place: int, of: int) -> Role:
    """Say what a stage is for. :param place: 0 … of - 1 among the open stages of its pipeline"""
    for role, words in _WORDS:
        if re.search(words, f"{stage.name} {stage.name_zh}", re.IGNORECASE):
            return role
    if place == 0:
        return Role.LEAD
    if place == of - 1:
        return Role.CLOSING
    return Role.CONTACT if place == 1 else Role.VISIT


def action_for(role: Role, cause: Cause) -> "_StrPromise":
    """Return what to do first."""
    if cause in _MIX:
        return _MIX[cause]
    return (_SLOWER if cause == Cause.SLOWER else _ACTIONS)[role]
