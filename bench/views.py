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


def measured(get_response):
    """Return the middleware that says in headers what a request took, if it asks: queries, or processor time in ms.

    The processor time is that of the worker and of its database session, which other users of a machine do not
    lengthen as they do the time on the clock; only Linux tells the one of another process.
    """

    def middleware(request):
        wanted = request.headers.get("X-Measure")
        if wanted == "queries":
            return _counted(get_response, request)
        if wanted == "processor":
            return _weighed(get_response, request)
        return get_response(request)

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
    began = time.thread_time_ns() + _processor_time(session)
    response = get_response(request)
    response["X-Processor"] = str((time.thread_time_ns() + _processor_time(session) - began) / 1e6)
    return response


def _processor_time(session):
    return int(session.read_text().split()[0]) if session.exists() else 0
