"""The compose file and the image, held against the settings: no Docker engine is at hand where this was written."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.embedded import BASE_DIR
from tests.environment import variables_read

PINNED = re.compile(r"[a-z/]+:\d+\.\d+\.?\d*[a-z0-9.-]*")
OWN_IMAGE = "yearline:0.1.0"
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (BASE_DIR / "Dockerfile").read_text()


@pytest.mark.requirement("R7.1")
def test_it_runs_the_whole_product_from_one_image(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "set-up", "web", "worker", "beat"}
    ours = {name for name, service in services.items() if service["image"] == OWN_IMAGE}
    assert ours == {"set-up", "web", "worker", "beat"}


def test_every_image_is_pinned(compose: dict[str, Any], dockerfile: str) -> None:
    images = [service["image"] for service in compose["services"].values()]
    images += re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_every_variable_that_it_sets_is_one_that_is_read(compose: dict[str, Any], dockerfile: str) -> None:
    ours = [service for service in compose["services"].values() if service["image"] == OWN_IMAGE]
    set_here = {name for service in ours for name in service["environment"]}
    in_the_image = set(re.findall(r"\b([A-Z_]{4,})=", dockerfile)) - {"VIRTUAL_ENV", "PYTHONUNBUFFERED", "PATH"}
    assert set_here | in_the_image <= variables_read()
    assert set_here >= {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS"}


def test_no_secret_has_a_value_in_the_file(compose: dict[str, Any]) -> None:
    text = (BASE_DIR / "docker-compose.yml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert f"${{{secret}:?" in text
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "SECRET" in name:
                assert VARIABLE.match(value), name


def test_nobody_is_root(compose: dict[str, Any], dockerfile: str) -> None:
    for name, service in compose["services"].items():
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
    last_stage = dockerfile[dockerfile.rindex("FROM ") :]
    assert re.findall(r"^USER (\S+)", last_stage, re.MULTILINE) == ["yearline"]
    assert last_stage.index("\nUSER ") < last_stage.index("\nCMD ")


def test_whatever_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service["restart"] == "no":
            assert service["healthcheck"] == {"disable": True}, name
        else:
            assert service["healthcheck"]["test"], name


def test_everything_waits_for_the_set_up_and_the_set_up_for_postgres(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["set-up"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["set-up"]["condition"] == "service_completed_successfully", name


def test_whatever_the_image_copies_exists_and_is_let_through(dockerfile: str) -> None:
    lines = (BASE_DIR / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert lines[0] == "*", "a new file stays out until it is named"
    for name in let_through:
        assert (BASE_DIR / name).exists(), name
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE)]
    for name in (name for names in copied for name in names):
        assert Path(name).parts[0] in let_through, name


def test_the_worker_gets_longer_than_its_soft_shutdown_to_stop(compose: dict[str, Any]) -> None:
    from django.conf import settings

    seconds = int(compose["services"]["worker"]["stop_grace_period"].removesuffix("s"))
    assert seconds > settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT
