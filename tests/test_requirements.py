"""Which requirements have tests: every R number that a README claims is shown by at least one test."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KNOWN = {
    f"R{chapter}.{number}"
    for chapter, numbers in {0: 2, 1: 9, 2: 5, 3: 5, 4: 4, 5: 4, 6: 4, 7: 4}.items()
    for number in range(1, numbers + 1)
}


def _marked() -> Iterator[tuple[str, Path]]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path}: name the requirement"
                    yield str(argument.value), path


def _claimed() -> set[str]:
    """R numbers in the line "Requirements: R1.2, R1.7 …" of the apps' READMEs."""
    found: set[str] = set()
    for page in ROOT.glob("*/README.md"):
        for line in page.read_text().splitlines():
            if line.startswith("Requirements:"):
                found |= set(re.findall(r"R\d\.\d", line))
    return found


def test_tests_name_requirements_that_exist() -> None:
    assert {number for number, _ in _marked()} <= KNOWN


def test_every_requirement_that_a_readme_claims_is_shown_by_a_test() -> None:
    shown = defaultdict(set)
    for number, path in _marked():
        shown[number].add(path)

    assert _claimed(), "the READMEs name the requirements they serve in a line «Requirements: …»"
    assert _claimed() - shown.keys() == set()
