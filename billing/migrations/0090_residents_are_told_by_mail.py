import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0071_lines_of_statements_stay"),
        ("core", "0070_photos_are_erased"),
        ("residents", "0110_people_may_have_an_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="dunningrule",
            name="workdays_only",
            field=models.BooleanField(db_default=True, default=True, verbose_name="e-mails on working days only"),
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bills", "bills"),
                            ("before_due", "reminder before the due day"),
                            ("ladder", "step of the ladder"),
                            ("receipt", "receipt"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(max_length=80, unique=True)),
                ("month", models.DateField(null=True, verbose_name="month")),
                (
                    "step_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reminder", "friendly reminder"),
                            ("message", "message"),
                            ("phone", "telephone call"),
                            ("visit", "visit"),
                            ("posted_notice", "posted notice"),
                            ("demand_letter", "demand letter"),
                            ("lawyer_letter", "lawyer's letter"),
                        ],
                        max_length=13,
                        verbose_name="step",
                    ),
                ),
                ("days", models.SmallIntegerField(null=True)),
                ("due_on", models.DateField(null=True, verbose_name="due on")),
                ("created_at", models.DateTimeField()),
                (
                    "arrears",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="billing.arrearscase",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="core.community"
                    ),
                ),
                (
                    "notification",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="message", to="core.notification"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="residents.person",
                        verbose_name="resident",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="billing.receipt",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="billing.billrun",
                    ),
                ),
                (
                    "step",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="message",
                        to="billing.dunningstep",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="residents.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "message to a resident",
                "verbose_name_plural": "messages to residents",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["community", "-id"], name="message_latest"),
                    models.Index(fields=["unit", "-id"], name="message_of_unit"),
                    models.Index(
                        condition=models.Q(("kind", "bills")), fields=["community", "month"], name="message_of_month"
                    ),
                    models.Index(
                        condition=models.Q(("kind", "ladder"), ("step", None)),
                        fields=["community"],
                        name="message_without_step",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("arrears", None),
                                ("kind", "bills"),
                                ("month__isnull", False),
                                ("receipt", None),
                                ("run__isnull", False),
                            ),
                            models.Q(
                                ("arrears", None),
                                ("days__lte", 0),
                                ("due_on__isnull", False),
                                ("kind", "before_due"),
                                ("receipt", None),
                                ("run", None),
                            ),
                            models.Q(
                                ("arrears__isnull", False),
                                ("days__gt", 0),
                                ("kind", "ladder"),
                                ("receipt", None),
                                ("run", None),
                            ),
                            models.Q(("arrears", None), ("kind", "receipt"), ("receipt__isnull", False), ("run", None)),
                            _connector="OR",
                        ),
                        name="message_knows_what_it_is_about",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("days", None), ("kind__in", ["bills", "receipt"]), ("step_kind", "")),
                            models.Q(
                                ("days__isnull", False),
                                ("kind__in", ["before_due", "ladder"]),
                                models.Q(("step_kind", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="message_of_the_ladder_has_its_step",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("step", None), ("kind", "ladder"), _connector="OR"),
                        name="message_with_step_is_of_the_ladder",
                    ),
                ],
            },
        ),
    ]
