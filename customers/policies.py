"""Who may do what with customers, deals, activities and the vocabulary. Pages, API and templates ask these."""

from core.access import ADMINISTRATORS, ALL, CHAIN, COMPANY, MANAGERS, OWNER_AND_CHAIN, Person, Routes, Rule
from customers.models import Activity, Customer, Deal, Strategy
from teams.models import Capability, User

_SELLING = (
    Capability.REP,
    Capability.LEAD,
    Capability.SUPERVISOR,
    Capability.PLAN_OWNER,
    Capability.ADMINISTRATOR,
)


def _reaches(user: User, person_id: int | None) -> bool:
    """Say whether a person's work is the user's to see and to lead: their own, or of somebody below them today."""
    if not user.is_active or person_id is None:
        return False
    return (
        user.sees_everything
        or person_id == user.pk
        or (bool(user.units_in_reach) and User.objects.visible_to(user).filter(pk=person_id).exists())
    )


def can_create_deal(user: User) -> bool:
    return user.can(*_SELLING)


def can_move_deal(user: User, deal: Deal) -> bool:
    """Forward, back with a reason, won, lost: the owner and those above."""
    return _reaches(user, deal.owner_id)


def can_edit_deal(user: User, deal: Deal) -> bool:
    return _reaches(user, deal.owner_id)


def can_reopen_deal(user: User, deal: Deal) -> bool:
    """Only those who lead: a closed result is not the rep's alone."""
    return user.is_manager and _reaches(user, deal.owner_id)


def can_amend_deal(user: User, deal: Deal) -> bool:
    """While a deal is open its owner may; once it is won or lost, who may reopen it."""
    return can_move_deal(user, deal) if deal.stage.is_open else can_reopen_deal(user, deal)


def can_hand_over_deal(user: User, deal: Deal) -> bool:
    return user.is_manager and _reaches(user, deal.owner_id)


def can_share_credit(user: User, deal: Deal) -> bool:
    """Say who gets the credit: those who lead the owner; nobody decides about the own share."""
    return user.is_manager and deal.owner_id != user.pk and _reaches(user, deal.owner_id)


def can_create_customer(user: User) -> bool:
    return user.can(*_SELLING)


def can_edit_customer(user: User, customer: Customer) -> bool:
    """The owner and those above; a customer without an owner: whoever has a deal there."""
    if customer.owner_id is None:
        return Customer.objects.visible_to(user).filter(pk=customer.pk).exists()
    return _reaches(user, customer.owner_id)


def can_finish_activity(user: User, activity: Activity) -> bool:
    return _reaches(user, activity.person_id)


def can_set_up(user: User) -> bool:
    """Pipelines, stages, product lines, regions, channels."""
    return user.can(Capability.ADMINISTRATOR)


def can_keep_market(user: User) -> bool:
    """May this person see and record market sizes, and add strategies? Those who plan with them: managers."""
    return user.is_active and user.is_manager


def can_edit_strategy(user: User, strategy: Strategy) -> bool:
    """Its owner and those above the owner."""
    return can_keep_market(user) and _reaches(user, strategy.owner_id)


def can_import(user: User) -> bool:
    """Whoever sells: reps their own deals, those who lead the deals of their people."""
    return user.can(*_SELLING)


def can_add_what_an_import_names(user: User) -> bool:
    """Add people, products, regions, channels and pipelines that a file names: administrators and plan owners."""
    return user.sees_everything


_ANYBODY = Rule(ALL)
_OF_DEALS = Rule(OWNER_AND_CHAIN, scope="")
_LEADING = Rule(CHAIN, sees=frozenset({Person.OWNER}))
_SET_UP = Rule(ADMINISTRATORS, sees=ALL - ADMINISTRATORS)
_OWN_IMPORT = Rule(COMPANY | {Person.OWNER})

_MANAGING = Rule(MANAGERS, sees=ALL - MANAGERS)
_ABOVE_REGION = COMPANY | {Person.SUPERVISOR}

_WORDS = {"GET": Rule(ALL, scope="deals:read")}

ROUTES: Routes = {
    "api:customer-list": {"GET": Rule(ALL, scope="customers:read"), "POST": Rule(ALL, scope="customers:write")},
    "api:customer-detail": {
        "GET": Rule(OWNER_AND_CHAIN, scope="customers:read"),
        "PATCH": Rule(OWNER_AND_CHAIN, scope="customers:write"),
    },
    "api:customer-contacts": {
        "GET": Rule(OWNER_AND_CHAIN, scope="customers:read"),
        "POST": Rule(OWNER_AND_CHAIN, scope="customers:write"),
    },
    "api:deal-list": {"GET": Rule(ALL, scope="deals:read"), "POST": Rule(ALL, scope="deals:write")},
    "api:deal-detail": {
        "GET": Rule(OWNER_AND_CHAIN, scope="deals:read"),
        "PATCH": Rule(OWNER_AND_CHAIN, scope="deals:write"),
    },
    "api:deal-moves": {
        "GET": Rule(OWNER_AND_CHAIN, scope="deals:read"),
        "POST": Rule(OWNER_AND_CHAIN, scope="deals:write"),
    },
    "api:deal-amend": {"POST": Rule(OWNER_AND_CHAIN, scope="deals:write")},
    "api:deal-reopen": {"POST": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="deals:write")},
    "api:deal-credits": {
        "GET": Rule(OWNER_AND_CHAIN, scope="deals:read"),
        "POST": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="deals:write"),
    },
    "api:deal-hand-over": {"POST": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="deals:write")},
    "api:activity-list": {"GET": Rule(ALL, scope="deals:read"), "POST": Rule(ALL, scope="deals:write")},
    "api:activity-detail": {"GET": Rule(OWNER_AND_CHAIN, scope="deals:read")},
    "api:activity-finish": {"POST": Rule(OWNER_AND_CHAIN, scope="deals:write")},
    "api:pipeline-list": _WORDS,
    "api:pipeline-detail": _WORDS,
    "api:product-line-list": _WORDS,
    "api:product-line-detail": _WORDS,
    "api:region-list": _WORDS,
    "api:region-detail": _WORDS,
    "api:channel-list": _WORDS,
    "api:channel-detail": _WORDS,
    "api:market-size-list": {
        "GET": Rule(ALL, scope="plans:read"),
        "POST": Rule(MANAGERS, sees=ALL - MANAGERS, scope="plans:write"),
    },
    "api:market-size-detail": {"GET": Rule(MANAGERS, scope="plans:read")},
    # The sample's owner is the supervisor of the region.
    "api:strategy-list": {
        "GET": Rule(ALL, scope="plans:read"),
        "POST": Rule(MANAGERS, sees=ALL - MANAGERS, scope="plans:write"),
    },
    "api:strategy-detail": {
        "GET": Rule(ALL, scope="plans:read"),
        "PATCH": Rule(_ABOVE_REGION, sees=ALL - _ABOVE_REGION, scope="plans:write"),
    },
    "customers:market-sizes": {"GET": _MANAGING},
    "customers:market-size-new": {"GET": _MANAGING, "POST": _MANAGING},
    "customers:strategies": {"GET": _MANAGING},
    "customers:strategy-new": {"GET": _MANAGING, "POST": _MANAGING},
    "customers:strategy-edit": {
        "GET": Rule(_ABOVE_REGION, sees=ALL - _ABOVE_REGION),
        "POST": Rule(_ABOVE_REGION, sees=ALL - _ABOVE_REGION),
    },
    "customers:board": {"GET": _ANYBODY},
    "customers:deals": {"GET": _ANYBODY},
    "customers:deal-new": {"GET": _ANYBODY, "POST": _ANYBODY},
    "customers:deal-detail": {"GET": _OF_DEALS},
    "customers:deal-edit": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:deal-move": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:deal-undo": {"POST": _OF_DEALS},
    "customers:deal-amend": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:deal-reopen": {"GET": _LEADING, "POST": _LEADING},
    "customers:deal-credit": {"GET": _LEADING, "POST": _LEADING},
    "customers:deal-hand-over": {"GET": _LEADING, "POST": _LEADING},
    "customers:my-day": {"GET": _ANYBODY},
    "customers:activity-new": {"GET": _ANYBODY, "POST": _ANYBODY},
    "customers:activity-done": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:customers": {"GET": _ANYBODY},
    "customers:customer-new": {"GET": _ANYBODY, "POST": _ANYBODY},
    "customers:customer-detail": {"GET": _OF_DEALS},
    "customers:customer-edit": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:contact-new": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:contact-edit": {"GET": _OF_DEALS, "POST": _OF_DEALS},
    "customers:stages": {"GET": _SET_UP},
    "customers:pipeline-new": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:pipeline-edit": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:stage-new": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:stage-edit": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:stage-move": {"POST": _SET_UP},
    "customers:stage-delete": {"POST": _SET_UP},
    "customers:words": {"GET": _SET_UP},
    "customers:word-new": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:word-edit": {"GET": _SET_UP, "POST": _SET_UP},
    "customers:imports": {"GET": _ANYBODY},
    "customers:import-new": {"GET": _ANYBODY, "POST": _ANYBODY},
    "customers:import-template": {"GET": _ANYBODY},
    "customers:import-map": {"GET": _OWN_IMPORT, "POST": _OWN_IMPORT},
    "customers:import-preview": {"GET": _OWN_IMPORT, "POST": _OWN_IMPORT},
    "customers:import-detail": {"GET": _OWN_IMPORT},
    "customers:import-problems": {"GET": _OWN_IMPORT},
    "customers:import-retry": {"POST": _OWN_IMPORT},
    "customers:import-discard": {"POST": _OWN_IMPORT},
}
