from django.db import migrations, models
from django.db.models.functions import Length


class Migration(migrations.Migration):
    dependencies = [("residents", "0097_forms_that_are_sent_twice_make_one_row")]
    operations = [
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(fields=["community", "-issued_at", "-id"], name="credential_newest_first"),
        ),
        migrations.AddIndex(
            model_name="keyset",
            index=models.Index("community", Length("slot"), "slot", "tag", name="key_set_by_slot"),
        ),
    ]
