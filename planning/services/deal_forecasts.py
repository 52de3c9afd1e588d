"""Saving the chances of a night: numbers go in by COPY, and one statement makes rows of them, checked like any others."""

import numpy as np
from django.db import connection

from core.arrays import written
from core.models import JobRun
from core.transactions import within_transaction
from planning.queries.deal_rows import DealRows

_LOADED = "dealforecast_loaded"
_SAVE = """
INSERT INTO planning_dealforecast (run_id, deal_id, owner_id, stage_id, expected_close_date, recorded_amount, amount, p_win,
    p_by_month, factors)
SELECT %s, deal, owner, stage, DATE '1970-01-01' + NULLIF(close, -1)::int4, round(NULLIF(recorded, -1) / 100.0, 2),
    round(amount / 100.0, 2), p_win, ARRAY[{months}]::float8[], jsonb_build_object({facts})
FROM {table}
"""


@within_transaction
def save_deals(run: JobRun, rows: DealRows) -> int:
    """Write one DealForecast per row; within the transaction of the run."""
    months = {f"month_{place}": column for place, column in enumerate(rows.p_by_month.T)}
    facts = {f"fact_{name}": column for name, column in rows.facts.items()}
    flags = {f"flag_{name}": flag.astype(np.int16) for name, flag in rows.flags.items()}
    columns = rows.columns | months | facts | flags
    pairs = [f"'{name.removeprefix('fact_')}', {name}" for name in facts]
    pairs += [f"'{name.removeprefix('flag_')}', {name} = 1" for name in flags]
    save = _SAVE.format(months=", ".join(months), facts=", ".join(pairs), table=_LOADED)
    wide = {"f8": "float8", "i8": "int8", "i2": "int2"}
    columns_of = ", ".join(f"{name} {wide[column.dtype.str[1:]]}" for name, column in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {_LOADED} ({columns_of})")
        written(_LOADED, columns)
        cursor.execute(save, [run.pk])
        cursor.execute(f"DROP TABLE {_LOADED}")
    return len(rows)
