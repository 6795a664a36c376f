from django.db import migrations

TABLE = "complaints_needcase"


def trigger(name, operation, level):
    return (
        f"CREATE TRIGGER {TABLE}_{name} BEFORE {operation} ON {TABLE}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


class Migration(migrations.Migration):
    dependencies = [("complaints", "0100_needs_become_cases")]
    operations = [
        migrations.RunSQL(
            trigger("no_delete", "DELETE", "ROW") + trigger("no_truncate", "TRUNCATE", "STATEMENT"),
            f"DROP TRIGGER {TABLE}_no_delete ON {TABLE}; DROP TRIGGER {TABLE}_no_truncate ON {TABLE};",
        )
    ]
