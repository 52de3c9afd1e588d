"""
Reading files of deal history: which column is what, what a line says, what one deal's lines say together.

No tables here: names stay names, stages are handed in, and what cannot be taken is said as a code with its facts, so that
the sentence is made in the language of whoever reads it (`problems.sentence`).
"""

from .columns import FIELDS, FIELDS_BY_NAME, Field, fields_of, header_key
from .guessing import Guess, guess_columns, guess_kind, guess_options, guess_shape, guess_stage
from .histories import History, StageRef, Step, histories
from .names import name_key, person_key
from .problems import Finding, note_sentence, sentence
from .rows import Options, Reader, Row, When

__all__ = [
    "FIELDS",
    "FIELDS_BY_NAME",
    "Field",
    "Finding",
    "Guess",
    "History",
    "Options",
    "Reader",
    "Row",
    "StageRef",
    "Step",
    "When",
    "fields_of",
    "guess_columns",
    "guess_kind",
    "guess_options",
    "guess_shape",
    "guess_stage",
    "header_key",
    "histories",
    "name_key",
    "note_sentence",
    "person_key",
    "sentence",
]
