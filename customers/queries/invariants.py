"""What must always be true of deals and their ledgers, asked of the whole database."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

SAMPLE = 5


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold: its name, what is wrong, how often, and the first keys."""

    rule: str
    sentence: str
    count: int
    keys: tuple[int, ...]


# Each query returns the keys of the deals (or whatever the sentence names) for which a rule does not hold.
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        "I1",
        "deals whose lines are not numbered 1..n",
        """
        SELECT deal.id FROM customers_deal deal
        LEFT JOIN (SELECT deal_id, count(*) AS n, max(seq) AS top, min(seq) AS low
                   FROM customers_stageevent GROUP BY deal_id) told ON told.deal_id = deal.id
        WHERE told.n IS NULL OR told.n <> told.top OR told.low <> 1 OR deal.last_seq <> told.top
        """,
    ),
    (
        "I1",
        "deals with a line that does not begin where the last one ended",
        """
        SELECT DISTINCT deal_id FROM (
            SELECT deal_id, from_stage_id, lag(to_stage_id) OVER (PARTITION BY deal_id ORDER BY seq) AS before
            FROM customers_stageevent
        ) line WHERE from_stage_id IS DISTINCT FROM before
        """,
    ),
    (
        "I1",
        "deals with a line that happened before the one it follows",
        """
        SELECT DISTINCT deal_id FROM (
            SELECT deal_id, occurred_at, lag(occurred_at) OVER (PARTITION BY deal_id ORDER BY seq) AS before
            FROM customers_stageevent
        ) line WHERE occurred_at < before
        """,
    ),
    (
        "I2",
        "deals that differ from what their ledger tells",
        """
        SELECT deal.id FROM customers_deal deal
        JOIN customers_stageevent last ON last.deal_id = deal.id AND last.seq = deal.last_seq
        JOIN LATERAL (
            SELECT occurred_at FROM customers_stageevent step
            WHERE step.deal_id = deal.id AND step.kind <> 'amend' ORDER BY step.seq DESC LIMIT 1
        ) moved ON true
        WHERE deal.stage_id <> last.to_stage_id
           OR deal.amount IS DISTINCT FROM last.amount
           OR deal.expected_close_date IS DISTINCT FROM last.expected_close_date
           OR deal.stage_since <> moved.occurred_at
           OR deal.version < deal.last_seq
        """,
    ),
    (
        "I2",
        "deals whose closing day does not fit their stage",
        """
        SELECT deal.id FROM customers_deal deal JOIN customers_stage stage ON stage.id = deal.stage_id
        WHERE (stage.kind = 'open') <> (deal.closed_date IS NULL)
        """,
    ),
    (
        "I2",
        "deals in a stage of another pipeline",
        """
        SELECT deal.id FROM customers_deal deal JOIN customers_stage stage ON stage.id = deal.stage_id
        WHERE stage.pipeline_id <> deal.pipeline_id
        """,
    ),
    (
        "I3",
        "missing guards of the ledger",
        """
        SELECT 1 WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger WHERE tgname = 'stageevent_append_only' AND tgenabled <> 'D'
        )
        """,
    ),
    (
        "ownership",
        "deals whose present owner differs from their last ownership",
        """
        SELECT deal.id FROM customers_deal deal
        LEFT JOIN customers_dealownership held ON held.deal_id = deal.id AND held.valid_to IS NULL
        WHERE held.owner_id IS DISTINCT FROM deal.owner_id
        """,
    ),
    (
        "ownership",
        "deals that nobody owned for a time",
        """
        SELECT DISTINCT deal_id FROM (
            SELECT deal_id, valid_from, lag(valid_to) OVER (PARTITION BY deal_id ORDER BY valid_from) AS before,
                   row_number() OVER (PARTITION BY deal_id ORDER BY valid_from) AS place
            FROM customers_dealownership
        ) held WHERE place > 1 AND valid_from IS DISTINCT FROM before
        """,
    ),
    (
        "pipeline",
        "pipelines without an open stage, a won or a lost one",
        """
        SELECT pipeline.id FROM customers_pipeline pipeline
        LEFT JOIN customers_stage stage ON stage.pipeline_id = pipeline.id
        GROUP BY pipeline.id HAVING count(DISTINCT stage.kind) < 3
        """,
    ),
)


def violations() -> Iterator[Violation]:
    """Yield every rule that does not hold; nothing when all is well."""
    for rule, sentence, sql in _RULES:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), (array_agg(key ORDER BY key))[:{SAMPLE}] FROM ({sql}) found (key)")  # noqa: S608
            count, keys = cursor.fetchone()
        if count:
            yield Violation(rule, sentence, count, tuple(keys))
