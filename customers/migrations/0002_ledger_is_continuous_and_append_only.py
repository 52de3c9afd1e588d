from django.db import migrations

CONTINUITY = """
ALTER TABLE customers_stageevent ADD CONSTRAINT stageevent_begins_where_the_last_ended
    FOREIGN KEY (deal_id, prev_seq, from_stage_id) REFERENCES customers_stageevent (deal_id, seq, to_stage_id);
"""

# Row triggers, so that TRUNCATE still empties a test database; the production role has no right to truncate.
APPEND_ONLY = """
CREATE FUNCTION customers_stageevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the stage ledger is append-only' USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = 'stageevent_append_only';
END $$;
CREATE TRIGGER stageevent_append_only BEFORE UPDATE OR DELETE ON customers_stageevent
    FOR EACH ROW EXECUTE FUNCTION customers_stageevent_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_first_tables")]

    operations = [
        migrations.RunSQL(
            CONTINUITY, "ALTER TABLE customers_stageevent DROP CONSTRAINT stageevent_begins_where_the_last_ended;"
        ),
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER stageevent_append_only ON customers_stageevent;"
            "DROP FUNCTION customers_stageevent_append_only;",
        ),
    ]
