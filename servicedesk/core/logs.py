"""What may stand in a line of the log: when, which request and whose, never a person's data or the way to a case."""

import re
import time
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from servicedesk.core.masking import mask_runs

# Which request this process is answering, and for whom: the key of the user, never the name.
request_id = ContextVar("request_id", default=None)
user_id = ContextVar("user_id", default=None)

# Links that open a case or an unfinished form, and the row that PostgreSQL quotes when it refuses one.
_LINK = re.compile(r"(/t/|/p/report/)[\w-]+")
_ROW = re.compile(r"(Failing row contains \().*", re.DOTALL)


class SafeJson(JsonFormatter):
    """One JSON object a line, in UTC. Masks the finished texts, so that a traceback hides what a message hides."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def process_log_record(self, log_data):
        """Return the fields as they are written: without personal data, with the request and the user they are of."""
        # Django hands over the request itself; its text holds the address, with the link of a case.
        log_data.pop("request", None)
        return {name: _safe(value) for name, value in log_data.items()} | {
            name: value for name, value in (("request_id", request_id.get()), ("user_id", user_id.get())) if value
        }


def _safe(value):
    if isinstance(value, dict):
        return {name: _safe(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    text = mask_runs(_LINK.sub(r"\1…", _ROW.sub(r"\1…)", str(value))))
    return value if text == str(value) and isinstance(value, int | float) else text
