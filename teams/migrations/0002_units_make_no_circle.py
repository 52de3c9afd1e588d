from django.db import migrations

# The lock is the one that teams.services.units takes: two moves that are fine alone can make a circle together.
NO_CIRCLE = """
CREATE FUNCTION teams_orgunit_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7201001);
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT id, parent_id FROM teams_orgunit WHERE id = NEW.parent_id
            UNION
            SELECT unit.id, unit.parent_id FROM teams_orgunit unit JOIN above ON unit.id = above.parent_id
        ) SELECT 1 FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'unit % would hang below itself', NEW.id USING ERRCODE = 'check_violation',
            CONSTRAINT = 'orgunit_no_circle';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orgunit_no_circle BEFORE UPDATE OF parent_id ON teams_orgunit
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
    EXECUTE FUNCTION teams_orgunit_no_circle();
"""


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_first_tables")]

    operations = [
        migrations.RunSQL(
            NO_CIRCLE, "DROP TRIGGER orgunit_no_circle ON teams_orgunit; DROP FUNCTION teams_orgunit_no_circle;"
        ),
    ]
