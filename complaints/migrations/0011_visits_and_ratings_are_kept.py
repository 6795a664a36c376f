from django.db import migrations

KEPT = ["complaints_returnvisit", "complaints_rating"]


def statements(make):
    yield from (make(table, "no_delete", "DELETE", "ROW") for table in KEPT)
    yield from (make(table, "no_truncate", "TRUNCATE", "STATEMENT") for table in KEPT)


def create(table, name, operation, level):
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


def drop(table, name, operation, level):
    return f"DROP TRIGGER {table}_{name} ON {table};"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0010_answered_cases_are_visited"), ("core", "0002_history_only_grows")]
    operations = [migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop)))]
