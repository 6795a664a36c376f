"""One row of a foreign table becomes an Entry: what a case needs, read and checked. Reads no database."""

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import zip_longest

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from complaints.imports.mapping import WORDS
from servicedesk.core.errors import Refused
from servicedesk.core.tables import ROUNDED
from servicedesk.core.text import clean_phone, plain

EARLIEST = datetime(1900, 1, 2, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
MOST_YEARS_AHEAD = timedelta(days=50 * 366)
SUMMARY = 200
_WHOLE = re.compile(r"(-?\d+)\.0+")
# The parts that strptime knows and that need no locale, as groups of a pattern: five times as fast as strptime.
_DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
    "%p": r"(?P<p>[AaPp])\.?[Mm]\.?",
}
_BLOCK = re.compile(r"([A-Z]?\d{1,3}[A-Z]?)(?:栋|幢|座|号?楼)?", re.ASCII)
_ROOM = re.compile(
    r"([A-Z]?\d{1,3}[A-Z]?)(?:栋|幢|座|号?楼)(?:(\d{1,2})单元)?(?:([A-Z]?\d{2,5}[A-Z]?)(?:室|房|号)?)?", re.ASCII
)
_DASHED = re.compile(r"([A-Z]?\d{1,3})-(?:(\d{1,2})-)?(\d{2,5}[A-Z]?)", re.ASCII)
_NUMBER = re.compile(r"(?:(?:APT|UNIT|FLAT|ROOM|RM)\b\.?|#)?\s*([A-Z0-9][A-Z0-9 ./-]{0,19}?)(?:室|房|号)?", re.ASCII)


class Bad(Exception):
    """A row that cannot become a case: the column, why, and the value that stood there."""

    def __init__(self, column, reason, value=""):
        super().__init__(reason)
        self.column, self.reason, self.value = column, reason, value


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was, as far as it can be read: the building's code and name, the entrance, the room."""

    building: str = ""
    name: str = ""
    section: str = ""
    number: str = ""
    said: str = ""


@dataclass(slots=True)
class Entry:
    """One matter as the source tells it, in our words and in UTC."""

    line: int
    source: str
    source_id: str
    kind: str
    channel: str
    is_closed: bool
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    summary: str
    description: str
    outcome: str
    reporter_name: str
    reporter_phone: str
    category: str
    department: str
    policy: str
    place: Place
    facts: dict


class Reader:
    """Turns rows under one header into entries. Raises Refused if the file lacks a column that the mapping names."""

    def __init__(self, mapping, header, *, now):
        self.mapping, self.header, self.now = mapping, header, now
        counts = Counter(header)
        for column in sorted(mapping.named_columns()):
            if not counts[column]:
                text = _("The file has no column “%(column)s”. It has: %(known)s.")
                known = ", ".join(name for name in header if name)
                raise Refused(text % {"column": column, "known": known[:600]})
        if twice := [name for name in counts if counts[name] > 1 and self._is_mapped(name)]:
            raise Refused(_("The file has the column “%(column)s” twice.") % {"column": twice[0]})
        where = {name: index for index, name in enumerate(header)}
        self.cells = {
            field: [(where[part.column], part.pattern) for part in parts if part.column in where]
            for field, parts in mapping.columns.items()
        }
        self.first_column = {field: header[cells[0][0]] for field, cells in self.cells.items() if cells}
        self.widths = [(where[name], width) for name, width in mapping.whole_numbers.items() if name in where]
        # What a fact keeps word for word needs no second place; a department or a policy keeps only its code.
        whole = {
            part.column
            for field, parts in mapping.columns.items()
            for part in parts
            if part.pattern is None and field not in ("department", "policy")
        }
        self.others = [
            (index, name or str(index + 1))
            for index, name in enumerate(header)
            if name not in whole and name not in mapping.ignore
        ]
        self.formats = [_compiled(text) for text in mapping.formats]
        self.repeats = Counter()

    def entry(self, row):
        """Return the Entry of one Row. Raises Bad with the column and the reason."""
        if row.fault:
            raise Bad("", row.fault)
        # Most cells are empty or one word, and need no look.
        values = [value if not value or value.isalnum() else plain(value) for value in row.values]
        if len(values) > len(self.header) and any(values[len(self.header) :]):
            raise Bad("", _("The row has more values than there are columns."), values[len(self.header)])
        values += [""] * (len(self.header) - len(values))
        for index, width in self.widths:
            if whole := _WHOLE.fullmatch(values[index]):
                values[index] = whole[1].zfill(width)
        facts = {name: values[index] for index, name in self.others if values[index]}
        received_at = self._moment("received_at", values)
        if received_at is None:
            raise Bad(self.first_column["received_at"], _("The time of receipt is missing."))
        if received_at > self.now + ONE_DAY:
            raise self._bad("received_at", _("The time of receipt lies in the future."), values)
        category = self._said("category", values, " / ")
        title, description = self._said("title", values), self._said("description", values)
        summary, description = _matter(title, description, category)
        if not summary:
            raise Bad(self.first_column.get("title", self.first_column.get("description", "")), _("It has no matter."))
        closed_at = self._moment("closed_at", values)
        if closed_at is not None and closed_at > self.now + ONE_DAY:
            raise self._bad("closed_at", _("The time of closing lies in the future."), values)
        is_closed = self._word("status", values, facts, "closed" if closed_at else "open") == "closed"
        if closed_at is not None and not is_closed:
            facts[self.first_column["closed_at"]] = self._said("closed_at", values)
        due_at = self._moment("due_at", values)
        if due_at is not None and (self.mapping.due != "source" or (is_closed and closed_at is None)):
            facts[self.first_column["due_at"]] = self._said("due_at", values)
        source, source_id = self._identity(row, values)
        return Entry(
            line=row.line,
            source=source,
            source_id=source_id,
            kind=self._word("kind", values, facts, ""),
            channel=self._word("channel", values, facts, "other"),
            is_closed=is_closed,
            received_at=received_at,
            due_at=due_at,
            closed_at=closed_at,
            summary=summary,
            description=description,
            outcome=self._said("outcome", values),
            reporter_name=self._short("reporter_name", values, facts, 120),
            reporter_phone=self._phone(values, facts),
            category=category,
            department=self._code("department", values),
            policy=self._code("policy", values),
            place=self._place(values),
            facts=facts,
        )

    def _is_mapped(self, name):
        return any(part.column == name for parts in self.mapping.columns.values() for part in parts)

    def _said(self, field, values, joiner=" "):
        cells = self.cells.get(field, ())
        if len(cells) == 1 and cells[0][1] is None:
            return values[cells[0][0]]
        found = []
        for index, pattern in cells:
            text = values[index]
            if pattern is not None:
                match = pattern.search(text)
                text = (match[1] if pattern.groups else match[0]) if match else ""
            if text and (pattern is None or text not in found):
                found.append(text)
        # A pattern may look into several columns for one and the same thing: the first that has it decides.
        return (found[0] if found else "") if any(p for _i, p in cells) else joiner.join(found)

    def _bad(self, field, reason, values):
        return Bad(self.first_column[field], reason, self._said(field, values))

    def _moment(self, field, values):
        """Return the moment in UTC, None where the cell is empty; a due day without a time ends at 24:00."""
        text = self._said(field, values)
        if not text:
            return None
        try:
            local = self._parsed(text)
            if field == "due_at" and ":" not in text and local.time() == time():
                local += ONE_DAY
            zoned = local if local.tzinfo else local.replace(tzinfo=self.mapping.time_zone)
            moment = zoned.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Bad(self.first_column[field], _("This is not a time in the form that was expected."), text) from None
        if not EARLIEST < moment < self.now + MOST_YEARS_AHEAD:
            raise Bad(self.first_column[field], _("This time is too far away to be right."), text)
        return moment

    def _parsed(self, text):
        if text[4:5] == "-":
            return datetime.fromisoformat(text)
        for written, pattern in self.formats:
            if pattern is None:
                try:
                    return datetime.strptime(text, written)  # noqa: DTZ007 - the zone is added by the caller
                except ValueError:
                    continue
            elif match := pattern.fullmatch(text):
                return _from_groups(**match.groupdict())
        return datetime.fromisoformat(text)

    def _word(self, field, values, facts, default):
        """Return our word for what the source says; words that we do not have are kept among the facts."""
        text = self._said(field, values)
        if not text:
            return self.mapping.defaults.get(field, default)
        known = self.mapping.values.get(field, {})
        word = known.get(text) or (text if text in WORDS[field] else "")
        if word != text:
            facts[self.first_column[field]] = text
        word = word or self.mapping.defaults.get(field, "" if field == "status" else default)
        if not word and field == "status":
            raise self._bad(field, _("The mapping does not say whether this is open or closed."), values)
        return word

    def _code(self, field, values):
        text = self._said(field, values)
        return self.mapping.values.get(field, {}).get(text) or self.mapping.defaults.get(field, "")

    def _short(self, field, values, facts, most):
        text = self._said(field, values).replace("\n", " ")
        if len(text) > most:
            facts[self.first_column[field]] = text
        return text[:most]

    def _phone(self, values, facts):
        text = self._said("reporter_phone", values)
        if not text:
            return ""
        try:
            return clean_phone(text)
        except ValidationError:
            facts[self.first_column["reporter_phone"]] = text
            return ""

    def _identity(self, row, values):
        source = self._said("source", values) or self.mapping.source
        source_id = self._said("source_id", values)
        column = self.first_column.get("source_id", "")
        if len(source) > 40:
            raise self._bad("source", _("This is longer than 40 characters."), values)
        if source_id.startswith(ROUNDED):
            reason = _("Excel has rounded the last digits of this number. Format the column as text at its source.")
            raise Bad(column, reason, source_id)
        if len(source_id) > 80:
            raise Bad(column, _("This is longer than 80 characters."), source_id)
        if source_id:
            return source, " ".join(source_id.split())
        if column:
            raise Bad(column, _("The number at the source is missing."))
        # Without a number of its own a row is known by its words; the second of two equal rows is a second matter.
        words = hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:16].upper()
        self.repeats[words] += 1
        return source, words if self.repeats[words] == 1 else f"{words}-{self.repeats[words]}"

    def _place(self, values):
        building, unit = self._said("building", values), self._said("unit", values)
        said = self._said("place", values)
        if not (building or unit or said):
            return _NOWHERE
        place = read_place(" ".join(building.split()), " ".join(unit.split()))
        if not said and unit and not place.number:
            said = f"{building} {unit}".strip()
        return Place(place.building, place.name, place.section, place.number, " ".join(said.split())[:200])


_NOWHERE = Place()


def read_place(building, unit):
    """Return the Place that free words name: `G2栋320`, `3-2-1201`, a street address with apartment `2C`.

    What cannot be read is left out; nobody is asked for a unit.
    """
    block = _BLOCK.fullmatch(_compact(building)) if len(building) <= 8 else None
    code = block[1] if block else building
    name = f"{code}栋" if block else building
    if not unit:
        return Place(code, name)
    spoken = _compact(unit)
    if block and (match := _DASHED.fullmatch(f"{code}-{spoken}")):
        return Place(code, name, match[2] or "", match[3])
    if match := _ROOM.fullmatch(spoken) or _DASHED.fullmatch(spoken):
        section, number = match[2] or "", match[3] or ""
        if not building or match[1] == code:
            return Place(match[1], f"{match[1]}栋", section, number)
        inner = f"{building} {match[1]}栋"
        return Place(inner, inner, section, number)
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", unit).upper().strip())
    # "BATHROOM" is no number of a flat, "2C", "3FL" and "PH" are.
    if match and (len(match[1]) <= 4 or re.search("[0-9]", match[1])):
        return Place(code, name, "", match[1])
    return Place(code, name)


def _compact(text):
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()


def _matter(title, description, category):
    """Return summary and description: the title on one line, what does not fit goes to the description."""
    summary = " ".join(title.split())
    if not summary:
        summary = " ".join(next(iter(description.splitlines()), "").split()) or category
        if summary == description:
            description = ""
    if len(summary) > SUMMARY:
        if title:
            description = f"{title}\n\n{description}".strip()
        summary = f"{summary[: SUMMARY - 1]}…"
    return summary, description


def _compiled(written):
    """Return the format and its pattern; None for the pattern where it has parts that only strptime knows."""
    pattern = ""
    for literal, directive in zip_longest(re.split("%[a-zA-Z]", written), re.findall("%[a-zA-Z]", written)):
        pattern += re.escape(literal)
        if directive is not None:
            if directive not in _DIRECTIVES:
                return written, None
            pattern += _DIRECTIVES[directive]
    has_date = all(f"(?P<{part}>" in pattern for part in "Ymd")
    return written, re.compile(pattern, re.ASCII) if has_date else None


def _from_groups(Y, m, d, H=None, I=None, M=None, S=None, p=""):  # noqa: E741 - named as strptime names them
    hour = int(H or I or 0)
    if p:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if p in "Pp" else 0)
    return datetime(int(Y), int(m), int(d), hour, int(M or 0), int(S or 0))  # noqa: DTZ001 - the caller adds the zone
