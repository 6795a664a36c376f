"""A database of the tests' own: an embedded PostgreSQL in a data directory that `make run` never uses.

A plugin of pytest, named in `tests/conftest.py`. It is imported before Django's settings are, because these read the
environment that it sets. With DATABASE_URL the tests run on that server instead, and nothing is started.
"""

import os

from servicedesk import embedded

# What no test looks at: whether a commit outlives a power cut. It makes the suite about a third faster.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200}

# The workers of xdist inherit what the process that starts them has set.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["SERVICEDESK_DATA"] = str(embedded.data_dir() / "test")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")


def pytest_sessionstart(session):
    """Start the server once, in the process that the workers are started from."""
    if "DATABASE_URL" not in os.environ and not hasattr(session.config, "workerinput"):
        embedded.ensure_running(**SETTINGS)


def pytest_unconfigure(config):
    """Give the server back; it stops with its last user."""
    if not hasattr(config, "workerinput"):
        embedded.leave()
