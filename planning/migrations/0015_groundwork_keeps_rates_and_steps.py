from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("planning", "0014_warnings_of_conversions")]

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
