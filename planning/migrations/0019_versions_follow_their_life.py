from django.db import migrations

# Forwards only, but for a plan that is sent back; what was approved is never opened again, so its targets stay as they were.
FOLLOWS_ITS_LIFE = """
CREATE FUNCTION planning_planversion_follows_its_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('draft', 'submitted'), ('submitted', 'draft'), ('submitted', 'approved'), ('approved', 'active'),
        ('approved', 'superseded'), ('active', 'superseded'), ('active', 'closed')
    ) THEN
        RAISE EXCEPTION 'a version of a plan does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'planversion_follows_its_life';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER planversion_follows_its_life BEFORE UPDATE ON planning_planversion
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION planning_planversion_follows_its_life();
"""


class Migration(migrations.Migration):
    dependencies = [("planning", "0018_plans_are_handed_up")]

    operations = [
        migrations.RunSQL(
            FOLLOWS_ITS_LIFE,
            "DROP TRIGGER planversion_follows_its_life ON planning_planversion;"
            "DROP FUNCTION planning_planversion_follows_its_life;",
        )
    ]
