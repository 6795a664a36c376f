"""The one clock. Every door takes the time here once and passes it down as `now`."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone


def now():
    """Return the aware moment that counts as now; in the demo it may run ahead of the wall clock.

    Costs one small file read in the embedded mode and nothing in production.
    """
    moment = timezone.now()
    return moment + offset() if settings.CLOCK_CAN_MOVE else moment


def offset():
    """Return how far the demo's clock runs ahead, as a timedelta; zero where it was never moved."""
    try:
        return timedelta(seconds=float(_offset_file().read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta()


def move(ahead):
    """Set how far the demo's clock runs ahead of the wall clock (a timedelta). Raises PermissionError elsewhere."""
    if not settings.CLOCK_CAN_MOVE:
        raise PermissionError("Only the embedded mode has a clock that can be moved.")
    _offset_file().write_text(str(ahead.total_seconds()))


def _offset_file():
    return settings.DATA_DIR / "clock_offset"
