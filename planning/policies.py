"""
Who may plan and who may set whose target.

Plan owners and administrators make plans, activate and revise them, and set every target but their own. A manager sets the
targets of the units and people below, never of a unit that they manage themselves: what they are measured by is set above
them. What a manager has planned is handed up and decided on by somebody above: nobody approves what they handed up.
"""

from dataclasses import dataclass, replace

from core.access import ALL, CHAIN, COMPANY, MANAGERS, OWNER_AND_CHAIN, Person, Routes, Rule
from planning.models import By, ConversionWarning, PlanVersion, Scenario, Submission, Target
from teams.models import Management, OrgUnit, User

_REACH = frozenset({Person.LEAD, Person.SUPERVISOR, Person.PLAN_OWNER, Person.ADMINISTRATOR})
_ABOVE = Rule(_REACH - {Person.LEAD}, sees=frozenset({Person.LEAD}))
_DECIDES = Rule(COMPANY | {Person.SUPERVISOR}, sees=frozenset({Person.SIBLING_LEAD}))
_PART = Rule(_DECIDES.ok | _DECIDES.sees)

# A row's route names the target of a rep, the owner, in a draft: a rep does not see that there is a draft.
ROUTES: Routes = {
    "api:plan-list": {"GET": Rule(ALL, scope="plans:read")},
    "api:plan-detail": {"GET": Rule(ALL, scope="plans:read")},
    "api:plan-version-list": {"GET": Rule(ALL, scope="plans:read")},
    "api:plan-version-detail": {"GET": Rule(MANAGERS, scope="plans:read")},  # asked for a draft
    "api:plan-version-submit": {"POST": Rule(COMPANY, sees=MANAGERS - COMPANY, scope="plans:write")},
    # Decisions are a person's: no token carries them.
    "api:plan-version-activate": {"POST": Rule(COMPANY, sees=MANAGERS - COMPANY)},
    "api:plan-version-close": {"POST": Rule(COMPANY, sees=MANAGERS - COMPANY)},
    "api:plan-revise": {"POST": Rule(COMPANY, sees=ALL - COMPANY, scope="plans:write")},
    # Whose part is in the body.
    "api:submission-list": {"GET": Rule(ALL, scope="plans:read"), "POST": Rule(ALL, scope="plans:write")},
    "api:submission-detail": {"GET": replace(_PART, scope="plans:read")},
    "api:submission-approve": {"POST": _DECIDES},
    "api:submission-send-back": {"POST": _DECIDES},
    # Whose target is in the body: the service refuses one's own, and those out of reach.
    "api:target-list": {"GET": Rule(ALL, scope="targets:read"), "POST": Rule(ALL, scope="targets:write")},
    "api:target-detail": {
        "GET": Rule(OWNER_AND_CHAIN, scope="targets:read"),
        "DELETE": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="targets:write"),
    },
    "api:target-ladder": {"POST": Rule(ALL, scope="targets:write")},
    "api:target-links": {
        "GET": Rule(OWNER_AND_CHAIN, scope="targets:read"),
        "POST": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="targets:write"),
    },
    "api:target-chance": {"GET": Rule(OWNER_AND_CHAIN, scope="targets:read")},
    "api:target-smart": {"GET": Rule(OWNER_AND_CHAIN, scope="targets:read")},
    "api:target-cascade": {"POST": Rule(ALL, scope="targets:write")},
    "api:target-levels": {"POST": Rule(ALL, scope="targets:write")},
    "api:potential-list": {"GET": Rule(ALL, scope="targets:read"), "POST": Rule(ALL, scope="targets:write")},
    "api:potential-detail": {"DELETE": Rule(CHAIN, scope="targets:write")},
    # Whose is in the body: the service refuses those out of reach; which versions take commitments is everybody's to know.
    "api:commitment-list": {"GET": Rule(ALL, scope="targets:read"), "POST": Rule(ALL, scope="targets:write")},
    "api:commitment-counter": {"POST": Rule(ALL, scope="targets:write")},
    "api:commitment-accept": {"POST": Rule(ALL, scope="targets:write")},
    "api:metric-list": {"GET": Rule(ALL, scope="targets:read")},
    "api:target-split": {"POST": Rule(ALL, scope="targets:write")},
    "api:night-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:forecast-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:deal-chance-list": {"GET": Rule(ALL, scope="forecasts:read")},
    # Whose is in the body: the service refuses those out of reach.
    "api:call-list": {"GET": Rule(ALL, scope="forecasts:read"), "POST": Rule(ALL, scope="forecasts:write")},
    "api:conversion-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:track-record-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:conversion-rates": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:conversion-definitions": {"GET": Rule(ALL, scope="forecasts:read")},
    # The sample is a warning about the owner's own stage, with nobody in charge: the owner sees it, those above handle it.
    "api:warning-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "api:warning-detail": {"GET": Rule(OWNER_AND_CHAIN, scope="forecasts:read")},
    **{
        f"api:warning-{act}": {"POST": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="forecasts:write")}
        for act in ("acknowledge", "assign", "snooze", "close", "reopen")
    },
    "api:lever-list": {"GET": Rule(ALL, scope="forecasts:read")},
    "planning:warnings": {"GET": Rule(ALL)},
    "planning:warnings-top": {"GET": Rule(ALL)},
    "planning:levers": {"GET": Rule(ALL)},
    "planning:warning-detail": {"GET": Rule(OWNER_AND_CHAIN)},
    **{
        f"planning:warning-{act}": {"POST": Rule(CHAIN, sees=frozenset({Person.OWNER}))}
        for act in ("acknowledge", "assign", "snooze", "close", "reopen")
    },
    # Whose figures is asked by a parameter; without one everybody sees the top of their own reach.
    "planning:overview": {"GET": Rule(ALL)},
    "planning:forecast": {"GET": Rule(ALL)},
    "planning:forecast-call": {"POST": Rule(ALL)},
    "planning:deal-call": {"POST": Rule(OWNER_AND_CHAIN)},
    "planning:forecast-review": {"POST": Rule(CHAIN)},
    "planning:funnel": {"GET": Rule(ALL)},
    "planning:deal-chance": {"GET": Rule(ALL)},  # of the deals that the board shows them
    "planning:deal-forecast": {"GET": Rule(OWNER_AND_CHAIN)},
    "planning:track-record": {"GET": Rule(ALL)},
    "planning:conversion": {"GET": Rule(ALL)},
    "planning:conversion-export": {"GET": Rule(ALL)},
    "planning:conversion-limits": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    "planning:targets": {"GET": Rule(ALL)},
    "planning:my-pace": {"GET": Rule(ALL)},
    "planning:funnel-goals": {"GET": Rule(ALL)},
    "planning:funnel-goals-export": {"GET": Rule(ALL)},
    "planning:my-goals": {"GET": Rule(ALL)},
    "planning:funnel-effort": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    # A goal of the owner's own target, in the active version: the owner sees it, those above decide.
    "planning:stage-goal-edit": {
        "GET": Rule(CHAIN, sees=frozenset({Person.OWNER})),
        "POST": Rule(CHAIN, sees=frozenset({Person.OWNER})),
    },
    "planning:funnel-derive": {"POST": Rule(MANAGERS)},  # of a draft, all that is in their reach
    "planning:target-links": {"GET": Rule(OWNER_AND_CHAIN), "POST": Rule(CHAIN, sees=frozenset({Person.OWNER}))},
    "planning:market-shares": {"GET": Rule(MANAGERS, sees=ALL - MANAGERS)},
    "planning:share-targets-export": {"GET": Rule(MANAGERS)},  # asked for a draft
    "planning:share-targets-import": {
        "GET": Rule(COMPANY, sees=MANAGERS - COMPANY),
        "POST": Rule(COMPANY, sees=MANAGERS - COMPANY),
    },
    "planning:share-target-set": {
        "GET": Rule(COMPANY, sees=MANAGERS - COMPANY),
        "POST": Rule(COMPANY, sees=MANAGERS - COMPANY),
    },
    "api:share-target-list": {
        "GET": Rule(ALL, scope="targets:read"),
        "POST": Rule(ALL, scope="targets:write"),
    },
    "api:share-target-detail": {
        "GET": Rule(MANAGERS, scope="targets:read"),
        "DELETE": Rule(COMPANY, sees=MANAGERS - COMPANY, scope="targets:write"),
    },
    "api:stage-goal-list": {"GET": Rule(ALL, scope="targets:read")},
    "api:stage-goal-detail": {
        "GET": Rule(OWNER_AND_CHAIN, scope="targets:read"),
        "PATCH": Rule(CHAIN, sees=frozenset({Person.OWNER}), scope="targets:write"),
    },
    # Whose is in the body: the service refuses those out of reach.
    "api:stage-goal-derive": {"POST": Rule(ALL, scope="targets:write")},
    "planning:target-edit": {
        "GET": Rule(_REACH),
        "POST": Rule(_REACH),
        "PATCH": Rule(_REACH),
    },
    # Of a unit: whoever manages it sees its target, and those above set it.
    "planning:target-edit(unit,version)": {"GET": _ABOVE, "POST": _ABOVE, "PATCH": _ABOVE},
    "planning:target-split(unit,version)": {"POST": _ABOVE},
    "planning:target-split": {"POST": Rule(_REACH)},
    "planning:target-ladder(unit,version)": {"GET": _ABOVE, "POST": _ABOVE},
    "planning:target-ladder": {"GET": Rule(_REACH), "POST": Rule(_REACH)},
    "planning:my-commitment": {"GET": Rule(ALL), "POST": Rule(ALL)},
    "planning:targets-reconcile": {"GET": Rule(MANAGERS)},  # asked for a draft
    "planning:version-talk": {"POST": Rule(COMPANY, sees=MANAGERS - COMPANY)},
    "planning:target-answer(unit,version)": {"POST": _ABOVE},
    "planning:target-answer": {"POST": Rule(_REACH)},
    "planning:target-levels(unit,version)": {"GET": _ABOVE, "POST": _ABOVE},
    "planning:target-levels": {"GET": Rule(_REACH), "POST": Rule(_REACH)},
    "planning:target-cascade": {"GET": Rule(CHAIN), "POST": Rule(CHAIN)},
    "planning:potentials": {"GET": Rule(CHAIN), "POST": Rule(CHAIN)},
    "planning:potentials-export": {"GET": Rule(CHAIN)},
    "planning:plan-assignment": {
        "GET": Rule(COMPANY, sees=ALL - COMPANY),
        "POST": Rule(COMPANY, sees=ALL - COMPANY),
    },
    "planning:other-targets": {"GET": Rule(MANAGERS)},  # asked for a draft
    "planning:other-target-new": {"GET": Rule(MANAGERS), "POST": Rule(MANAGERS)},
    "planning:other-target": {"GET": Rule(_REACH), "POST": Rule(_REACH)},
    **{f"planning:other-target-{act}": {"POST": Rule(_REACH)} for act in ("grow", "lock", "clear", "remove")},
    "planning:metrics": {"GET": Rule(ALL)},
    "planning:metric-new": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    "planning:metric-edit": {
        "GET": Rule(COMPANY, sees=ALL - COMPANY),
        "POST": Rule(COMPANY, sees=ALL - COMPANY),
    },
    "planning:smart-limits": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    "planning:target-smart": {"GET": Rule(OWNER_AND_CHAIN)},  # of the owner's target in the active version
    # Whose capacity is asked by a parameter; without one it is the top of the reader's reach.
    "planning:capacity": {"GET": Rule(MANAGERS)},
    "planning:full-quota(person,plan)": {
        "GET": Rule(_REACH, sees=frozenset({Person.OWNER})),
        "POST": Rule(_REACH, sees=frozenset({Person.OWNER})),
    },
    "planning:full-quota(plan,unit)": {"GET": _ABOVE, "POST": _ABOVE},
    # The sample scenario is the lead's own.
    "planning:scenarios": {"GET": Rule(MANAGERS)},
    "planning:scenario-keep": {"POST": Rule(MANAGERS, sees=ALL - MANAGERS)},
    "planning:scenario-change": {"POST": Rule(COMPANY | {Person.LEAD}, sees=MANAGERS - COMPANY - {Person.LEAD})},
    "planning:scenario-drop": {"POST": Rule(COMPANY | {Person.LEAD}, sees=MANAGERS - COMPANY - {Person.LEAD})},
    "planning:scenario-adopt": {
        "GET": Rule(COMPANY, sees=MANAGERS - COMPANY),
        "POST": Rule(COMPANY, sees=MANAGERS - COMPANY),
    },
    "api:scenario-list": {"GET": Rule(ALL, scope="plans:read"), "POST": Rule(MANAGERS, scope="plans:write")},
    "api:scenario-detail": {
        "GET": Rule(MANAGERS, scope="plans:read"),
        "PATCH": Rule(COMPANY | {Person.LEAD}, sees=MANAGERS - COMPANY - {Person.LEAD}, scope="plans:write"),
        "DELETE": Rule(COMPANY | {Person.LEAD}, sees=MANAGERS - COMPANY - {Person.LEAD}, scope="plans:write"),
    },
    "api:scenario-adopt": {"POST": Rule(COMPANY, sees=MANAGERS - COMPANY, scope="plans:write")},
    "api:scenario-result": {"GET": Rule(MANAGERS, scope="plans:read")},
    "api:capacity-list": {"GET": Rule(MANAGERS, scope="plans:read")},
    "api:full-quota-list": {"GET": Rule(ALL, scope="plans:read"), "POST": Rule(ALL, scope="plans:write")},
    "planning:targets-export": {"GET": Rule(MANAGERS)},
    # Which rows a file may change is judged row by row.
    "planning:targets-import": {"GET": Rule(MANAGERS), "POST": Rule(MANAGERS)},
    "planning:targets-print": {"GET": Rule(CHAIN)},
    "planning:targets-below": {"GET": Rule(CHAIN)},
    "planning:targets-find": {"GET": Rule(MANAGERS)},  # asked for a draft
    "planning:targets-smart": {"GET": Rule(MANAGERS)},  # asked for a draft
    "planning:versions-compare": {"GET": Rule(ALL)},
    **{
        f"api:target-{act}": {"POST": Rule(ALL, scope="targets:write")} for act in ("months", "growth", "lock", "clear")
    },
    **{f"planning:target-{act}": {"POST": Rule(_REACH)} for act in ("grow", "lock", "clear")},
    **{f"planning:target-{act}(unit,version)": {"POST": _ABOVE} for act in ("grow", "lock", "clear")},
    "api:workday-list": {"GET": Rule(ALL, scope="plans:read")},
    "planning:work-calendar": {"GET": Rule(ALL)},
    "planning:workday-new": {"POST": Rule(COMPANY)},
    "planning:workday-drop": {"POST": Rule(COMPANY, sees=ALL - COMPANY)},
    "planning:fiscal-calendar": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    "planning:plan-new": {"GET": Rule(COMPANY), "POST": Rule(COMPANY)},
    "planning:plan-activate": {
        "GET": Rule(COMPANY, sees=MANAGERS - COMPANY),
        "POST": Rule(COMPANY, sees=MANAGERS - COMPANY),
    },
    # The sample is a draft; of a whole one, plan owners hand it up.
    "planning:version-approval": {"GET": Rule(MANAGERS)},
    "planning:version-submit(pk)": {
        "GET": Rule(COMPANY, sees=MANAGERS - COMPANY),
        "POST": Rule(COMPANY, sees=MANAGERS - COMPANY),
    },
    # The part of the owner's team: whoever leads it, and those above.
    "planning:version-submit(pk,unit)": {"GET": Rule(CHAIN), "POST": Rule(CHAIN)},
    "planning:version-close": {"POST": Rule(COMPANY, sees=ALL - COMPANY)},
    # The sample is the other team's part, handed up by its lead, who sees it and does not decide on it.
    "planning:submission-detail": {"GET": _PART},
    "planning:submission-approve": {"POST": _DECIDES},
    "planning:submission-send-back": {"POST": _DECIDES},
    "planning:plan-revise": {
        "GET": Rule(COMPANY, sees=ALL - COMPANY),
        "POST": Rule(COMPANY, sees=ALL - COMPANY),
    },
}


def can_review(user: User, unit: OrgUnit) -> bool:
    """May this person mark a unit's forecast as reviewed? Whoever manages it, or a unit above."""
    return OrgUnit.objects.visible_to(user).filter(pk=unit.pk).exists()


def can_call(user: User, *, unit: OrgUnit | None = None, person: User | None = None) -> bool:
    """May this person say what a unit or person will bring? About themself, the units they manage, and everybody below."""
    if not user.is_active or (unit is None) == (person is None):
        return False
    if unit is not None:
        return OrgUnit.objects.visible_to(user).filter(pk=unit.pk).exists()
    return person is not None and User.objects.visible_to(user).filter(pk=person.pk).exists()


def is_own_call(user: User, *, unit: OrgUnit | None = None, person: User | None = None) -> bool:
    """Is it their own: a person about themself, a manager about a unit they manage today? Else it comes from above."""
    if unit is not None:
        return Management.objects.current().filter(user=user, unit=unit).exists()
    return person is not None and person.pk == user.pk


def can_plan(user: User) -> bool:
    """May this person make, hand up, activate, revise and close plans?"""
    return user.sees_everything


def can_submit(user: User, unit: OrgUnit) -> bool:
    """May this person hand up the part of a unit? Whoever manages it, or a unit above; plan owners."""
    return user.is_active and (user.sees_everything or unit.pk in user.units_in_reach)


def can_decide(user: User, submission: Submission) -> bool:
    """May this person approve or send back? Whoever manages a unit above, and plan owners; never who handed it up."""
    if not user.is_active or user.pk == submission.submitted_by_id:
        return False
    if user.sees_everything:
        return True
    return submission.unit is not None and submission.unit.parent_id in user.units_in_reach


@dataclass(frozen=True)
class TargetReach:
    """Whose targets a person may set today: read once, asked for every row of a grid."""

    person: int
    everything: bool
    units: frozenset[int] = frozenset()
    people: frozenset[int] = frozenset()

    def covers_target(self, target: Target) -> bool:
        return self.covers(unit=target.unit_id, person=target.person_id)

    def covers(self, *, unit: int | None = None, person: int | None = None) -> bool:
        if person is not None:
            return person != self.person and (self.everything or person in self.people)
        return unit is not None and (self.everything or unit in self.units)


def target_reach(user: User) -> TargetReach:
    """Return whose targets the user may set; their own is never among them."""
    if not user.is_active or not user.is_manager:
        return TargetReach(person=user.pk, everything=False)
    if user.sees_everything:
        return TargetReach(person=user.pk, everything=True)
    managed = Management.objects.current().filter(user=user).values_list("unit", flat=True)
    people = User.objects.visible_to(user).values_list("pk", flat=True)
    return TargetReach(
        person=user.pk,
        everything=False,
        units=frozenset(user.units_in_reach) - frozenset(managed),
        people=frozenset(people),
    )


def can_add_target(user: User) -> bool:
    """May this person ask anybody for something beside the plain targets? Whoever sets targets at all."""
    return user.is_active and user.is_manager


def can_see_version(user: User, version: PlanVersion) -> bool:
    """May this person see that the version exists? A draft is for those who plan."""
    return PlanVersion.objects.visible_to(user).filter(pk=version.pk).exists()


def can_set_target(
    user: User, version: PlanVersion, *, unit: OrgUnit | None = None, person: User | None = None
) -> bool:
    """May this person set the target of this unit or person? Whether the version still takes changes is another matter."""
    return can_see_version(user, version) and target_reach(user).covers(
        unit=unit.pk if unit else None, person=person.pk if person else None
    )


def can_set_full_quota(user: User, *, unit: OrgUnit | None = None, person: User | None = None) -> bool:
    """May this person say what somebody ramped up brings? As with targets: those above, never for oneself."""
    return target_reach(user).covers(unit=unit.pk if unit else None, person=person.pk if person else None)


def can_keep_scenario(user: User, scenario: Scenario | None = None) -> bool:
    """May this person keep a scenario, or change this one? Those who lead; their own, or any for those who plan."""
    if not user.is_active or not user.is_manager:
        return False
    return scenario is None or user.sees_everything or scenario.author_id == user.pk


def can_see_capacity(user: User) -> bool:
    """Capacity is for those who lead."""
    return user.is_manager


def can_handle_warning(user: User, warning: ConversionWarning) -> bool:
    """May this person assign, put off, close and reopen a warning? Whoever manages the cell's unit or person, or above."""
    if not user.is_active:
        return False
    if user.sees_everything:
        return True
    if warning.by == By.UNIT:
        return warning.member in user.units_in_reach
    if warning.by == By.PERSON:
        return warning.member != user.pk and User.objects.visible_to(user).filter(pk=warning.member).exists()
    return False


def can_note_warning(user: User, warning: ConversionWarning) -> bool:
    """May this person acknowledge a warning and write a note? Who handles it, and the person in charge."""
    return user.is_active and (warning.owner_id == user.pk or can_handle_warning(user, warning))


def can_spread(user: User, version: PlanVersion, unit: OrgUnit) -> bool:
    """May this person spread a unit's target over those below? Who manages it or a unit above; each row is asked besides."""
    return (
        user.is_manager
        and PlanVersion.objects.visible_to(user).filter(pk=version.pk).exists()
        and OrgUnit.objects.visible_to(user).filter(pk=unit.pk).exists()
    )


def can_commit(user: User, *, unit: OrgUnit | None = None, person: User | None = None) -> bool:
    """May this person say what a row stands for? For themself, and for the units that they manage today."""
    return user.is_active and is_own_call(user, unit=unit, person=person)
