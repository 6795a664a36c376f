from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("residents", "0095_keys_are_approved_by_somebody_known")]
    operations = [
        migrations.AddField(
            model_name=name, name="submission", field=models.UUIDField(editable=False, null=True, unique=True)
        )
        for name in ("contact", "person", "releaseslip")
    ]
