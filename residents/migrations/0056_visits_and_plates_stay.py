from django.db import migrations

# What was visited, asked for and put up stays; of what went to the sign maker nothing changes either.
UNCHANGED = ["residents_boardprinting"]
KEPT = [*UNCHANGED, "residents_homevisit", "residents_visitneed", "residents_plate"]


def statements(make):
    yield from (make(table, "no_delete", "DELETE", "ROW") for table in KEPT)
    yield from (make(table, "no_truncate", "TRUNCATE", "STATEMENT") for table in KEPT)
    yield from (make(table, "no_update", "UPDATE", "ROW") for table in UNCHANGED)


def create(table, name, operation, level):
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


def drop(table, name, operation, level):
    return f"DROP TRIGGER {table}_{name} ON {table};"


class Migration(migrations.Migration):
    dependencies = [("residents", "0055_homes_are_visited_and_boards_name_who_is_there")]
    operations = [migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop)))]
