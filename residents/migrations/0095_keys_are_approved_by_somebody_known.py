import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0070_photos_are_erased"),
        ("residents", "0085_moves_of_keys_follow_merged_entries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="keyloan",
            name="key_loan_emergency_is_approved_by_somebody",
        ),
        migrations.RemoveField(
            model_name="keyloan",
            name="approved_name",
        ),
        migrations.AddField(
            model_name="keyloan",
            name="approval_noted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="keyloan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("is_emergency", False), ("status__in", ["out", "ended"])),
                    models.Q(("decided_at", None), ("is_emergency", True), ("status", "requested")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("is_emergency", True),
                        ("status", "declined"),
                        models.Q(("decision_note", ""), _negated=True),
                    ),
                    models.Q(
                        ("approved_by__isnull", False),
                        ("decided_at__isnull", False),
                        ("is_emergency", True),
                        ("status__in", ["approved", "out", "ended"]),
                    ),
                    _connector="OR",
                ),
                name="key_loan_emergency_is_approved_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="keyloan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approval_noted_by", None),
                    models.Q(
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("approval_noted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="key_loan_approval_by_phone_is_of_another",
            ),
        ),
    ]
