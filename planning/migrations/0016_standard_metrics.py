from django.db import migrations

STANDARD = (
    # code, name, name in Chinese, kind, unit
    ("revenue", "Revenue", "收入", "revenue", "money"),
    ("margin", "Gross margin", "毛利", "margin", "money"),
    ("units", "Units", "销量", "units", "count"),
    ("wins", "Won deals", "赢单数", "wins", "count"),
    ("new-customers", "New customers", "新客户数", "customers", "count"),
)


def add(apps, schema_editor):
    metrics = apps.get_model("planning", "Metric").objects
    for position, (code, name, name_zh, kind, unit) in enumerate(STANDARD, start=1):
        given = {"name": name, "name_zh": name_zh, "kind": kind, "unit": unit, "position": position}
        metrics.get_or_create(code=code, defaults=given)


class Migration(migrations.Migration):
    dependencies = [("planning", "0015_targets_ask_for_any_metric")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
