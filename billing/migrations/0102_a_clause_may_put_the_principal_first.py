from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0101_who_approved_gives_nothing_back")]
    operations = [
        migrations.AddField(
            model_name="lateclause",
            name="principal_first",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="money pays the bill before its late charge"
            ),
        ),
    ]
