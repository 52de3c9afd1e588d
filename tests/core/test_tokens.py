import pytest

from core.errors import Invalid
from core.models import ApiToken, AuditEntry
from core.tokens import MOST_TOKENS, issue_token, revoke_token
from tests.factories.teams import Cast

pytestmark = pytest.mark.requirement("R7.3")


def test_a_token_is_kept_as_a_hash_and_named_in_the_trail(cast: Cast) -> None:
    token, secret = issue_token(actor=cast.rao, name=" Excel ", scopes=["deals:write", "deals:read"], days=30)
    assert secret.startswith("yl_")
    assert secret not in str(vars(ApiToken.objects.get()))
    assert (token.name, token.scopes) == ("Excel", ["deals:read", "deals:write"])
    assert token.expiry is not None
    assert round((token.expiry - token.created).total_seconds() / 86_400) == 30
    line = AuditEntry.objects.get(event="core.token.issued")
    assert line.facts == {"name": "Excel", "scopes": ["deals:read", "deals:write"], "days": 30}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"days": 91}, "days"),
        ({"days": 0}, "days"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "scopes"),
        ({"name": " "}, "name"),
    ],
)
def test_a_token_beyond_the_rules_is_refused(cast: Cast, wrong: dict[str, object], field: str) -> None:
    wish: dict[str, object] = {"name": "Excel", "scopes": ["deals:read"], "days": 30, **wrong}
    with pytest.raises(Invalid) as refusal:
        issue_token(actor=cast.rao, **wish)  # type: ignore[arg-type]
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert not ApiToken.objects.exists()


def test_a_person_has_a_limited_number_of_tokens(cast: Cast) -> None:
    for number in range(MOST_TOKENS):
        issue_token(actor=cast.rao, name=f"T{number}", scopes=["deals:read"], days=1)
    with pytest.raises(Invalid):
        issue_token(actor=cast.rao, name="One more", scopes=["deals:read"], days=1)


def test_a_revoked_token_is_gone_and_the_trail_knows(cast: Cast) -> None:
    token, _ = issue_token(actor=cast.rao, name="Excel", scopes=["deals:read"], days=30)
    revoke_token(actor=cast.rao, token=token)
    assert not ApiToken.objects.exists()
    assert AuditEntry.objects.get(event="core.token.revoked").facts == {"name": "Excel"}
