"""Coming in: password, throttle, second step, the company's own sign-in, and being shut out."""

import re
from typing import Any
from unittest.mock import patch

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from teams import services
from teams.models import Capability, User
from tests.factories.teams import PASSWORD, Cast, make_person

pytestmark = [pytest.mark.requirement("R7.4"), pytest.mark.django_db]
WRONG = "not-the-password-at-all"


def sign_in(email: str, password: str = PASSWORD, *, client: Client | None = None, address: str = "10.1.1.1") -> Any:
    client = client or Client()
    return client.post("/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=address)


def is_in(client: Client) -> bool:
    return client.get("/people/profile/").status_code == 200


@pytest.fixture
def rao(db: None) -> User:
    return make_person("Rao", email="rao@test.example", password=PASSWORD)


def test_the_right_password_opens_a_new_session_in_postgres(rao: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    before = client.session.session_key
    assert sign_in("RAO@test.example", client=client).status_code == 302
    assert is_in(client)
    assert client.session.session_key != before
    assert Session.objects.filter(pk=client.session.session_key).exists()


def test_a_stranger_is_answered_like_a_wrong_password(rao: User) -> None:
    def answer(email: str) -> tuple[int, str, int]:
        with patch.object(
            PBKDF2PasswordHasher, "encode", autospec=True, side_effect=PBKDF2PasswordHasher.encode
        ) as hashed:
            response = sign_in(email, WRONG)
        text = re.sub(r'(value|content)="[^"]{20,}"|csrf[^>]*', "", response.content.decode().replace(email, "E"))
        return response.status_code, re.sub(r"csrfToken[^}]*|X-CSRFToken[^}]*", "", text), hashed.call_count

    known, unknown = answer(rao.email), answer("nobody@test.example")
    assert known == unknown
    assert known[2] > 0


@pytest.mark.parametrize("email", ["rao@test.example", "nobody@test.example"])
def test_five_failures_close_an_account_for_a_while_wherever_they_come_from(rao: User, email: str) -> None:
    for number in range(5):
        sign_in(email, WRONG, address=f"10.1.2.{number}")
    refused = sign_in(email, address="10.1.3.1")
    assert "Too many failed login attempts" in refused.content.decode()
    assert not is_in(refused.client)


def test_twenty_failures_close_the_door_to_an_address(rao: User) -> None:
    for number in range(20):
        sign_in(f"guess{number}@test.example", WRONG, address="10.1.4.1")
    assert "Too many" in sign_in(rao.email, address="10.1.4.1").content.decode()
    assert sign_in(rao.email, address="10.1.4.2").status_code == 302


DEAD = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}


def test_the_throttle_counts_in_postgres_and_needs_no_redis(rao: User, settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "redis": DEAD}
    for _ in range(5):
        sign_in(rao.email, WRONG)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shared_cache WHERE cache_key LIKE '%login\\_failed%' AND expires > now()")
        assert cursor.fetchone()[0] >= 2  # one for the account, one for the address
    assert "Too many" in sign_in(rao.email).content.decode()


def test_a_forged_forwarding_header_is_no_new_address(rao: User) -> None:
    client = Client()
    for number in range(21):
        client.post(
            "/accounts/login/",
            {"login": f"guess{number}@test.example", "password": WRONG},
            REMOTE_ADDR="10.1.5.1",
            HTTP_X_FORWARDED_FOR=f"10.9.9.{number}",
        )
    assert "Too many" in sign_in(rao.email, address="10.1.5.1").content.decode()


def test_a_former_person_is_out_at_the_next_request_and_cannot_come_back(cast: Cast, rao: User) -> None:
    client = Client()
    sign_in(rao.email, client=client)
    assert is_in(client)
    services.deactivate_person(actor=cast.admin, person=rao, version=rao.version, left_date=timezone.localdate())
    assert not is_in(client)
    assert sign_in(rao.email)["Location"] == "/accounts/inactive/"


def test_nobody_signs_up(db: None) -> None:
    answer = Client().post(
        "/accounts/signup/", {"email": "new@test.example", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "Accounts are made by your administrator." in answer.content.decode()
    assert not User.objects.exists()


def test_a_person_without_a_password_sets_one_by_mail(db: None) -> None:
    person = make_person(email="new@test.example")
    Client().post("/accounts/password/reset/", {"email": person.email})
    (message,) = mail.outbox
    link = re.search(r"/accounts/password/reset/key/\S+", str(message.body))
    assert link is not None
    client = Client()
    form = client.get(link.group(), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert sign_in(person.email).status_code == 302


# --- The second step --------------------------------------------------------------------------------------------------


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(counters())))))


def test_with_a_second_step_the_password_alone_opens_nothing(rao: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(rao, secret)
    client = Client()
    assert sign_in(rao.email, client=client)["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)
    wrong = "000000" if code_of(secret) != "000000" else "111111"
    client.post("/accounts/2fa/authenticate/", {"code": wrong})
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert is_in(client)


def test_a_code_opens_once(rao: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(rao, secret)
    code = code_of(secret)
    for expected in (True, False):
        client = Client()
        sign_in(rao.email, client=client)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_in(client) is expected


@pytest.mark.parametrize("capability", [Capability.ADMINISTRATOR, Capability.HR])
def test_who_must_have_a_second_step_gets_nowhere_without_it(db: None, capability: str) -> None:
    person = make_person(capabilities=(capability,))
    client = Client()
    client.force_login(person)
    with override_settings(REQUIRE_TOTP=True):
        for address in ("/people/", "/people/profile/tokens/", "/api/v1/people/"):
            assert client.get(address)["Location"] == "/accounts/2fa/totp/activate/"
        assert client.get("/accounts/2fa/totp/activate/").status_code in (200, 302)
        TOTP.activate(person, generate_totp_secret())
        assert client.get("/people/").status_code == 200


def test_everybody_else_chooses_and_by_default_all_do(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.rao)
    with override_settings(REQUIRE_TOTP=True):
        assert client.get("/people/").status_code == 200
    client.force_login(cast.admin)
    assert client.get("/people/").status_code == 200


# --- The company's own sign-in ----------------------------------------------------------------------------------------


PROVIDER = {
    "provider_id": "company",
    "name": "Company",
    "client_id": "id",
    "secret": "s",
    "settings": {"server_url": ""},
}


@pytest.fixture
def company_account(settings: Any) -> None:
    """The provider is set; only what comes back from it is tried, so its addresses need not be mounted."""
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [PROVIDER]}}


def come_by_company_account(email: str, *, verified: bool = True, user: User | None = None) -> tuple[HttpResponse, Any]:
    """Come back from the provider with an e-mail, as allauth hands it over."""
    request = RequestFactory().get("/accounts/oidc/company/login/callback/")
    request.user = user or AnonymousUser()
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # what its middleware would set
    login = SocialLogin(
        user=User(email=email),
        account=SocialAccount(provider="company", uid=f"uid-of-{email}", extra_data={}),
        email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
    )
    with context.request_context(request):
        login.provider = get_adapter().get_provider(request, "company")
        return complete_social_login(request, login), request


@pytest.mark.usefixtures("company_account")
def test_a_person_made_beforehand_comes_in_by_the_verified_email_and_keeps_the_password(rao: User) -> None:
    answer, request = come_by_company_account("Rao@Test.example")
    assert answer.status_code == 302
    assert request.session["_auth_user_id"] == str(rao.pk)
    _again, request = come_by_company_account("Rao@Test.example")
    assert request.session["_auth_user_id"] == str(rao.pk)
    assert SocialAccount.objects.count() == 1
    assert sign_in(rao.email).status_code == 302


@pytest.mark.usefixtures("company_account")
@pytest.mark.parametrize(("email", "verified"), [("nobody@test.example", True), ("rao@test.example", False)])
def test_an_unknown_person_or_an_unverified_email_is_refused_in_a_clear_sentence(
    rao: User, email: str, verified: bool
) -> None:
    answer, request = come_by_company_account(email, verified=verified)
    assert answer.status_code == 403
    assert "nobody has made an account with its e-mail here" in answer.content.decode()
    assert "_auth_user_id" not in request.session
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1


@pytest.mark.usefixtures("company_account")
def test_a_former_person_does_not_come_in_by_the_company_account(rao: User) -> None:
    come_by_company_account(rao.email)
    User.objects.filter(pk=rao.pk).update(is_active=False)
    answer, request = come_by_company_account(rao.email)
    assert "_auth_user_id" not in request.session
    assert answer["Location"] == "/accounts/inactive/"


@pytest.mark.usefixtures("company_account")
def test_nobody_connects_the_company_account_of_somebody_else(rao: User) -> None:
    other = make_person(email="other@test.example")
    answer, _request = come_by_company_account(rao.email, user=other)
    assert answer.status_code == 403
    assert not SocialAccount.objects.exists()
