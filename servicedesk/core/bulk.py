import json

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models


def copy_in(rows):
    """Insert unsaved instances of one model by COPY, the way a sweep or an import writes; return how many.

    Five to ten times as fast as `bulk_create`; instances without keys get none back, so take those that others point
    to from `keys_for`. A row that the database refuses refuses them all. Call it inside a transaction.
    """
    if not rows:
        return 0
    options = type(rows[0])._meta
    has_keys = rows[0].pk is not None
    fields = [f for f in options.concrete_fields if not f.generated and (has_keys or not f.primary_key)]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    readers = [_reader(field) for field in fields]
    with connection.cursor() as cursor, cursor.copy(f"COPY {quote(options.db_table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([read(row) for read in readers])
    return len(rows)


def keys_for(model, count):
    """Return `count` keys that nobody else will get, taken from the sequence of `model`. One statement."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
        cursor.execute(sequence, [table, model._meta.pk.column, count])
        return [key for (key,) in cursor.fetchall()]


def copy_values(model, rows):
    """Insert rows given as dicts of field attribute and value, all with the same keys, by COPY; return how many.

    For a hundred thousand rows of history: making instances of a wide model costs five times as much as copying its
    values. What the rows do not name gets the model's default. A row that the database refuses refuses them all.
    """
    if not rows:
        return 0
    by_name = {field.attname: field for field in model._meta.concrete_fields if not field.generated}
    named = [by_name.pop(name) for name in rows[0]]
    others = [
        field
        for field in by_name.values()
        if not field.primary_key
        and not field.generated
        and not field.has_db_default()
        and (field.has_default() or not field.null)
    ]
    rest = [_dump(field)(field.get_default()) for field in others]
    dumps = [(field.attname, _dump(field)) for field in named if isinstance(field, (models.JSONField, ArrayField))]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in [*named, *others])
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([*(row | {name: dump(row[name]) for name, dump in dumps}).values(), *rest])
    return len(rows)


def write_values(model, rows):
    """Update rows given as dicts of field attribute and value, "id" among them, in one statement.

    Every row gets values of its own, which `QuerySet.update` cannot give, and `bulk_update` writes as a CASE that takes
    longer to make and to plan than to run.
    """
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if field.attname in rows[0]]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), [quote(field.column) for field in fields]
    types = [field.rel_db_type(connection) if field.primary_key else field.db_type(connection) for field in fields]
    changes = ", ".join(f"{name} = given.{name}" for name in names if name != quote("id"))
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    given = f"unnest({arrays}) AS given ({', '.join(names)})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.id",
            [[row[field.attname] for row in rows] for field in fields],
        )


def write_arrays(model, name, texts):
    """Write the array of texts `name` of rows given as {key: texts}, in one statement."""
    if not texts:
        return
    field, quote = model._meta.get_field(name), connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(field.column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = given.texts::{field.db_type(connection)}"
            f" FROM unnest(%s::bigint[], %s::text[]) AS given (id, texts) WHERE {table}.id = given.id",
            [list(texts), [_array(row) for row in texts.values()]],
        )


def _dump(field):
    if isinstance(field, models.JSONField):
        return json.dumps
    if isinstance(field, ArrayField):
        return _array
    return lambda value: value


def _array(texts):
    """Return an array of texts as PostgreSQL reads it, every element quoted; psycopg needs ten times as long."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _reader(field):
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda row: json.dumps(getattr(row, name))
    return lambda row: getattr(row, name)
