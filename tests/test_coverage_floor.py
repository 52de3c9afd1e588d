"""The floor under the coverage only rises: whoever lowers it has to lower it in the history too."""

import re
import subprocess
import tomllib

import pytest

from config.embedded import BASE_DIR

FLOOR = re.compile(r"^[+-]fail_under = (\d+)", re.MULTILINE)


def test_the_floor_was_never_higher_than_it_is() -> None:
    settings = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())
    floor = settings["tool"]["coverage"]["report"]["fail_under"]
    command = ["git", "log", "--patch", "--unified=0", "-G^fail_under", "--", "pyproject.toml"]
    history = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    if history.returncode:
        pytest.skip("This is no git checkout.")
    assert floor >= max((int(number) for number in FLOOR.findall(history.stdout)), default=0)
