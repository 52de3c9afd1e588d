"""How far what is planned below may differ from a target: set per level of the tree, by those who plan."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem
from planning import policies
from planning.models import AssignmentRule, Plan
from planning.queries.assignment import USUAL, spans
from teams.models import User

from .refusals import SpanIsInvalid

LOWEST, HIGHEST = Decimal(-100), Decimal(200)


@transaction.atomic(durable=True)
def set_assignment_policy(
    *, plan: Plan, levels: Mapping[str, tuple[Decimal, Decimal]], actor: User, at: datetime
) -> list[AssignmentRule]:
    """
    Set the least and the most that may be planned below a unit of a level beyond its target, in per cent of it.

    :param levels: of each level of the tree that is set: least, most
    :raises SpanIsInvalid: for a level that is none, or a span that is none
    """
    require(policies.can_plan(actor))
    problems = []
    for level, (least, most) in levels.items():
        if level not in USUAL:
            problems.append(Problem(level, _("The tree has no such level."), "unknown"))
        elif not LOWEST <= least <= most <= HIGHEST:
            problems.append(
                Problem(f"{level}_most", _("Give a span within −100 and 200 per cent, the lower end first."), "no_span")
            )
    if problems:
        raise SpanIsInvalid(problems[0].message, problems=problems)
    Plan.objects.select_for_update().get(pk=plan.pk)
    before = spans(plan)
    rules = [
        AssignmentRule.objects.update_or_create(
            plan=plan, level=level, defaults={"least": least, "most": most, "set_by": actor, "set_at": at}
        )[0]
        for level, (least, most) in levels.items()
    ]
    audit.record(
        "planning.assignment.set",
        actor=actor,
        subject=plan,
        was={level: [before[level].least, before[level].most] for level in levels},
        levels={level: list(span) for level, span in levels.items()},
    )
    return rules
