from django.db import migrations

LAW = "建设工程质量管理条例 第四十条"
# What a new community is given, as it was when this was written.
TERMS = [
    ("leak", "屋面、卫生间及外墙防渗漏", "Roof, wet rooms and outer walls: leaks", 5, "years", "", "", "(二)"),
    ("heating", "供热系统", "Heating", 2, "seasons", "11-15", "03-15", "(三)"),
    ("cooling", "供冷系统", "Cooling", 2, "seasons", "06-01", "08-28", "(三)"),
    (
        "fittings",
        "电气管线、给排水管道、设备安装和装修",
        "Wiring, pipes, equipment, decoration",
        *(2, "years", "", "", "(四)"),
    ),
]


def fill(apps, schema_editor):
    """Give every community that is there already the periods of the law."""
    using = schema_editor.connection.alias
    term = apps.get_model("complaints", "WarrantyTerm")
    for community in apps.get_model("core", "Community").objects.using(using):
        term.objects.using(using).bulk_create(
            term(
                community=community,
                code=code,
                name=name,
                name_en=name_en,
                length=length,
                unit=unit,
                season_from=season_from,
                season_to=season_to,
                source=f"{LAW}{item}",
            )
            for code, name, name_en, length, unit, season_from, season_to, item in TERMS
        )


class Migration(migrations.Migration):
    dependencies = [("complaints", "0080_warranty_is_claimed")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
