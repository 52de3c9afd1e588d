"""Requests a second and latency of pages and API, as ratios to a view that does nothing, in the same run."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket
from statistics import quantiles
from threading import Thread
from time import perf_counter, sleep
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.crypto import get_random_string

from bench.report import table
from bench.world import DEALS, TEAMS, World
from customers.models import Deal, Stage
from teams.models import User

CONNECTIONS, WORKERS, REQUESTS, WARM_UP = 8, 2, 300, 16
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Ask:
    """One request and the status that it must get."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    status: int = 200


def measure(world: World) -> None:
    """Print one line for each page, the empty view first."""
    everything, team = signed_in(world.supervisor), signed_in(world.lead)
    pages = ("customers:deals", "customers:board", "planning:overview")
    asked = {"empty view": [Ask("/bench/empty")] * (REQUESTS + WARM_UP)}
    for name in pages:
        page = name.split(":")[1]
        asked[f"{page}, {DEALS:,} deals"] = [Ask(reverse(name), everything)] * (REQUESTS + WARM_UP)
        asked[f"{page}, a team's {DEALS // TEAMS:,}"] = [Ask(reverse(name), team)] * (REQUESTS + WARM_UP)
    asked[f"API list, {DEALS:,} deals"] = [Ask(reverse("api:deal-list"), everything)] * (REQUESTS + WARM_UP)
    asked["deal move (POST)"] = _moves(world.supervisor, everything)
    compared(
        f"Pages: {CONNECTIONS} connections, {WORKERS} workers, {REQUESTS} requests each; ratios to the empty view",
        asked,
    )


def compared(
    title: str, asked: Mapping[str, Sequence[Ask]], *, connections: int = CONNECTIONS, warm_up: int = WARM_UP
) -> None:
    """Ask for each page in turn, the empty view first, and print its pace beside that of the empty view."""
    rows: list[tuple[str, ...]] = []
    floor = None
    with _server() as port:
        for name, asks in asked.items():
            _drive(port, asks[:warm_up], connections)
            seconds, latencies = _drive(port, asks[warm_up:], connections)
            rate = len(latencies) / seconds
            cuts = quantiles(latencies, n=20)
            middle, slow = cuts[9] * 1000, cuts[18] * 1000
            floor = floor or (rate, middle, slow)
            against = f"1/{floor[0] / rate:.0f}", f"{middle / floor[1]:.0f}×", f"{slow / floor[2]:.0f}×"
            rows.append((name, f"{rate:.0f}", f"{middle:.0f}", f"{slow:.0f}", *against))
    table(
        title,
        ("page", "requests/s", "p50 ms", "p95 ms", "rate", "p50", "p95"),
        rows,
    )


def signed_in(user: User) -> dict[str, str]:
    """Headers of a person's browser."""
    client = Client()
    client.force_login(user)
    token = get_random_string(32)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: token}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": token}


def _moves(user: User, headers: Mapping[str, str]) -> list[Ask]:
    """One step forward for each of some open deals."""
    deals = Deal.objects.visible_to(user).open().select_related("stage", "pipeline").order_by("pk")
    onward = {}
    for stage in Stage.objects.open().order_by("position"):
        onward[stage.pk] = Stage.objects.open().filter(pipeline=stage.pipeline_id, position__gt=stage.position).first()
    movable = [deal for deal in deals if onward[deal.stage_id]][: REQUESTS + WARM_UP]
    return [
        Ask(
            f"{reverse('customers:deal-move', args=[deal.pk])}?to={onward[deal.stage_id].pk}",
            {**headers, "Content-Type": _FORM},
            urlencode({"version": deal.version, "to_stage": onward[deal.stage_id].pk}),
            302,
        )
        for deal in movable
    ]


@contextmanager
def _server() -> Iterator[int]:
    """Run the product as `make run` does, on a free loopback port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(str(Path(sys.executable).with_name("gunicorn")), "config.wsgi", "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--threads", "4", "--workers", str(WORKERS), "--no-control-socket"),
        *("--log-level", "error", "--timeout", "60"),
    ]
    server = subprocess.Popen(command, env=os.environ)
    try:
        for _ in range(120):
            try:
                _drive(port, [Ask("/bench/empty")])
            except OSError:
                sleep(0.25)
            else:
                break
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _drive(port: int, asks: Sequence[Ask], connections: int = CONNECTIONS) -> tuple[float, list[float]]:
    """Send the requests over some connections at once. Returns the whole time and each one's, in seconds."""
    waiting, latencies, failures = deque(asks), list[float](), list[BaseException]()

    def work() -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while True:
                ask = waiting.popleft()
                begun = perf_counter()
                line.request("POST" if ask.body else "GET", ask.path, ask.body, dict(ask.headers))
                answer = line.getresponse()
                answer.read()
                latencies.append(perf_counter() - begun)
                assert answer.status == ask.status, f"{ask.path} answered {answer.status}"
        except IndexError:
            return  # nothing waits any more
        except (OSError, HTTPException, AssertionError) as failure:
            failures.append(failure)
        finally:
            line.close()

    begun = perf_counter()
    threads = [Thread(target=work) for _ in range(min(connections, len(asks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return perf_counter() - begun, latencies
