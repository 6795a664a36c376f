import json

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
    fields = [field for field in options.concrete_fields if has_keys or not field.primary_key]
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


def _reader(field):
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda row: json.dumps(getattr(row, name))
    return lambda row: getattr(row, name)
