"""The company's own sign-in, through the whole dance with a real OpenID Connect provider."""

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse

from config.accounts import company_patterns
from config.urls import urlpatterns as product
from teams.models import User
from tests.factories.teams import make_person
from tests.teams.openid_provider import CLIENT, SECRET, Provider, running

urlpatterns = [path("accounts/", include(company_patterns)), *product]  # as where a provider is set
pytestmark = [pytest.mark.requirement("R7.4"), pytest.mark.django_db]


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    settings.ROOT_URLCONF = __name__
    with running() as provider:
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "company",
                        "name": "Company account",
                        "client_id": CLIENT,
                        "secret": SECRET,
                        "settings": {"server_url": provider.url},
                    }
                ],
            }
        }
        provider.claims = {"sub": "u-17", "email": "Rao@test.example", "email_verified": True, "name": "Rao"}
        yield provider


@pytest.fixture
def rao(db: None) -> User:
    return make_person("Rao", email="rao@test.example")


def leave_for_the_provider(client: Client) -> str:
    """Press the button on the sign-in page. Returns the provider's address to which one is sent."""
    answer = client.post(reverse("openid_connect_login", args=["company"]))
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def come_back_from(address: str) -> str:
    """Be the browser at the provider. Returns the address of ours to which it sends back."""
    parts = urlsplit(address)
    line = HTTPConnection(parts.netloc, timeout=10)
    line.request("GET", f"{parts.path}?{parts.query}")
    location = line.getresponse().headers["Location"]
    line.close()
    back = urlsplit(str(location))
    return f"{back.path}?{back.query}"


def sign_in(client: Client) -> HttpResponse:
    answer: Any = client.get(come_back_from(leave_for_the_provider(client)))
    return answer


def is_in(client: Client) -> bool:
    return client.get(reverse("teams:profile")).status_code == 200


def test_the_sign_in_page_offers_the_company_account(provider: Provider) -> None:
    page = Client().get(reverse("account_login")).content.decode()
    assert reverse("openid_connect_login", args=["company"]) in page
    assert "Company account" in page


def test_a_person_comes_in_through_the_provider_and_again(provider: Provider, rao: User) -> None:
    for _ in range(2):
        client = Client()
        answer = sign_in(client)
        assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
        assert is_in(client)
        assert client.session["_auth_user_id"] == str(rao.pk)
    assert SocialAccount.objects.values_list("user", "uid").get() == (rao.pk, "u-17")
    assert {"/.well-known/openid-configuration", "/authorize", "/token"} <= set(provider.asked)


def test_the_request_to_the_provider_carries_state_and_challenge_and_no_secret(provider: Provider, rao: User) -> None:
    query = parse_qs(urlsplit(leave_for_the_provider(Client())).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "code_challenge"} <= query.keys()
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert SECRET not in str(query)


@pytest.mark.parametrize(
    "claims", [{"email": "nobody@test.example"}, {"email_verified": False}, {"email": None}], ids=str
)
def test_who_is_not_known_here_or_not_verified_there_is_refused(
    provider: Provider, rao: User, claims: dict[str, object]
) -> None:
    provider.claims.update(claims)
    client = Client()
    answer = sign_in(client)
    assert answer.status_code == 403
    assert "nobody has made an account with its e-mail here" in answer.content.decode()
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_a_former_person_is_turned_away(provider: Provider, rao: User) -> None:
    sign_in(Client())
    User.objects.update(is_active=False)
    client = Client()
    assert sign_in(client)["Location"] == reverse("account_inactive")
    assert not is_in(client)


@pytest.mark.parametrize(
    "wrong", [{"aud": "another-client"}, {"iss": "https://another.example"}, {"exp": 1_000_000}], ids=str
)
def test_an_id_token_that_is_not_for_us_opens_nothing(provider: Provider, rao: User, wrong: dict[str, object]) -> None:
    provider.token_claims = wrong
    client = Client()
    answer = sign_in(client)
    assert "The other system did not confirm who you are." in answer.content.decode()
    assert not is_in(client)


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(provider: Provider, rao: User) -> None:
    callback = come_back_from(leave_for_the_provider(Client()))
    victim = Client()
    victim.get(reverse("account_login"))
    answer = victim.get(callback)  # somebody else's state
    assert answer.status_code == 401
    assert not is_in(victim)


def test_a_code_opens_once(provider: Provider, rao: User) -> None:
    client = Client()
    callback = come_back_from(leave_for_the_provider(client))
    client.get(callback)
    client.logout()
    client.get(callback)
    assert not is_in(client)


def test_a_provider_that_is_away_is_said_so(provider: Provider, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:1"
    answer = Client().post(reverse("openid_connect_login", args=["company"]))
    assert answer.status_code == 503
    assert "Try again or use your password." in answer.content.decode()
