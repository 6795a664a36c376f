import django.db.models.functions.math
from django.db import migrations, models

# What the constraints refuse from now on. No case could be counted with such a policy before: each raised an error.
MEND = """
UPDATE complaints_category SET arrive_minutes = NULLIF(LEAST(arrive_minutes, 10080), 0);
UPDATE complaints_deadlinepolicy SET amount = LEAST(CEIL(amount), 3660)
    WHERE count IN ('same_day', 'natural_days', 'working_days');
UPDATE complaints_deadlinepolicy SET "end" = 'close' WHERE count = 'same_day' AND "end" = 'same_time';
UPDATE complaints_deadlinepolicy SET amount = 1 WHERE count IN ('service_hours', 'wall_hours') AND amount = 0;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0050_replies_in_kind_and_calls"),
        ("core", "0060_times_of_a_community_are_sane"),
    ]

    operations = [
        migrations.AddField(
            model_name="deadlinepolicy",
            name="is_active",
            field=models.BooleanField(db_default=True, default=True, verbose_name="in use"),
        ),
        migrations.RunSQL(MEND, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(("arrive_minutes", None), ("arrive_minutes__range", (1, 10080)), _connector="OR"),
                name="category_arrival_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="deadlinepolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount", django.db.models.functions.math.Floor("amount")),
                        ("amount__lte", 3660),
                        ("count__in", ["natural_days", "working_days"]),
                    ),
                    models.Q(
                        ("amount", django.db.models.functions.math.Floor("amount")),
                        ("amount__lte", 3660),
                        ("count", "same_day"),
                        models.Q(("end", "same_time"), _negated=True),
                    ),
                    models.Q(("amount__gt", 0), ("count__in", ["service_hours", "wall_hours"])),
                    _connector="OR",
                ),
                name="policy_can_be_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="deadlinepolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code__in", ["same_day", "three_days"]), _negated=True),
                    ("is_active", True),
                    _connector="OR",
                ),
                name="policy_of_the_rules_is_in_use",
            ),
        ),
    ]
