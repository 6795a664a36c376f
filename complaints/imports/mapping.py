"""A mapping: the small TOML file that says which column of a foreign table is which fact of a case."""

import codecs
import re
import tomllib
import zoneinfo
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

from complaints.models import Channel, Kind
from servicedesk.core import worktime
from servicedesk.core.errors import Refused
from servicedesk.core.text import plain

SHIPPED = Path(__file__).parent / "mappings"
FIELDS = frozenset(
    {
        *("source", "source_id", "received_at", "due_at", "closed_at", "status", "kind", "channel", "category"),
        *("department", "policy", "building", "unit", "place", "reporter_name", "reporter_phone"),
        *("title", "description", "outcome"),
    }
)
SETTINGS = frozenset({"source", "time_zone", "encoding", "delimiter", "sheet", "due", "formats", "optional", "ignore"})
TABLES = frozenset(
    {"columns", "defaults", "values", "whole_numbers", "policies", "departments", "categories", "calendar"}
)
WORDS = {"kind": set(Kind.values), "channel": set(Channel.values), "status": {"open", "closed"}}
CODES = frozenset({"category", "department", "policy"})
DUE = ("computed", "source", "none")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Part:
    """One column that a fact is read from; with a pattern only what its first group finds in it."""

    column: str
    pattern: re.Pattern | None = None


@dataclass(frozen=True)
class NewCategory:
    """How a category is made if the community has none of this code."""

    name: str
    department: str = ""
    policy: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ServiceDays:
    """Hours in minutes of the day by weekday, and the days without service."""

    hours: dict[int, list[tuple[int, int]]]
    holidays: list[date]


@dataclass(frozen=True)
class Mapping:
    """A mapping as it was read and checked. `values` turns words of the source into ours, by fact."""

    source: str
    time_zone: zoneinfo.ZoneInfo
    encoding: str
    delimiter: str
    sheet: str
    due: str
    formats: tuple[str, ...]
    columns: dict[str, tuple[Part, ...]]
    optional: frozenset[str]
    ignore: frozenset[str]
    whole_numbers: dict[str, int]
    values: dict[str, dict[str, str]]
    defaults: dict[str, str]
    policies: dict[str, worktime.Policy]
    departments: dict[str, str]
    categories: dict[str, NewCategory]
    calendar: ServiceDays | None

    def named_columns(self):
        """Return the columns that the file must have."""
        return {part.column for parts in self.columns.values() for part in parts} - self.optional


def shipped():
    """Return the names of the mappings that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name):
    """Return the Mapping of that name or path. Raises Refused with one sentence for one that cannot be used."""
    try:
        return _built(_read(name), Path(name).stem)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError, re.error) as error:
        raise Refused(_("The mapping “%(name)s” cannot be used: %(why)s") % {"name": name, "why": error}) from error


def _read(name):
    path = SHIPPED / f"{name}.toml" if re.fullmatch(r"\w+", name) else Path(name)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        text = _("There is no mapping “%(name)s”. Give the path of a file, or one of: %(known)s.")
        raise Refused(text % {"name": name, "known": ", ".join(shipped())}) from error
    base = raw.pop("extends", None)
    return _read(base) | raw if base else raw


def _built(raw, name):
    unknown = set(raw) - SETTINGS - TABLES
    unknown |= {f"columns.{key}" for key in set(raw.get("columns", ())) - FIELDS}
    unknown |= {f"defaults.{key}" for key in set(raw.get("defaults", ())) - set(WORDS) - CODES}
    unknown |= {f"values.{key}" for key in set(raw.get("values", ())) - set(WORDS) - CODES}
    if unknown:
        raise ValueError(_("unknown entry “%(entry)s”") % {"entry": min(unknown)})
    columns = {field: _parts(spec) for field, spec in raw["columns"].items()}
    if "received_at" not in columns or not columns.keys() & {"title", "description"}:
        raise ValueError(_("[columns] must name received_at, and title or description"))
    # Cells and column names are tidied when they are read, so what they are compared with is, too.
    values = {field: {plain(k): str(v) for k, v in table.items()} for field, table in raw.get("values", {}).items()}
    defaults = {field: str(word) for field, word in raw.get("defaults", {}).items()}
    for field, known in WORDS.items():
        strange = (set(values.get(field, {}).values()) | ({defaults[field]} if field in defaults else set())) - known
        if strange:
            words = {"field": field, "word": min(strange), "known": ", ".join(sorted(known))}
            raise ValueError(_("%(field)s cannot be “%(word)s”, only one of %(known)s") % words)
    due = raw.get("due", "source" if "due_at" in columns else "none")
    if due not in DUE or (due == "source" and "due_at" not in columns):
        raise ValueError(_("due must be computed, none, or source with a column for due_at"))
    policies = {code: _policy(code, spec) for code, spec in raw.get("policies", {}).items()}
    categories = {code: NewCategory(**spec) for code, spec in raw.get("categories", {}).items()}
    wanted = {*values.get("policy", {}).values(), *(c.policy for c in categories.values()), defaults.get("policy", "")}
    if missing := wanted - policies.keys() - {""}:
        raise ValueError(_("[policies] has no “%(code)s”") % {"code": min(missing)})
    return Mapping(
        source=str(raw.get("source", name))[:40],
        time_zone=zoneinfo.ZoneInfo(raw["time_zone"]),
        encoding=codecs.lookup(raw.get("encoding", "utf-8-sig")).name,
        delimiter=str(raw.get("delimiter", ",")),
        sheet=str(raw.get("sheet", "")),
        due=due,
        formats=tuple(str(text) for text in raw.get("formats", ())),
        columns=columns,
        optional=frozenset(map(plain, raw.get("optional", ()))),
        ignore=frozenset(map(plain, raw.get("ignore", ()))),
        whole_numbers={plain(k): int(v) for k, v in raw.get("whole_numbers", {}).items()},
        values=values,
        defaults=defaults,
        policies=policies,
        departments={str(k): str(v) for k, v in raw.get("departments", {}).items()},
        categories=categories,
        calendar=_calendar(raw["calendar"]) if "calendar" in raw else None,
    )


def _parts(spec):
    if isinstance(spec, list):
        return tuple(part for item in spec for part in _parts(item))
    if isinstance(spec, dict):
        return (Part(plain(spec["column"]), re.compile(spec["pattern"])),)
    return (Part(plain(spec)),)


def _policy(code, spec):
    if not re.fullmatch(r"[a-z0-9-]{1,60}", code):
        raise ValueError(_("the code “%(code)s” is not lower-case letters, digits and hyphens") % {"code": code})
    return worktime.Policy(code=code, **{"name": code, **spec})


def _calendar(spec):
    hours = {}
    for days, windows in spec["hours"].items():
        first, _dash, last = days.partition("-")
        for weekday in range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1):
            hours[weekday] = [_window(text) for text in windows]
    return ServiceDays(hours=hours, holidays=[date.fromisoformat(str(day)) for day in spec.get("holidays", ())])


def _window(text):
    opens, closes = (int(hour) * 60 + int(minute) for hour, minute in (end.split(":") for end in text.split("-")))
    if not 0 <= opens < closes <= worktime.MINUTES_A_DAY:
        raise ValueError(text)
    return opens, closes
