from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION customers_dealcredit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was agreed about credit stays' USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = 'dealcredit_append_only';
END $$;
CREATE TRIGGER dealcredit_append_only BEFORE UPDATE OR DELETE ON customers_dealcredit
    FOR EACH ROW EXECUTE FUNCTION customers_dealcredit_append_only();
"""

# Deferred: the lines of an agreement come one after the other, and are looked at together when the transaction ends.
ADDS_UP = """
CREATE FUNCTION customers_dealcredit_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT COALESCE(sum(points) FILTER (WHERE NOT is_overlay), 0) <> 10000 OR count(DISTINCT valid_from) > 1
        FROM customers_dealcredit WHERE deal_id = NEW.deal_id AND seq = NEW.seq) THEN
        RAISE EXCEPTION 'shares of deal % agreement % do not add up', NEW.deal_id, NEW.seq
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dealcredit_shares_add_up';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER dealcredit_shares_add_up AFTER INSERT ON customers_dealcredit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_dealcredit_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_deals_share_credit")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER dealcredit_append_only ON customers_dealcredit;"
            "DROP FUNCTION customers_dealcredit_append_only;",
        ),
        migrations.RunSQL(
            ADDS_UP,
            "DROP TRIGGER dealcredit_shares_add_up ON customers_dealcredit;"
            "DROP FUNCTION customers_dealcredit_adds_up;",
        ),
    ]
