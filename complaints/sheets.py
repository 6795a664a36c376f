"""A report as it is read: the figures with their words, how they changed, and the list behind each number."""

import datetime
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.figures import MOST_ROWS, NO_BUILDING, SECTIONS, TABLES, WEEK, Period, compared, most_first
from complaints.models import Channel, Kind
from servicedesk.core.duty import LEVELS
from servicedesk.core.models.calendar import WEEKDAYS
from servicedesk.core.templatetags.desk_tags import span as in_words
from servicedesk.core.worktime import ONE_DAY

# key: (label, unit, the figure that is counted or averaged, the figure that it is a share of)
LINES = {
    "received": (gettext_lazy("Cases received"), "count", "received", ""),
    "counted": (gettext_lazy("Of these not void and not joined"), "count", "counted", ""),
    "valid": (gettext_lazy("Complaints found valid"), "share", "valid", "judged"),
    "same_day": (gettext_lazy("In time, due the same day"), "share", "same_day_on_time", "same_day_decided"),
    "longer": (gettext_lazy("In time, due in three days or later"), "share", "longer_on_time", "longer_decided"),
    "response": (gettext_lazy("Average time to the first response"), "time", "responded", ""),
    "arrival": (gettext_lazy("Average time to arrival"), "time", "arrived", ""),
    "finish": (gettext_lazy("Average time to completion"), "time", "finished", ""),
    "in_kind": (gettext_lazy("Answered the way they came"), "share", "in_kind", "in_kind_of"),
    "reopened": (gettext_lazy("Reopened"), "count", "reopened", ""),
}
TITLES = {
    "kind": gettext_lazy("By kind"),
    "category": gettext_lazy("By category"),
    "channel": gettext_lazy("By the way they came"),
    "department": gettext_lazy("By department"),
    "building": gettext_lazy("By building"),
    "reached": gettext_lazy("By the highest level reached"),
}


@dataclass(frozen=True)
class Figure:
    """One number of a report: `text` as it is read, None where there is no data, and where it leads.

    A share has its `part` and `whole` beside it, each with a list of its own.
    """

    number: float | None
    text: str = "–"
    url: str = ""
    part: int | None = None
    whole: int | None = None
    whole_url: str = ""


@dataclass(frozen=True)
class Line:
    """One figure: this period, the one before, a year before; how it changed against both, in words."""

    key: str
    label: str
    unit: str
    values: list
    changes: list
    is_data: bool = False


@dataclass(frozen=True)
class Table:
    """Figures by one property of the cases, most first, with one sentence that says what stands out."""

    key: str
    title: str
    finding: str
    lines: list
    on_time: list
    more: int = 0

    @property
    def drawn(self):
        """Each line with the length of its bar, out of 100, and its share in time."""
        longest = max((line.values[0].number or 0 for line in self.lines), default=0) or 1
        return [
            (line, f"{(line.values[0].number or 0) / longest * 100:.2f}", share)
            for line, share in zip(self.lines, self.on_time, strict=True)
        ]


@dataclass(frozen=True)
class Sheet:
    """A whole report, ready to be drawn, printed and written into a file."""

    period: Period
    lines: list
    tables: list
    sections: list
    heat: dict
    days: dict
    repeats: list = field(default_factory=list)


class Addresses:
    """The addresses of the lists behind the numbers of a report; `wide` for who has to ask for all levels."""

    def __init__(self, period, *, wide):
        self.path, self.scope = reverse("complaints:list"), {"scope": "all"} if wide else {}
        # A report has five hundred addresses: what those of a period have in common is written once.
        self.periods = [other and self.between(other.starts_on, other.last_day) for other in compared(period)]

    def of(self, n, **wanted):
        return _and(self.periods[n], wanted) if self.periods[n] else ""

    def of_day(self, day, **wanted):
        return _and(self.between(day, day), wanted)

    def between(self, first, last):
        days = {"received_from": first.isoformat(), "received_to": last.isoformat()}
        return f"{self.path}?{urlencode({'view': 'all', **days, **self.scope})}"


def _and(address, wanted):
    return f"{address}&{urlencode(wanted)}" if wanted else address


def present(found, period, *, wide=False):
    """Return the Sheet of counted (or frozen) figures in the active language. No query."""
    addresses = Addresses(period, wide=wide)
    has_data = _has_data(found)
    return Sheet(
        period=period,
        lines=_lines(found, has_data, addresses),
        tables=[_table(key, found, has_data, addresses) for key in TABLES],
        sections=[(section.title, _section(key, section, found)) for key, section in SECTIONS.items()],
        heat=_heat(found["heat"], addresses),
        days=_days(found["days"], period, addresses),
        repeats=[
            {**row, "url": addresses.of(0, figure="counted", room=row["unit"], category=row["category"])}
            for row in found["repeats"]
        ],
    )


def _has_data(found):
    """Return for each of the three periods whether there is anything to compare with."""
    return [True, *(bool(total["received"]) for total in found["totals"][1:])]


def _lines(found, has_data, addresses):
    return [_line(key, found["totals"], has_data, addresses) for key in LINES]


def _line(key, totals, has_data, addresses):
    label, unit, counted, of = LINES[key]
    values = []
    for n, total in enumerate(totals):
        figure = {} if counted == "received" else {"figure": counted}
        url = addresses.of(n, **figure)
        if not has_data[n]:
            values.append(Figure(None))
        elif unit == "share":
            values.append(_share(total[counted], total[of], url, addresses.of(n, figure=of)))
        elif unit == "time":
            seconds = total[f"{counted}_seconds"] if total[counted] else None
            values.append(Figure(seconds, as_text(seconds, unit), url if total[counted] else ""))
        else:
            values.append(Figure(total[counted], as_text(total[counted], unit), url if total[counted] else ""))
    return Line(key, label, unit, values, _changes(values, unit))


def _share(part, whole, url, whole_url):
    if not whole:
        return Figure(None)
    return Figure(part / whole, as_text(part / whole, "share"), url if part else "", part, whole, whole_url)


def as_text(number, unit):
    """Return a number of a report as it is read: a count, a share in per cent, a time in words, None as a dash."""
    if number is None:
        return "–"
    if unit == "share":
        return f"{number:.0%}"
    if unit == "time":
        return in_words(datetime.timedelta(seconds=number))
    return f"{number:.1f}" if unit == "number" else str(number)


def _changes(values, unit):
    """Return how the first of three values changed against the second and the third, in words; a dash without data."""
    now, *others = (value.number for value in values)
    return [_change(now, other, unit) for other in others]


def _change(now, was, unit):
    if now is None or was is None:
        return "–"
    if unit == "share":
        points = round((now - was) * 100)
        return _("%(points)+d points") % {"points": points}
    if unit == "number":
        return f"{now - was:+.1f}"
    return f"{(now - was) / was:+.0%}" if was else "–"


def _table(key, found, has_data, addresses):
    # What was signed before has all its rows and no number of others.
    rows, more = found["tables"][key], found.get("more", {}).get(key, 0)
    rows = sorted(rows.items()) if key == "reached" else most_first(rows)
    lines, on_time = [], []
    for value, row in rows[:MOST_ROWS]:
        wanted = {key: _address_of(key, value, found["names"])}
        values = [
            Figure(n_, as_text(n_, "count"), addresses.of(n, figure="counted", **wanted) if n_ else "")
            if has_data[n]
            else Figure(None)
            for n, n_ in enumerate(row["counted"])
        ]
        name, is_data = _name(key, value, found["names"])
        lines.append(Line(value, name, "count", values, _changes(values, "count"), is_data))
        on_time.append(
            _share(
                row["on_time"][0],
                row["decided"][0],
                addresses.of(0, figure="on_time", **wanted),
                addresses.of(0, figure="decided", **wanted),
            )
        )
    finding = _finding(lines, found["totals"][0]["counted"])
    return Table(key, TITLES[key], finding, lines, on_time, more=more + max(len(rows) - MOST_ROWS, 0))


def _finding(lines, total):
    """Return what stands out in a table in one sentence: what most of the cases were."""
    most = max(lines, key=lambda line: line.values[0].number or 0, default=None)
    if most is None or not most.values[0].number:
        return _("Nothing came in.")
    facts = {"what": most.label, "n": most.values[0].number, "total": total}
    facts["share"] = f"{most.values[0].number / total:.0%}"
    return _("Most: %(what)s, %(n)s of %(total)s (%(share)s).") % facts


def _name(key, value, names):
    """Return what a row of a table is called, and whether that is somebody's own word."""
    if key == "reached":
        return LEVELS[int(value)], False
    if key in ("kind", "channel"):
        return {"kind": Kind, "channel": Channel}[key](value).label, False
    if value == NO_BUILDING:
        return _("No building"), False
    name = names[key].get(value, value)
    return (name[0] if key == "building" and isinstance(name, list) else name), True


def _address_of(key, value, names):
    if key != "building" or value == NO_BUILDING:
        return value
    return names["building"][value][1]


def _section(key, section, found):
    counted = found["sections"].get(key) or {}
    lines = []
    for name, (label, unit) in section.lines.items():
        values = [Figure(number, as_text(number, unit)) for number in counted.get(name, [None] * 3)]
        lines.append(Line(name, label, unit, values, _changes(values, unit)))
    return lines


def _heat(counted, addresses):
    """Return the hours of the week: columns, rows with numbers and addresses, and one sentence."""
    numbers = {tuple(map(int, key.split("-"))): number for key, number in counted.items()}
    used = {8, 18, *(hour for _day, hour in numbers)}
    hours = range(min(used), max(used) + 1)
    rows = [
        {
            "label": str(name),
            "values": [numbers.get((day, hour), 0) for hour in hours],
            "urls": [
                addresses.of(0, figure="counted", weekday=day, hour=hour) if numbers.get((day, hour)) else ""
                for hour in hours
            ],
        }
        for day, name in WEEKDAYS
    ]
    if not numbers:
        return {"hours": list(hours), "rows": rows, "finding": _("Nothing came in.")}
    (day, hour), most = max(sorted(numbers.items()), key=lambda item: item[1])
    finding = _("Most came on %(day)s at %(hour)s o'clock: %(n)s.") % {
        "day": dict(WEEKDAYS)[day], "hour": hour, "n": most,
    }  # fmt: skip
    return {"hours": list(hours), "rows": rows, "finding": finding}


def _days(counted, period, addresses):
    """Return the days of the period: (day, number, address) each, and one sentence."""
    rows = []
    for n in range((period.ends_on - period.starts_on).days):
        day = period.starts_on + n * ONE_DAY
        number = counted.get(day.isoformat(), 0)
        rows.append((day, number, addresses.of_day(day, figure="counted") if number else ""))
    most = max(rows, key=lambda row: row[1])
    finding = _("Most came on %(day)s: %(n)s.") % {"day": f"{most[0]:%m-%d}", "n": most[1]}
    return {"rows": rows, "values": [row[1] for row in rows], "finding": finding if most[1] else _("Nothing came in.")}


def differences(frozen, recounted, period):
    """Return (label, as signed, as counted today) of each figure of the period that differs."""
    addresses = Addresses(period, wide=False)
    was, now = (_lines(found, _has_data(found), addresses) for found in (frozen, recounted))
    pairs = [(line.label, line.values[0], other.values[0]) for line, other in zip(was, now, strict=True)]
    return [(label, _in_full(one), _in_full(other)) for label, one, other in pairs if _in_full(one) != _in_full(other)]


def _in_full(value):
    """Return a number as it is read, a share with what it is made of."""
    return f"{value.text} ({value.part}/{value.whole})" if value.whole else value.text


# Where it stands and what it is called --------------------------------------------------------------------------------


def address(period):
    """Return the address of the report of `period`."""
    return reverse(f"complaints:{period.span}_report", args=[period.starts_on])


def slug(period):
    """Return the period as it stands in addresses and file names: 2026-W48 or 2026-11."""
    if period.span == WEEK:
        year, week, _day = period.starts_on.isocalendar()
        return f"{year}-W{week:02}"
    return f"{period.starts_on:%Y-%m}"


def title(period):
    """Return what the report of `period` is called."""
    if period.span == WEEK:
        year, week, _day = period.starts_on.isocalendar()
        return _("Weekly report %(year)s, week %(week)s") % {"year": year, "week": week}
    return _("Monthly report %(month)s") % {"month": f"{period.starts_on:%Y-%m}"}


# In a file ------------------------------------------------------------------------------------------------------------


def header():
    """Return the names of the columns of the workbook in the active language."""
    return [
        _("Part"),
        _("Figure"),
        _("Unit"),
        _("This time"),
        _("Out of"),
        _("The time before"),
        _("A year before"),
        _("Changed by"),
        _("Changed by, against a year before"),
    ]


def rows(sheet):
    """Yield the rows of the workbook: shares from 0 to 1, times in minutes, nothing where there is no data."""
    units = {"count": _("number of cases"), "share": _("share"), "time": _("minutes"), "number": _("score")}
    parts = [(_("Totals"), sheet.lines), *((table.title, table.lines) for table in sheet.tables), *sheet.sections]
    for name, lines in parts:
        for line in lines:
            values = [_in_a_cell(value, line.unit) for value in line.values]
            whole = line.values[0].whole
            yield [name, line.label, units[line.unit], values[0], whole, *values[1:], *line.changes]
    for row in sheet.repeats:
        yield [_("Came more than once"), f"{row['unit']} {row['name']}", units["count"], row["count"], *[None] * 5]
    for line in sheet.heat["rows"]:
        for hour, number in zip(sheet.heat["hours"], line["values"], strict=True):
            yield [_("By the hour"), f"{line['label']} {hour}:00", units["count"], number, *[None] * 5]


def _in_a_cell(value, unit):
    if value.number is None:
        return None
    return {"share": round(value.number, 4), "time": round(value.number / 60, 1)}.get(unit, value.number)


def about(community, period, report, user, now):
    """Return what the second sheet says: what it is, whether it is signed, who took it and when."""
    found = [(_("Community"), community.name), (_("Report"), title(period)), (_("Taken out by"), str(user))]
    found.append((_("At"), community.local(now)))
    if report:
        found += [(_("Signed by"), str(report.signed_by)), (_("Signed"), community.local(report.signed_at))]
        found += [(_("What the figures mean, and what will be done"), report.text)]
    return found
