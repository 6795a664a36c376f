from django.db import migrations, models

# What the constraints refuse from now on and nothing refused before.
CLAMP = """
UPDATE core_community SET
    take_minutes = LEAST(GREATEST(take_minutes, 1), 1440),
    soon_minutes = LEAST(GREATEST(soon_minutes, 1), 10080),
    reopen_days = LEAST(reopen_days, 365);
UPDATE core_department SET is_active = true WHERE is_centre AND NOT is_active;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0040_month_report_has_an_addressee"),
    ]

    operations = [
        migrations.AlterField(
            model_name="community",
            name="calendar_version",
            field=models.PositiveIntegerField(
                db_default=1,
                default=1,
                editable=False,
                help_text="Rises with every change of hours, of days and of a rule that deadlines or levels are counted with.",
            ),
        ),
        migrations.RunSQL(CLAMP, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="community",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reopen_days__lte", 365), ("soon_minutes__range", (1, 10080)), ("take_minutes__range", (1, 1440))
                ),
                name="community_times_are_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="department",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_centre", False), ("is_active", True), _connector="OR"),
                name="department_the_centre_is_in_use",
            ),
        ),
    ]
