from django.db import migrations

# Row triggers, so that TRUNCATE still empties a test database.
APPEND_ONLY = """
CREATE FUNCTION planning_call_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'calls are append-only' USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = 'call_append_only';
END $$;
CREATE TRIGGER forecastcall_append_only BEFORE UPDATE OR DELETE ON planning_forecastcall
    FOR EACH ROW EXECUTE FUNCTION planning_call_append_only();
CREATE TRIGGER dealcall_append_only BEFORE UPDATE OR DELETE ON planning_dealcall
    FOR EACH ROW EXECUTE FUNCTION planning_call_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("planning", "0010_calls_beside_the_forecast")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER dealcall_append_only ON planning_dealcall;"
            "DROP TRIGGER forecastcall_append_only ON planning_forecastcall;"
            "DROP FUNCTION planning_call_append_only;",
        )
    ]
