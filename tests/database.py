"""A database of the tests' own: an embedded PostgreSQL in a data directory that `make run` never uses.

A plugin of pytest, named in pyproject.toml: it is imported before Django's settings are, because these read the
environment that it sets. With DATABASE_URL the tests run on that server instead, and nothing is started.

Migrating takes ten seconds of work, so it is done once for each state of the migrations, into a template that every
test database is copied from and that is kept between runs.
"""

import hashlib
import os
from pathlib import Path

from servicedesk import embedded

# What no test looks at: whether a commit outlives a power cut. It makes the suite about a third faster.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200}
PREFIX = "migrated_"

# The workers of xdist inherit what the process that starts them has set.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["SERVICEDESK_DATA"] = str(embedded.data_dir() / "test")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")


def pytest_sessionstart(session):
    """Start the server and make the template, in the process that the workers are started from."""
    if "DATABASE_URL" in os.environ or session.config.option.collectonly:
        return
    from django.db import connection
    from pytest_django.plugin import blocking_manager_key

    template = PREFIX + state_of_migrations()
    if not hasattr(session.config, "workerinput"):
        embedded.ensure_running(**SETTINGS)
        with session.config.stash[blocking_manager_key].unblock():
            make_template(template)
    connection.settings_dict["TEST"]["TEMPLATE"] = template


def pytest_unconfigure(config):
    """Give the server back; it stops with its last user."""
    if not hasattr(config, "workerinput"):
        embedded.leave()


def state_of_migrations():
    """Return a short digest of every migration file that is in use."""
    from importlib import import_module

    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None).disk_migrations.values()
    files = sorted({import_module(migration.__module__).__file__ for migration in migrations})
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16]


def make_template(name):
    """Make the migrated database `name` unless it is there, and drop those of earlier migrations."""
    import psycopg
    from django.core.management import call_command
    from django.db import connection
    from psycopg import sql

    with psycopg.connect(embedded.database_url("postgres"), autocommit=True) as server:
        found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]).fetchall()
        if (name,) in found:
            return
        for (old,) in found:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old)))
        # Under another name until it is whole: a run may be broken off in the middle.
        unfinished = PREFIX + "unfinished"
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
        usual = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = unfinished
        try:
            call_command("migrate", verbosity=0)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
        )
