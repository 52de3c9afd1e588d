"""Who may do what with people and units. Rows are narrowed by `.visible_to(user)` and `.known_to(user)`."""

from core.access import ADMINISTRATORS, ALL, CHAIN, MANAGERS, Person, Routes, Rule
from teams.models import Capability, OrgUnit, User


def can_manage_people(user: User) -> bool:
    """Make and change people and units: administrators, and nobody else."""
    return user.can(Capability.ADMINISTRATOR)


def can_change_role(user: User, person: User) -> bool:
    """Nobody changes the own capabilities, nor the own right to sign in."""
    return can_manage_people(user) and user.pk != person.pk


def can_see_work_of(user: User, person: User) -> bool:
    """See more of a person than the name: e-mail, places held, what they own."""
    return User.objects.visible_to(user).filter(pk=person.pk).exists()


def can_keep_calendar(user: User) -> bool:
    """Say which days are worked: plan owners and administrators, since every share of a year rests on it."""
    return user.is_active and user.sees_everything


def must_have_second_step(user: User) -> bool:
    """Whoever can change other people's rights, or read what is private to them."""
    return user.can(Capability.ADMINISTRATOR, Capability.HR)


def can_plan_capacity(user: User) -> bool:
    """See how people ramp up, who is away and who is to be hired: whoever leads, for the units below."""
    return user.is_manager


def can_set_capacity(user: User, unit: OrgUnit) -> bool:
    """Set a unit's ramp, attrition and hires: plan owners and administrators, and managers for the units below them."""
    return user.is_active and (user.sees_everything or unit.pk in user.units_in_reach)


def can_set_presence(user: User, person: User) -> bool:
    """Say how much of the time a person is there: those above, never the person alone."""
    if not user.is_active or not user.is_manager or (person.pk == user.pk and not user.sees_everything):
        return False
    return can_see_work_of(user, person)


EVERYBODY = Rule(ALL)
# The team and the chain know a person's name; only administrators write.
KNOWN = CHAIN | {Person.OWNER, Person.PEER}
WRITE_KNOWN = Rule(ADMINISTRATORS, sees=KNOWN - ADMINISTRATORS)
MAKE = Rule(ADMINISTRATORS)
OWN_ONLY = Rule(frozenset({Person.OWNER}))

ROUTES: Routes = {
    # Whose is in the body, the service refuses those out of reach; a list shows what the reader may see of it.
    **{
        f"api:{thing}-list": {"GET": Rule(ALL, scope="plans:read"), "POST": Rule(ALL, scope="plans:write")}
        for thing in ("capacity-rule", "presence", "planned-hire")
    },
    "api:capacity-rule-detail": {"GET": Rule(CHAIN, scope="plans:read")},
    "api:presence-detail": {
        "GET": Rule(CHAIN | {Person.OWNER}, scope="plans:read"),
        "PATCH": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="plans:write"),
    },
    "api:planned-hire-detail": {
        "GET": Rule(CHAIN, scope="plans:read"),
        "PATCH": Rule(CHAIN, scope="plans:write"),
    },
    "teams:capacity": {"GET": Rule(MANAGERS)},
    "teams:capacity-rule": {"GET": Rule(CHAIN), "POST": Rule(CHAIN)},
    "teams:presence-new": {"GET": Rule(MANAGERS), "POST": Rule(MANAGERS)},
    "teams:presence-edit": {
        "GET": Rule(CHAIN, sees=frozenset({Person.OWNER})),
        "POST": Rule(CHAIN, sees=frozenset({Person.OWNER})),
    },
    "teams:hire-new": {"GET": Rule(MANAGERS), "POST": Rule(MANAGERS)},
    "teams:hire-edit": {"GET": Rule(CHAIN), "POST": Rule(CHAIN)},
    "api:person-list": {"GET": Rule(ALL, scope="people:read")},
    "api:person-detail": {"GET": Rule(KNOWN, scope="people:read")},
    "api:unit-list": {"GET": Rule(ALL, scope="people:read")},
    "api:unit-detail": {"GET": Rule(KNOWN, scope="people:read")},
    "teams:people": {"GET": EVERYBODY},
    "teams:person-detail": {"GET": Rule(KNOWN)},
    "teams:person-new": {"GET": MAKE, "POST": MAKE},
    "teams:person-edit": {"GET": WRITE_KNOWN, "POST": WRITE_KNOWN},
    "teams:person-move": {"GET": WRITE_KNOWN, "POST": WRITE_KNOWN},
    "teams:person-deactivate": {"GET": WRITE_KNOWN, "POST": WRITE_KNOWN},
    "teams:person-reactivate": {"POST": WRITE_KNOWN},
    "teams:units": {"GET": EVERYBODY},
    "teams:unit-new": {"GET": MAKE, "POST": MAKE},
    "teams:unit-edit": {"GET": WRITE_KNOWN, "POST": WRITE_KNOWN},
    "teams:unit-manager": {"GET": WRITE_KNOWN, "POST": WRITE_KNOWN},
    "teams:profile": {"GET": EVERYBODY, "POST": EVERYBODY},
    "teams:appearance": {"POST": EVERYBODY},
    "teams:tokens": {"GET": EVERYBODY, "POST": EVERYBODY},
    "teams:token-revoke": {"POST": OWN_ONLY},
}
