"""
Reads one sheet of a workbook and writes its rows as JSON lines. Run as a program of its own, under limits of memory and time.

`python -I workbook_child.py PATH SHEET MEMORY CPU COLUMNS`, SHEET "" = the first. The lines: `{"sheets": [...]}`, then
`[line, [cells]]` for every row that is not blank, then `{"end": true}`; or `{"error": code, "line": n}`. A date is
`{"date": iso}` or `{"datetime": iso}`. It knows nothing of the product: a crafted workbook that breaks it breaks nothing.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

LAST_LINE = 1_048_576  # of a sheet, in every spreadsheet program


def main(path: str, sheet: str, memory: str, cpu: str, columns: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would load it only to know its number types
    import openpyxl  # noqa: PLC0415  # only under the limits

    say = sys.stdout.write
    try:
        # An open file, for of a path openpyxl judges the ending, and a kept upload has none.
        file = open(path, "rb")  # noqa: SIM115, PTH123  # read until the process ends
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        names = [one.title for one in workbook.worksheets]
        say(json.dumps({"sheets": names}) + "\n")
        if not names or (sheet and sheet not in names):
            say(json.dumps({"error": "no_sheet"}) + "\n")
            return
        chosen = workbook[sheet or names[0]]
        chosen.reset_dimensions()  # the file's own word for its size is not trusted
        for line, cells in enumerate(chosen.iter_rows(values_only=True), start=1):
            if line > LAST_LINE:
                say(json.dumps({"error": "too_many_lines", "line": line}) + "\n")
                return
            if len(cells) > int(columns) and any(cell is not None for cell in cells[int(columns) :]):
                say(json.dumps({"error": "too_wide", "line": line}) + "\n")
                return
            if any(cell is not None for cell in cells):
                say(json.dumps([line, [plain(cell) for cell in cells[: int(columns)]]], ensure_ascii=False) + "\n")
        say(json.dumps({"end": True}) + "\n")
    except MemoryError:
        say(json.dumps({"error": "memory"}) + "\n")
    except BrokenPipeError:
        raise
    except Exception as reason:  # noqa: BLE001  # openpyxl raises anything on a damaged file
        say(json.dumps({"error": "damaged", "detail": type(reason).__name__}) + "\n")


def plain(cell: Any) -> object:
    match cell:
        case datetime():
            return {"datetime": cell.isoformat()}
        case date():
            return {"date": cell.isoformat()}
        case time() | timedelta():
            return str(cell)
        case None | bool() | int() | float() | str():
            return cell
        case _:
            return str(cell)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        main(*sys.argv[1:6])
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
