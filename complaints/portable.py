"""A copy of a person's data, as PIPL 45 lets them have it: one ZIP with JSON, a page to read and the photos."""

import datetime
import io
import json
import zipfile
from decimal import Decimal

from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.personal import HELD, Class, field
from complaints.reports import sentence
from complaints.subjects import FACTS, TITLES, rows_of
from residents.identity import number_of

# Made from the other columns to find them by, so it says nothing that they do not.
LEFT_OUT = {Class.INDEX}
# Columns whose fields have no name of their own for people.
HEADINGS = {
    "answers": gettext_lazy("Answers"),
    "archived_at": gettext_lazy("Archived"),
    "asked_at": gettext_lazy("Asked on"),
    "at": gettext_lazy("When"),
    "category": gettext_lazy("Category"),
    "created_at": gettext_lazy("When"),
    "data": gettext_lazy("Message"),
    "date": gettext_lazy("Day"),
    "decided_at": gettext_lazy("Decided"),
    "added_at": gettext_lazy("When"),
    "done_at": gettext_lazy("When"),
    "erased_at": gettext_lazy("Removed"),
    "is_active": gettext_lazy("In force"),
    "occasions": gettext_lazy("is told about"),
    "address": gettext_lazy("E-mail"),
    "person": gettext_lazy("Resident"),
    "imported_facts": gettext_lazy("Taken over from the old system"),
    "photos": gettext_lazy("Photos"),
    "survey": gettext_lazy("Survey"),
    "unit": gettext_lazy("Room"),
    "verb": gettext_lazy("What"),
    "void_reason": gettext_lazy("Why void"),
}
HEADINGS_OF = {
    ("core.Photo", "name"): gettext_lazy("File"),
    ("core.Notification", "channel"): gettext_lazy("Sent by"),
    ("core.Event", "note"): gettext_lazy("Note"),
}

# What is given of a row in words of its own: a function of the row that returns text, by model and name.
WORDS_OF = {}


def tables(subject, cases):
    """Return [{"label", "title", "columns": [(name, heading)], "rows": [[value]]}] of all that is held about `subject`
    as far as it is about `cases`, without empty ones. One or two queries for each table."""
    rows, found = rows_of(subject, cases), []
    for label, title in TITLES.items():
        held = [name for name, kind in HELD.get(label, {}).items() if kind not in LEFT_OUT]
        names = [*FACTS.get(label, []), *held]
        lines = [[_plain(row, name, subject.community) for name in names] for row in rows[label].order_by("pk")]
        if lines:
            columns = [(name, _heading(label, name)) for name in names]
            found.append({"label": label, "title": str(title), "columns": columns, "rows": lines})
    return found


def _heading(label, name):
    return str(HEADINGS_OF.get((label, name)) or HEADINGS.get(name) or field(label, name).verbose_name)


def _plain(row, name, community):
    """Return a value as JSON holds it and a person reads it: the words of a choice, times of the community."""
    if words := WORDS_OF.get((row._meta.label, name)):
        return words(row)
    if name == "verb":
        return sentence(row, community.tz)
    if name == "identity_cipher":
        return number_of(row)
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, datetime.datetime):
        return community.local(value).isoformat(timespec="minutes")
    if value is None or isinstance(value, str | int | list | dict):
        return value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def pack(subject, found, *, about):
    """Return the ZIP of `found` (see `tables`) as bytes; `about` are (name, value) pairs on who took it out and why.

    Reads each photo once, so it costs what they weigh.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        data = {
            "about": dict(about),
            "held": {
                table["label"]: [
                    dict(zip((name for name, _head in table["columns"]), row, strict=True)) for row in table["rows"]
                ]
                for table in found
            },
        }
        file.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        context = {"about": about, "tables": found, "title": _("What we hold about you")}
        file.writestr("data.html", render_to_string("complaints/privacy/copy.html", context))
        for name in _photos(found):
            if default_storage.exists(name):
                with default_storage.open(name) as photo:
                    file.writestr(f"photos/{name}", photo.read())
    return buffer.getvalue()


def _photos(found):
    for table in found:
        if table["label"] == "core.Photo":
            place = [name for name, _head in table["columns"]].index("name")
            yield from (row[place] for row in table["rows"])
