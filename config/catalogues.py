"""
Translation catalogues: extracting, merging, checking and compiling with Babel alone (no system gettext needed).

Each app keeps the strings of its Python files and of `templates/<app>/` in `<app>/locale/zh_Hans/LC_MESSAGES/django.po`;
`core` keeps those of `config/` and of every other template too. Catalogues are sorted and carry no line numbers and no
dates, so that two people who add strings seldom meet in a merge. A new string gets an empty translation, never a guess.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

APPS = ("core", "teams", "customers", "planning", "processes", "risks")
LOCALE = "zh_Hans"
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdfr]|\{\w*\}")
_CHINESE = "[\u4e00-\u9fff\u201c\u201d\uff08\uff09]"
_HALF_WIDTH = re.compile(rf"{_CHINESE}[,;:!?](?!//)|[,;:!?] ?{_CHINESE}")
_UNSTEADY_HEADERS = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Last-Translator',
    '"Language-Team',
    '"Generated-By',
    '"Project-Id-Version',
    '"Report-Msgid-Bugs-To',
)


@dataclass(frozen=True)
class Outcome:
    """What a merge would write for one app, and what is wrong with it."""

    app: str
    path: Path
    text: bytes
    added: tuple[str, ...]
    removed: tuple[str, ...]
    problems: tuple[str, ...]


def po_path(root: Path, app: str) -> Path:
    return root / app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def merged(root: Path, app: str) -> Outcome:
    """Merge the strings of an app's sources with its catalogue on disk, without writing."""
    path = po_path(root, app)
    before = _read(path)
    after = Catalog(locale=LOCALE, domain="django", header_comment=f"# Simplified Chinese of {app}.", fuzzy=False)
    for message_id, context in _strings(root, app):
        after.add(message_id, context=context)
    problems = []
    added = []
    for message in _messages(after):
        known = before.get(message.id, context=message.context)
        if known is None:
            added.append(_name(message))
        elif known.fuzzy:
            problems.append(f"{app}: fuzzy: {_name(message)}")
        elif message.pluralizable == isinstance(known.string, tuple | list):
            message.string = known.string
            message.user_comments = list(known.user_comments)
        problems += [f"{app}: {wrong}: {_name(message)}" for wrong in _wrong(message)]
    removed = tuple(_name(old) for old in _messages(before) if after.get(old.id, context=old.context) is None)
    return Outcome(app, path, _written(after), tuple(added), removed, tuple(problems))


def problems(root: Path) -> list[str]:
    """Return everything that keeps the catalogues from being complete: missing, empty, fuzzy, obsolete, contradicting."""
    found: list[str] = []
    spoken: dict[tuple[str, str | None], tuple[str, object]] = {}
    for app in APPS:
        outcome = merged(root, app)
        found += [f"{app}: missing: {name}" for name in outcome.added]
        found += [f"{app}: obsolete: {name}" for name in outcome.removed]
        found += [line for line in outcome.problems if line.split(": ", 2)[2] not in outcome.added]
        if not found and outcome.path.exists() and outcome.path.read_bytes() != outcome.text:
            found.append(f"{app}: not as `manage.py messages` writes it")
        for message in _messages(_read(outcome.path)):
            key = (_first(message.id), message.context)
            other, string = spoken.setdefault(key, (app, message.string))
            if string != message.string:  # Django shows the first app's everywhere
                found.append(f"{app}: translated differently in {other}: {_name(message)}")
    return found


def write(outcome: Outcome) -> None:
    outcome.path.parent.mkdir(parents=True, exist_ok=True)
    _replace(outcome.path, outcome.text)


def compile_all(root: Path) -> list[Path]:
    """Compile each catalogue that is newer than its .mo; each .mo appears whole or not at all. Return what was written."""
    compiled = []
    for app in APPS:
        source = po_path(root, app)
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns):
            continue
        buffer = BytesIO()
        write_mo(buffer, _read(source))
        _replace(target, buffer.getvalue())
        compiled.append(target)
    return compiled


def _strings(root: Path, app: str) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    for path in _python_files(root, app):
        yield from _extracted(path.read_text(encoding="utf-8"))
    for path in _templates(root, app):
        source = templatize(path.read_text(encoding="utf-8"), origin=str(path.relative_to(root)))
        # The blanked-out HTML keeps its indentation, which is no Python's.
        yield from _extracted("\n".join(line.strip() for line in source.splitlines()))


def _extracted(source: str) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    for _line, message, _comments, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
        yield message, context


def _python_files(root: Path, app: str) -> list[Path]:
    folders = [root / app, root / "config"] if app == "core" else [root / app]
    return [path for folder in folders for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts]


def _templates(root: Path, app: str) -> list[Path]:
    top = root / "templates"
    paths = [path for ending in ("*.html", "*.txt") for path in sorted(top.rglob(ending))]
    owners = [(path.relative_to(top).parts[0], path) for path in paths]
    if app == "core":
        return [path for owner, path in owners if owner == "core" or owner not in APPS]
    return [path for owner, path in owners if owner == app]


def _wrong(message: Message) -> Iterator[str]:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not strings or not all(strings):
        yield "empty"
        return
    wanted = set().union(*(_PLACEHOLDER.findall(one) for one in ids))
    for string in strings:
        given = set(_PLACEHOLDER.findall(string or ""))
        if given != wanted:
            yield f"placeholders {sorted(given)} instead of {sorted(wanted)}"
        if _HALF_WIDTH.search(string or ""):
            yield "a comma or colon of half width beside Chinese"


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _name(message: Message) -> str:
    context = f" [{message.context}]" if message.context else ""
    return _first(message.id) + context


def _first(message_id: str | tuple[str, ...] | list[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def _read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, ignore_obsolete=True)


def _written(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_po(buffer, catalog, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    lines = buffer.getvalue().decode().splitlines()
    return ("\n".join(line for line in lines if not line.startswith(_UNSTEADY_HEADERS)) + "\n").encode()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)
