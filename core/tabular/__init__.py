"""
CSV and XLSX in and out.

Reading: `open_table(path)` checks the file and finds header, encoding and delimiter; its `rows()` streams
`(line number, {column: cell})`. Cells are then read by `cells.money`, `cells.day` and their like, which refuse what they
cannot read for sure. Writing: `csv_lines` and `write_xlsx` neutralise formulas; reading undoes exactly that.
"""

from . import cells
from .cells import Cell, DateOrder, Unreadable
from .limits import LIMITS, Limits, UnreadableFile
from .reading import Table, open_table
from .uploads import uploaded_table
from .writing import csv_lines, neutralised, restored, write_xlsx

__all__ = [
    "LIMITS",
    "Cell",
    "DateOrder",
    "Limits",
    "Table",
    "Unreadable",
    "UnreadableFile",
    "cells",
    "csv_lines",
    "neutralised",
    "open_table",
    "restored",
    "uploaded_table",
    "write_xlsx",
]
