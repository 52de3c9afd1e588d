from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("planning", "0019_versions_follow_their_life")]

    operations = [
        migrations.AddField(model, name, models.BinaryField(default=b""))
        for model, name in (
            ("groundwork", "rates"),
            ("groundwork", "steps"),
            ("groundworkpart", "alive"),
            ("groundworkpart", "edge"),
            ("groundworkpart", "exits"),
            ("groundworkpart", "rates"),
            ("groundworkpart", "steps"),
        )
    ]
