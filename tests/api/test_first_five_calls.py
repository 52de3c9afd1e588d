"""The README's first five calls, performed as they stand there."""

import json
import re
import shlex
from argparse import ArgumentParser
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from string import Template
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from core.tokens import issue_token
from customers.models import Deal
from planning.services import run_forecast
from tests.samples import make_world

README = Path(settings.BASE_DIR) / "README.md"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: Any


def _calls() -> list[list[str]]:
    """Return the words of the curl commands below the heading, variables still in them."""
    _before, _heading, section = README.read_text(encoding="utf-8").partition("\n## First five calls\n")
    section = section.partition("\n## ")[0]
    fences = re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.DOTALL | re.MULTILINE)
    commands = [shlex.split(fence.replace("\\\n", " ")) for fence in fences]
    return [words for words in commands if words[0] == "curl"]


def _perform(words: list[str], known: dict[str, object]) -> Answer:
    """Do what curl would do. An option that is not read here fails, rather than being passed over."""
    curl = ArgumentParser(exit_on_error=False)
    curl.add_argument("url")
    curl.add_argument("-i", action="store_true")
    curl.add_argument("-X", default="GET")
    curl.add_argument("-H", action="append", default=[])
    curl.add_argument("-d")
    said = curl.parse_args([Template(word).substitute(known) for word in words[1:]])
    headers = dict(header.split(": ", 1) for header in said.H)
    request = Request(said.url, said.d and said.d.encode(), headers, method=said.X)  # noqa: S310  # the live server
    with urlopen(request) as answer:  # noqa: S310  # raises on any refusal
        return Answer(answer.status, answer.headers, json.loads(answer.read()))


@pytest.mark.requirement("R7.3")
def test_the_first_five_calls_of_the_readme_work(transactional_db: None, live_server: LiveServer) -> None:
    today = timezone.localdate()
    world = make_world(today, store_file=False)
    run_forecast(plan=world.plan, as_of=today, clock=timezone.now)
    _token, secret = issue_token(
        actor=world.cast.rao, name="First calls", scopes=["deals:read", "deals:write", "forecasts:read"], days=1
    )
    known: dict[str, object] = {"YEARLINE": live_server.url, "TOKEN": secret}
    pipelines, biggest, begin, move, forecast = _calls()

    answer = _perform(pipelines, known)
    assert answer.status == 200
    found = answer.body["results"][0]
    known |= {"PIPELINE": found["id"], "STAGE": found["stages"][1]["id"]}

    answer = _perform(biggest, known)
    amounts = [float(deal["amount"]) for deal in answer.body["results"]]
    assert answer.status == 200
    assert len(amounts) == 5
    assert amounts == sorted(amounts, reverse=True)

    answer = _perform(begin, known)
    assert answer.status == 201
    assert _perform(begin, known).body == answer.body, "the same key begins no second deal"
    known |= {"DEAL": answer.body["id"], "ETAG": answer.headers["ETag"]}

    answer = _perform(move, known)
    assert answer.status == 200
    assert answer.headers["ETag"] != known["ETAG"]
    deal = Deal.objects.get(title="Begun over the API")
    assert (deal.pk, deal.stage_id, deal.owner) == (known["DEAL"], known["STAGE"], world.cast.rao)

    answer = _perform(forecast, known)
    assert answer.status == 200
    assert [(line["person"], line["period"]) for line in answer.body["results"]] == [(world.cast.rao.pk, "FY")]
