import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0003_shared_cache")]

    operations = [
        migrations.AddField(
            model_name="workdayoverride",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="workdayoverride",
            name="made_at",
            field=models.DateTimeField(null=True),
        ),
    ]
