import datetime

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0022_letters_that_come_in"),
        ("core", "0040_month_report_has_an_addressee"),
        ("residents", "0001_ground"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DayClose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("summary", models.TextField(verbose_name="summary of the day")),
                ("exceptions", models.TextField(blank=True, verbose_name="why it is signed all the same")),
                ("unexplained", models.PositiveIntegerField(default=0)),
                ("snapshot", models.JSONField()),
                ("seal", models.PositiveBigIntegerField(default=0)),
                ("seal_hash", models.CharField(blank=True, max_length=64)),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-date"],
            },
        ),
        migrations.CreateModel(
            name="Explanation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("check_key", models.CharField(max_length=20)),
                ("row_key", models.CharField(max_length=80)),
                ("text", models.CharField(max_length=500, verbose_name="explanation")),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("span", models.CharField(choices=[("week", "week"), ("month", "month")], max_length=5)),
                ("starts_on", models.DateField()),
                ("text", models.TextField(verbose_name="what the figures mean")),
                ("addressee", models.CharField(blank=True, max_length=120)),
                ("snapshot", models.JSONField()),
                ("signed_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-starts_on"],
            },
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("resolved_at__gt", models.F("due_at"))),
                fields=["community", "due_at"],
                name="case_done_late",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(
                    ("is_imported", False),
                    django.db.models.lookups.GreaterThan(
                        django.db.models.expressions.CombinedExpression(
                            models.F("recorded_at"), "-", models.F("received_at")
                        ),
                        models.Value(datetime.timedelta(seconds=1800)),
                    ),
                ),
                fields=["community", "recorded_at"],
                name="case_late_entry",
            ),
        ),
        migrations.AddField(
            model_name="dayclose",
            name="community",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="day_closes", to="core.community"
            ),
        ),
        migrations.AddField(
            model_name="dayclose",
            name="signed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="explanation",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="explanation",
            name="case",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="explanations",
                to="complaints.case",
            ),
        ),
        migrations.AddField(
            model_name="explanation",
            name="community",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="explanations",
                to="core.community",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="community",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="core.community"
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="read_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="signed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="dayclose",
            constraint=models.UniqueConstraint(fields=("community", "date"), name="day_closed_once"),
        ),
        migrations.AddConstraint(
            model_name="dayclose",
            constraint=models.CheckConstraint(
                condition=models.Q(("summary", ""), _negated=True), name="day_close_sums_up"
            ),
        ),
        migrations.AddConstraint(
            model_name="dayclose",
            constraint=models.CheckConstraint(
                condition=models.Q(("unexplained", 0), models.Q(("exceptions", ""), _negated=True), _connector="OR"),
                name="day_close_with_open_rows_says_why",
            ),
        ),
        migrations.AddIndex(
            model_name="explanation",
            index=models.Index(fields=["community", "date"], name="explanation_of_day"),
        ),
        migrations.AddConstraint(
            model_name="explanation",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="explanation_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(fields=("community", "span", "starts_on"), name="report_once"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="report_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("span", "week"), ("starts_on__iso_week_day", 1)),
                    models.Q(("span", "month"), ("starts_on__day", 1)),
                    _connector="OR",
                ),
                name="report_begins_with_its_week_or_month",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("read_at", None), ("read_by", None)),
                    models.Q(("read_at__gte", models.F("signed_at")), ("read_by__isnull", False)),
                    _connector="OR",
                ),
                name="report_is_read_by_somebody_after_it_was_signed",
            ),
        ),
    ]
