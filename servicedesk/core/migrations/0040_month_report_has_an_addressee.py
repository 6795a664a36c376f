from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_notification_outside"),
    ]

    operations = [
        migrations.AddField(
            model_name="community",
            name="report_to",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The department manager who receives it, by name; the deputy general manager if empty.",
                max_length=120,
                verbose_name="month report goes to",
            ),
        ),
    ]
