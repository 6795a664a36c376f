from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("residents", "0098_cards_are_listed_newest_first_and_keys_by_slot")]
    operations = [
        migrations.AddIndex(
            model_name="homevisit",
            index=models.Index(fields=["plan", "-done_at", "-id"], name="home_visit_of_plan_latest"),
        ),
    ]
