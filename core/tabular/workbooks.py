"""Reading XLSX: the zip is judged before anything parses it, and a limited child process does the parsing."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core.tabular.cells import Cell
from core.tabular.limits import MB, Limits, UnreadableFile

_CHILD = Path(__file__).with_name("workbook_child.py")


def check_zip(path: Path, limits: Limits) -> None:
    """
    Refuse a workbook that would unpack to more than it is worth. Reads the zip's directory only.

    The declared sizes can be trusted: Python's zipfile never unpacks a member beyond its declared size.

    :raises UnreadableFile: no zip, no workbook, encrypted, or beyond the limits
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as broken:
        raise UnreadableFile(_("This workbook is damaged. Save it again as .xlsx and upload that.")) from broken
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
        raise UnreadableFile(_("This is not an Excel workbook (.xlsx). Save your table as .xlsx or .csv."))
    if any(member.flag_bits & 0x1 for member in members):
        raise UnreadableFile(_("This workbook is protected by a password. Save it without one."))
    too_many = len(members) > limits.members
    too_large = sum(member.file_size for member in members) > limits.unpacked_bytes
    suspicious = any(
        member.file_size > MB and member.file_size > limits.member_ratio * max(member.compress_size, 1)
        for member in members
    )
    if too_many or too_large or suspicious:
        raise UnreadableFile(_("This workbook unpacks to far more than it should. Save the table alone, or as .csv."))


def sheet_rows(path: Path, *, sheet: str, limits: Limits) -> Iterator[tuple[int, list[Cell]]]:
    """Stream the lines of a sheet ("" = the first). :raises UnreadableFile: when the child finds it damaged or too large"""
    with subprocess.Popen(
        [
            sys.executable,
            "-I",
            str(_CHILD),
            str(path),
            sheet,
            str(limits.memory_bytes),
            str(limits.cpu_seconds),
            str(limits.columns),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},  # no address of ours, no secret
        text=True,
        encoding="utf-8",
    ) as child:
        try:
            assert child.stdout is not None  # noqa: S101  # a pipe was asked for
            ended = False
            for text in child.stdout:
                said = _understood(text)
                if isinstance(said, list):
                    line, cells = said
                    yield line, [_cell(value) for value in cells]
                elif "error" in said:
                    raise _refusal(said)
                else:
                    ended = ended or "end" in said
            if not ended:
                raise _refusal({"error": "memory"})
        finally:
            with suppress(ProcessLookupError):
                child.kill()


def _understood(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # cut off in the middle: the child was stopped by its limits
        return {"error": "memory"}


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        if "date" in value:
            return date.fromisoformat(value["date"])
        return datetime.fromisoformat(value["datetime"])
    cell: Cell = value
    return cell


def _refusal(said: dict[str, Any]) -> UnreadableFile:
    match said["error"]:
        case "no_sheet":
            return UnreadableFile(_("The workbook has no such sheet."))
        case "too_wide":
            return UnreadableFile(_("Line %(line)s has cells far to the right of the table.") % {"line": said["line"]})
        case "memory" | "too_many_lines":
            return UnreadableFile(_("This workbook is too large to read. Save the table as .csv."))
        case _:
            return UnreadableFile(_("This workbook is damaged. Save it again as .xlsx and upload that."))
