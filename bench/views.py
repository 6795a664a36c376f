"""The floor: the least that a page of a signed-in person can cost on this stack."""

import time
from pathlib import Path

from django.db import connection
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from residents.models import Person


@require_GET
def floor(request, pk):
    """One row by its key in a small template, behind the same middleware as every other page."""
    return render(request, "floor.html", {"person": get_object_or_404(Person, pk=pk)})


# Processor time of this worker when it had answered its last request.
_answered_at = time.process_time_ns()


def measured(get_response):
    """Return the middleware that says in headers what a request took, if it asks: queries, or processor time in ms.

    The processor time is that of the worker since it answered its last request, so with reading and parsing this one,
    and that of its database session. Other users of a machine lengthen it less than the time on the clock. Only Linux
    tells the one of another process.
    """

    def middleware(request):
        global _answered_at
        wanted = request.headers.get("X-Measure")
        if wanted == "queries":
            response = _counted(get_response, request)
        elif wanted == "processor":
            response = _weighed(get_response, request)
        else:
            response = get_response(request)
        _answered_at = time.process_time_ns()
        return response

    return middleware


def _counted(get_response, request):
    count = 0

    def counted(execute, *args):
        nonlocal count
        count += 1
        return execute(*args)

    with connection.execute_wrapper(counted):
        response = get_response(request)
    response["X-Queries"] = str(count)
    return response


def _weighed(get_response, request):
    connection.ensure_connection()
    session = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    began = _session_time(session)
    response = get_response(request)
    spent = time.process_time_ns() - _answered_at + _session_time(session) - began
    response["X-Processor"] = str(spent / 1e6)
    return response


def _session_time(session):
    return int(session.read_text().split()[0]) if session.exists() else 0
