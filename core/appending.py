"""Many rows of a model into Postgres by COPY: several times faster than INSERT, and under all rules of the table."""

import json
from collections.abc import Sequence
from io import StringIO
from operator import attrgetter

from django.db import connection, models

_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def append(rows: Sequence[models.Model]) -> int:
    """
    Write new rows of one model, and return how many.

    Keys are given by the database and stay unknown; nothing of `save` runs. Values are numbers, texts, days, instants, None,
    and plain dicts and lists where the column is JSON.
    """
    if not rows:
        return 0
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key and not field.generated]
    values = attrgetter(*(field.attname for field in fields))
    lines = "".join("\t".join(map(_text, values(row))) + "\n" for row in rows)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {connection.ops.quote_name(meta.db_table)} ({names}) FROM STDIN", StringIO(lines))
    return len(rows)


def _text(value: object) -> str:
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return value.translate(_ESCAPED) if isinstance(value, str) else str(value)
