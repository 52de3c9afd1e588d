from django.db import migrations

# The table of Django's database cache (settings.CACHES): sign-in throttles and used one-time codes live here, because
# they must outlive an emptied or hung Redis. The columns are those of `manage.py createcachetable`.
CACHE = """
CREATE TABLE shared_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX shared_cache_expires ON shared_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("teams", "0002_units_make_no_circle")]

    operations = [migrations.RunSQL(CACHE, "DROP TABLE shared_cache;")]
