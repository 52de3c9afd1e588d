"""API tokens: issued once, shown once, kept as a hash, narrowed to scopes, dead after 90 days at the latest."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import SCOPES
from core.errors import Invalid, Problem
from core.models import ApiToken

if TYPE_CHECKING:
    from teams.models import User

MOST_DAYS = 90
MOST_TOKENS = 20


@transaction.atomic(durable=True)
def issue_token(*, actor: "User", name: str, scopes: Sequence[str], days: int) -> tuple[ApiToken, str]:
    """
    Make a token of the actor's own. Returns its row and its secret, which is shown now and never again.

    :raises Invalid: an unknown scope, none at all, a life outside 1 to 90 days, or too many tokens
    """
    problems = []
    if not scopes or not set(scopes) <= set(SCOPES):
        problems.append(Problem("scopes", _("Choose at least one of the scopes offered.")))
    if not 1 <= days <= MOST_DAYS:
        problems.append(Problem("days", _("A token lives for 1 to %(most)d days.") % {"most": MOST_DAYS}))
    if not name.strip():
        problems.append(Problem("name", _("Give the token a name that says who uses it.")))
    if problems:
        raise Invalid(_("This token cannot be issued."), problems=problems)
    if actor.auth_token_set.count() >= MOST_TOKENS:
        raise Invalid(_("You have %(most)d tokens. Revoke one that is not used any more.") % {"most": MOST_TOKENS})
    token, secret = ApiToken.objects.create(
        user=actor,
        expiry=timedelta(days=days),
        name=name.strip(),
        scopes=[scope for scope in SCOPES if scope in scopes],
    )
    audit.record("core.token.issued", actor=actor, subject=actor, name=token.name, scopes=token.scopes, days=days)
    return token, secret


@transaction.atomic(durable=True)
def revoke_token(*, actor: "User", token: ApiToken) -> None:
    """End a token: the next request that carries it is refused."""
    audit.record("core.token.revoked", actor=actor, subject=actor, name=token.name)
    token.delete()
