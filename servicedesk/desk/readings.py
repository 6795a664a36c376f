"""A table of meter readings of another system, turned into rows that `residents.actions.record_many` takes.

A mapping is a small TOML file that says which column is which: `serial` with `value` and `at`, for what the dial
showed; or with `used` and `month`, for what was used in a month. See docs/importing.md.
"""

import datetime
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.utils.translation import gettext as _

from residents.actions import Given, NewMeters
from residents.models import Resource
from servicedesk.core.errors import Refused

SHIPPED = Path(__file__).parent / "mappings"
SHOWN, USED = {"serial", "value", "at"}, {"serial", "used", "month"}
SETTINGS = {"resource", "several", "place", "max_value", "encoding", "delimiter", "sheet", "columns"}
MOST = Decimal(10) ** 9


@dataclass(frozen=True)
class Mapping:
    """A mapping as it was read and checked. `new_meters` is None where only known meters are read."""

    resource: str
    columns: dict
    is_numbered: bool
    new_meters: NewMeters | None
    encoding: str
    delimiter: str
    sheet: str


def load(name):
    """Return the Mapping of a shipped name or of a path. Raises Refused with one sentence."""
    path = SHIPPED / f"{name}.toml" if re.fullmatch(r"\w+", name) else Path(name)
    try:
        return _built(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
        text = _("There is no mapping “%(name)s”. Give the path of a file, or one of: %(known)s.")
        raise Refused(text % {"name": name, "known": known}) from error
    except (AttributeError, LookupError, TypeError, ValueError, InvalidOperation) as error:
        raise Refused(_("The mapping “%(name)s” cannot be used: %(why)s") % {"name": name, "why": error}) from error


def _built(raw):
    if unknown := set(raw) - SETTINGS:
        raise ValueError(_("unknown entry “%(entry)s”") % {"entry": min(unknown)})
    columns = {field: str(column) for field, column in raw["columns"].items()}
    if set(columns) not in (SHOWN, USED):
        raise ValueError(_("[columns] must name serial, value and at, or serial, used and month"))
    new = None
    if "place" in raw:
        most = Decimal(str(raw["max_value"]))
        new = NewMeters(place=str(raw["place"]), max_value=most, decimals=max(0, -most.as_tuple().exponent))
    return Mapping(
        resource=Resource(raw["resource"]).value,
        columns=columns,
        is_numbered=raw.get("several") == "numbered",
        new_meters=new,
        encoding=str(raw.get("encoding", "utf-8-sig")),
        delimiter=str(raw.get("delimiter", ",")),
        sheet=str(raw.get("sheet", "")),
    )


def rows_of(table, mapping, community):
    """Return (rows that can be recorded, [(line, sentence)] of those that cannot be read). Raises Refused for a table
    without a column that the mapping names."""
    places = {}
    for field, column in mapping.columns.items():
        if column not in table.header:
            raise Refused(_("The file has no column “%(column)s”.") % {"column": column})
        places[field] = table.header.index(column)
    rows, bad, seen = [], [], Counter()
    for row in table:
        try:
            cells = {field: row.values[place].strip() for field, place in places.items()}
            rows.append(_given(row.line, cells, mapping, community, seen))
        except (IndexError, ValueError, InvalidOperation):
            bad.append((row.line, row.fault or _("The number, the reading or the time cannot be read.")))
    return rows, bad


def _given(line, cells, mapping, community, seen):
    serial = cells["serial"]
    if not 0 < len(serial) <= 36:
        raise ValueError(serial)
    if "value" in cells:
        at = datetime.datetime.fromisoformat(cells["at"])
        at = at if at.tzinfo else at.replace(tzinfo=community.tz)
        return Given(line=line, serial=serial, at=at, value=_number(cells["value"]))
    since = datetime.date.fromisoformat(cells["month"]).replace(day=1)
    after = (since + datetime.timedelta(days=32)).replace(day=1)
    if mapping.is_numbered:
        seen[serial, since] += 1
        # The first keeps the customer's own number.
        serial += f"-{seen[serial, since]}" if seen[serial, since] > 1 else ""
    used = _number(cells["used"])
    return Given(line=line, serial=serial, at=_midnight(after, community), used=used, since=_midnight(since, community))


def _midnight(date, community):
    return datetime.datetime.combine(date, datetime.time(), community.tz)


def _number(text):
    number = Decimal(text)
    if not number.is_finite() or abs(number) >= MOST:
        raise ValueError(text)
    return number
