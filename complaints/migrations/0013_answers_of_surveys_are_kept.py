from django.db import migrations

TABLE = "complaints_surveyanswer"
REFUSED = [("no_delete", "DELETE", "ROW"), ("no_update", "UPDATE", "ROW"), ("no_truncate", "TRUNCATE", "STATEMENT")]


def create(name, operation, level):
    return (
        f"CREATE TRIGGER {TABLE}_{name} BEFORE {operation} ON {TABLE}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


def drop(name, _operation, _level):
    return f"DROP TRIGGER {TABLE}_{name} ON {TABLE};"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0012_surveys_ask_every_home"), ("core", "0002_history_only_grows")]
    operations = [
        migrations.RunSQL(
            "\n".join(create(*refused) for refused in REFUSED), "\n".join(drop(*refused) for refused in REFUSED)
        )
    ]
