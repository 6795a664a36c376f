"""Query counts of pages, pinned in a file, so that a rise shows in the diff.

`with pinned("board"): client.get(url)` fails on a rise and on a fall. After a change that is meant, run the tests
once with PIN_QUERIES=write and look at the diff of tests/query_counts.json.
"""

import contextlib
import fcntl
import json
import os
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

FILE = Path(__file__).parent / "query_counts.json"


def pin(name, count):
    """Fail unless `count` is what the file says for `name`; write it there instead where PIN_QUERIES=write."""
    with FILE.open("r+") as file:
        # The workers of xdist share the file.
        fcntl.flock(file, fcntl.LOCK_EX)
        counts = json.load(file)
        if os.environ.get("PIN_QUERIES") == "write":
            text = json.dumps({**counts, name: count}, indent=2, sort_keys=True)
            file.seek(0)
            file.truncate()
            file.write(text + "\n")
            return
    assert name in counts, f"{name} takes {count} queries and is not pinned yet: run once with PIN_QUERIES=write"
    assert count == counts[name], f"{name} takes {count} queries, {counts[name]} are pinned in {FILE.name}"


@contextlib.contextmanager
def pinned(name):
    """Count the queries inside and compare them with the file; yields the captured queries."""
    with CaptureQueriesContext(connection) as captured:
        yield captured
    pin(name, len(captured))
