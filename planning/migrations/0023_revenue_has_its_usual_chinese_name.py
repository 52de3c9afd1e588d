from django.db import migrations


def rename(apps, schema_editor):
    """The pages have always said 销售额; a name that somebody has changed meanwhile stays."""
    apps.get_model("planning", "Metric").objects.filter(code="revenue", name_zh="收入").update(name_zh="销售额")


class Migration(migrations.Migration):
    dependencies = [("planning", "0022_smart_findings_are_kept")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
