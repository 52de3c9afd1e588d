from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("planning", "0020_plans_made_anew_in_the_year")]

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
