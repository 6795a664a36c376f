import json

from django.db import connection, models


def copy_in(rows):
    """Insert unsaved instances of one model by COPY, the way a sweep or an import writes; return how many.

    Five to ten times as fast as `bulk_create`; the instances get no keys, and a row that the database refuses
    refuses them all. Call it inside a transaction.
    """
    if not rows:
        return 0
    options = type(rows[0])._meta
    fields = [field for field in options.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    readers = [_reader(field) for field in fields]
    with connection.cursor() as cursor, cursor.copy(f"COPY {quote(options.db_table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([read(row) for read in readers])
    return len(rows)


def _reader(field):
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda row: json.dumps(getattr(row, name))
    return lambda row: getattr(row, name)
