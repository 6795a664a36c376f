"""Races: the same thing done by several people at the same moment, on real connections with real commits."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def race(*runners):
    """Run all `runners` at once and return what each returned or raised, in order."""
    barrier = threading.Barrier(len(runners))

    def run(runner):
        try:
            barrier.wait(timeout=10)
            return runner()
        except Exception as error:  # the outcome of a race is what each runner met
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners))


class CrashError(Exception):
    """The process died here."""


def crash_at(statement):
    """Return an execute wrapper that dies at the `statement`-th write, before it reaches the database."""
    seen = 0

    def wrapper(execute, sql, params, many, context):
        nonlocal seen
        if not sql.lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen += 1
            if seen == statement:
                raise CrashError(sql)
        return execute(sql, params, many, context)

    return wrapper
