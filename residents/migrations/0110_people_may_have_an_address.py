import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0070_photos_are_erased"),
        ("residents", "0099_visits_of_a_plan_are_listed_latest_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="person",
            name="person_erased_is_empty",
        ),
        migrations.AddField(
            model_name="person",
            name="email",
            field=models.EmailField(blank=True, db_default="", default="", max_length=120, verbose_name="e-mail"),
        ),
        migrations.AddField(
            model_name="person",
            name="mail_agreed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="agreed to e-mails"),
        ),
        migrations.AddField(
            model_name="person",
            name="mail_agreed_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="mail_receipts",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="receipts by e-mail, too"
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True), fields=["community", "email"], name="person_email"
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("mail_agreed_at__isnull", False)),
                fields=["community"],
                name="person_agreed_to_mail",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(
                        ("email", ""),
                        ("identity_cipher", ""),
                        ("identity_hash", ""),
                        ("initials", ""),
                        ("phone", ""),
                        ("phone_reversed", ""),
                        ("pinyin", ""),
                        ("sealed_at", None),
                    ),
                    _connector="OR",
                ),
                name="person_erased_is_empty",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mail_agreed_at", None), ("mail_agreed_by", None), ("mail_receipts", False)),
                    models.Q(
                        ("mail_agreed_at__isnull", False),
                        ("masked_at", None),
                        ("merged_into", None),
                        ("sealed_at", None),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="person_agreed_to_mail_has_address",
            ),
        ),
    ]
