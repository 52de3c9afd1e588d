from django.db import migrations

# Row triggers, so that TRUNCATE still empties a test database; the production role has no right to truncate.
APPEND_ONLY = """
CREATE FUNCTION core_auditentry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = 'auditentry_append_only';
END $$;
CREATE TRIGGER auditentry_append_only BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH ROW EXECUTE FUNCTION core_auditentry_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_first_tables")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER auditentry_append_only ON core_auditentry; DROP FUNCTION core_auditentry_append_only;",
        ),
    ]
