"""The databases of the benchmark, one for each size, on its own server; kept for a day or until the code changes."""

import hashlib
import os
import time
from pathlib import Path

import psycopg
from psycopg import sql

from servicedesk import embedded

EMPTY = "bench_empty"
# What decides what is in a database: a change there makes it anew.
SOURCES = ["bench/filling.py", "bench/households.py", "bench/papers.py", "bench/words.py"]
SOURCES += ["servicedesk/desk/demo/places.py", "servicedesk/desk/demo/staff.py"]


def name_of(size):
    return f"bench_{size.name}"


def use(name):
    """Let the rest of this process work on the database `name`."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()


def make(size, now, *, fresh=False):
    """Make the database of `size` unless it stands, and return how many seconds that took."""
    from bench.filling import fill

    began, name, state = time.perf_counter(), name_of(size), f"{_state()} {now:%Y-%m-%d}"
    with _server() as server:
        if not fresh and _comment(server, name) == state:
            return 0.0
        _make_empty(server, state)
        _copy(server, EMPTY, name)
    use(name)
    fill(size, now)
    with _server() as server:
        _remark(server, name, state)
    return time.perf_counter() - began


def copy(source, name):
    """Make the database `name` anew as a copy of `source`."""
    use(EMPTY)
    with _server() as server:
        _copy(server, source, name)


def drop(*names):
    use(EMPTY)
    with _server() as server:
        for name in names:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _server():
    return psycopg.connect(embedded.database_url("postgres"), autocommit=True)


def _state():
    apps = ("billing", "complaints", "residents", "servicedesk")
    migrations = [p for app in apps for p in Path(app).rglob("migrations/0*.py")]
    files = sorted([*migrations, *map(Path, SOURCES)])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _comment(server, name):
    row = server.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return row and row[0]


def _remark(server, name, state):
    server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), state))


def _copy(server, source, name):
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(source)
        )
    )


def _make_empty(server, state):
    from django.core.management import call_command

    if _comment(server, EMPTY) == state:
        return
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(EMPTY)))
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(EMPTY)))
    use(EMPTY)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    use(os.devnull)
    _remark(server, EMPTY, state)
