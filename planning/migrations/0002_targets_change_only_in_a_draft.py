from django.db import migrations

# The share lock makes the trigger sure under concurrency: an activation holds the version alone until it has committed.
ONLY_IN_A_DRAFT = """
CREATE FUNCTION planning_target_only_in_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settled boolean := false;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM 1 FROM planning_planversion WHERE id = OLD.version_id AND status = 'draft' FOR SHARE;
        settled := NOT FOUND;
    END IF;
    IF TG_OP <> 'DELETE' AND NOT settled THEN
        PERFORM 1 FROM planning_planversion WHERE id = NEW.version_id AND status = 'draft' FOR SHARE;
        settled := NOT FOUND;
    END IF;
    IF settled THEN
        RAISE EXCEPTION 'the targets of a version change only while it is a draft'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'target_only_in_a_draft';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER target_only_in_a_draft BEFORE INSERT OR UPDATE OR DELETE ON planning_target
    FOR EACH ROW EXECUTE FUNCTION planning_target_only_in_a_draft();
"""


class Migration(migrations.Migration):
    dependencies = [("planning", "0001_first_tables")]

    operations = [
        migrations.RunSQL(
            ONLY_IN_A_DRAFT,
            "DROP TRIGGER target_only_in_a_draft ON planning_target; DROP FUNCTION planning_target_only_in_a_draft;",
        ),
    ]
