"""The house holds: who may import whom, and where lines may stand, is checked by machines."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("core", "teams", "customers", "planning", "processes", "risks", "config")


def test_nobody_imports_upwards() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("app", APPS[1:-1])
def test_every_app_has_a_page_that_explains_it(app: str) -> None:
    page = (ROOT / app / "README.md").read_text()

    assert "R" in page
    assert len(page.splitlines()) > 5


def _calls(path: Path, names: set[str]) -> list[str]:
    tree = ast.parse(path.read_text(), str(path))
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


def test_the_clock_is_read_in_doors_only() -> None:
    clocks = {"timezone.now", "timezone.localdate", "datetime.now", "date.today", "time.time"}
    below = [
        path
        for app in APPS[1:-1]
        for layer in ("services", "queries", "models", "forecasting", "serializers")
        for path in (ROOT / app / layer).rglob("*.py")
    ]

    assert [place for path in below for place in _calls(path, clocks)] == []


def test_tests_mirror_the_apps() -> None:
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith(("_", "."))
    }

    assert folders <= {*APPS, "access", "api", "browser", "canary", "chromium", "crash", "factories", "fuzz"}
