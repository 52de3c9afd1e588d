"""Which environment variables the product reads, found in its source."""

import ast
from pathlib import Path

from config.embedded import BASE_DIR

READERS = (
    "config/settings.py",
    "config/run.py",
    "config/embedded/parts.py",
    "config/embedded/programs.py",
    "manage.py",
)
SYSTEM = {"PATH", "TZ", "LD_LIBRARY_PATH", "DJANGO_SETTINGS_MODULE"}  # not ours to document


def variables_read() -> set[str]:
    """Names that settings and the start-up ask the environment for."""
    names = {name for file in READERS for name in _names(BASE_DIR / file)}
    return {name for name in names if name.isupper()} - SYSTEM


def _names(file: Path) -> set[str]:
    """Collect the first text argument of `env.…(…)` and of `os.environ.get/setdefault/pop(…)`, and `os.environ[…]`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="env")), args=[ast.Constant(value=str(name)), *_]):
                found.add(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ")), args=[ast.Constant(value=str(name)), *_]
            ):
                found.add(name)
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                found.add(name)
    return found
