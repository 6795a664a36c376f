"""What may stand in an address. With anything else there is no such address: 404, before a view or a query sees it."""

import datetime


class Word:
    """A file name or a signed value of ours."""

    regex = r"[A-Za-z0-9._:=-]+"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return str(value)


class Number(Word):
    """The number of a case. Numbers of an old system may have any letters, but no character that cannot be stored."""

    regex = r"[^/\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+"


class Day:
    """A day such as 2026-11-23, as a date."""

    regex = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value):
        return datetime.date.fromisoformat(value)

    def to_url(self, value):
        return value.isoformat()


class Week:
    """An ISO week such as 2026-48, as the date of its Monday."""

    regex = r"20[0-9]{2}-[0-9]{2}"

    def to_python(self, value):
        year, week = value.split("-")
        return datetime.date.fromisocalendar(int(year), int(week), 1)

    def to_url(self, value):
        year, week, _day = value.isocalendar()
        return f"{year}-{week:02}"


class Month:
    """A month such as 2026-11, as the date of its first day."""

    regex = Week.regex

    def to_python(self, value):
        return datetime.date.fromisoformat(f"{value}-01")

    def to_url(self, value):
        return f"{value:%Y-%m}"
