"""Words and drawings for the pages: moments, durations, money, marks, small charts and QR codes."""

import datetime
import functools
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

import segno
from django import template
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from servicedesk.core.duty import LEVELS

register = template.Library()

SOON = datetime.timedelta(hours=2)
HEAT_STEPS = 5
# Drawn on a grid of 24, stroke only, so that the colour of the words around them is theirs too.
ICONS = {
    "alert": "M12 3 2 20h20L12 3zM12 10v4M12 17v.01",
    "arrow-left": "M15 5l-7 7 7 7",
    "arrow-right": "M9 5l7 7-7 7",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4l2-2zM10 21h4",
    "calendar": "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
    "check": "M4 12l5 6L20 6",
    "clock": "M12 3a9 9 0 1 0 .01 0zM12 7v5l3 3",
    "close": "M6 6l12 12M18 6 6 18",
    "external": "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4",
    "house": "M3 11l9-8 9 8M6 9v11h12V9",
    "info": "M12 3a9 9 0 1 0 .01 0zM12 11v6M12 7v.01",
    "lock": "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "pencil": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
    "phone": "M5 4h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
    "photo": "M4 7h4l2-3h4l2 3h4v12H4zM12 10a3.5 3.5 0 1 0 .01 0z",
    "pin": "M12 21s7-6.5 7-11a7 7 0 0 0-14 0c0 4.5 7 11 7 11zM12 8a2 2 0 1 0 .01 0z",
    "plus": "M12 5v14M5 12h14",
    "print": "M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z",
    "search": "M10.5 4a6.5 6.5 0 1 0 .01 0zM15.5 15.5 21 21",
    "tool": "M14 7a4 4 0 0 1 5-4l-2 3 2 2 3-2a4 4 0 0 1-5 5L9 19a2 2 0 0 1-3-3z",
    "undo": "M8 5 4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3",
    "user": "M12 4a4 4 0 1 0 .01 0zM4 21a8 8 0 0 1 16 0",
}


DEADLINE_ICONS = {"over": "alert", "soon": "clock", "done": "check"}
_OFF = SafeString(' class="off"')


@dataclass(frozen=True)
class DeadlineCell:
    """What the deadline component draws: a state, a few words, the moment and the rule that gave it."""

    state: str
    text: str
    at: datetime.datetime | None
    rule: str = ""


def deadline_cell(due_at, *, now, done_at=None, soon=SOON, rule=""):
    """Return the DeadlineCell of a deadline as seen at `now`.

    Late means strictly after `due_at`. `done_at` stops the clock: an answer that came late stays marked late.
    Takes aware datetimes, `soon` as a timedelta; reads nothing.
    """
    if due_at is None:
        return DeadlineCell("none", _("No deadline"), None, rule)
    if done_at is not None:
        late = done_at - due_at
        if late > datetime.timedelta():
            return DeadlineCell("over", _("Done, %(span)s late") % {"span": span(late)}, due_at, rule)
        return DeadlineCell("done", _("Done in time"), due_at, rule)
    if now > due_at:
        return DeadlineCell("over", _("Over by %(span)s") % {"span": span(now - due_at)}, due_at, rule)
    state = "soon" if due_at - now <= soon else "ok"
    return DeadlineCell(state, _("%(span)s left") % {"span": span(due_at - now)}, due_at, rule)


@register.filter
def span(duration):
    """Return a timedelta in words: hours and minutes under a day (17 h 20 min), then days and hours (1 d 17 h).

    Seconds are dropped and the sign is too: the words around it say late or left. None gives a dash.
    """
    if duration is None:
        return "–"
    minutes = int(abs(duration).total_seconds()) // 60
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if not days:
        if not hours:
            return _("%(minutes)d min") % {"minutes": minutes}
        if not minutes:
            return _("%(hours)d h") % {"hours": hours}
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if not hours:
        return _("%(days)d d") % {"days": days}
    return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}


@register.simple_tag
def when(moment, now=None):
    """Return a `<time>` reading `11-23 10:42` in the active time zone; the year is added when it is not this one.

    Given `now`, yesterday, today and tomorrow are named in words. The full moment is always in `datetime`.
    """
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M}"
    today = timezone.localdate(now)
    days = (local.date() - today).days if now else None
    if days == 0:
        words = _("today %(time)s") % {"time": clock}
    elif days == -1:
        words = _("yesterday %(time)s") % {"time": clock}
    elif days == 1:
        words = _("tomorrow %(time)s") % {"time": clock}
    else:
        words = f"{_short(local.date(), today)} {clock}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="minutes"), words)


@register.simple_tag
def day(date, now=None):
    """Return a `<time>` reading `11-23`, with the year when it is not this one. Takes a date or an aware datetime."""
    if date is None:
        return "–"
    if isinstance(date, datetime.datetime):
        date = timezone.localdate(date)
    return format_html('<time datetime="{}">{}</time>', date.isoformat(), _short(date, timezone.localdate(now)))


def _short(date, today):
    return f"{date:%m-%d}" if date.year == today.year else f"{date:%Y-%m-%d}"


@register.filter
def money(amount):
    """Return yuan with two decimals and thousands separated; None is a dash, never a zero."""
    return "–" if amount is None else f"{Decimal(amount):,.2f}"


@register.filter
def pct(share):
    """Return a share of one as a whole percentage; None is a dash: no data is not nought."""
    return "–" if share is None else f"{share:.0%}"


@register.filter
def attr(attrs, name):
    """Return one attribute of a widget, whose name a template cannot spell because of its hyphen."""
    return attrs.get(name, "")


@register.filter
def flat(attrs):
    """Return the attributes of a widget as they stand in its tag; without a template of their own, of which a form
    would draw a hundred."""
    return flatatt({name: value if isinstance(value, bool) else str(value) for name, value in attrs.items()})


# The choices of a form are drawn here as well: the intake alone has seventy.


@register.simple_tag
def options(widget):
    """Return the options of a select; what people have named themselves is marked, so that nothing translates it."""
    return format_html_join("", "{}", ((_option_group(group, found),) for group, found, _index in widget["optgroups"]))


@register.simple_tag
def plain_options(options):
    """Return (value, words, whether chosen) options as those of a select; a list has a hundred of them."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SafeString(" selected") if chosen else "", words) for value, words, chosen in options),
    )


def _option_group(group, choices):
    lines = format_html_join(
        "",
        '<option value="{}"{}{}>{}</option>\n',
        ((choice["value"], flat(choice["attrs"]), _mark(choice), choice["label"]) for choice in choices),
    )
    return format_html('<optgroup label="{}">{}</optgroup>', group, lines) if group else lines


@register.simple_tag
def choices(widget):
    """Return radio buttons or tick boxes, each in its label; `data-n` is the digit that a key picks it by."""
    return format_html_join(
        "",
        "{}{}",
        (
            (format_html('<p class="choice-group">{}</p>', group) if group else "", _choice_lines(found))
            for group, found, _index in widget["optgroups"]
        ),
    )


def _choice_lines(found):
    return format_html_join(
        "",
        '<label class="choice"{} data-n="{}"><input type="{}" name="{}" value="{}"{}><span{}>{}</span></label>\n',
        (
            (
                format_html(' for="{}"', choice["attrs"]["id"]) if "id" in choice["attrs"] else "",
                choice["value"],
                choice["type"],
                choice["name"],
                choice["value"],
                flat(choice["attrs"]),
                _mark(choice),
                choice["label"],
            )
            for choice in found
        ),
    )


def _mark(choice):
    is_row = getattr(choice["value"], "instance", None) is not None
    return SafeString(" data-user") if is_row or "data-user" in choice["attrs"] else ""


@register.filter
def length_of(value):
    """Return the number of characters in `value`, 0 for None."""
    return len(value or "")


@register.simple_tag
@functools.cache
def icon(name):
    """Return the drawing called `name`, hidden from screen readers: the words beside it speak. KeyError if unknown."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>', ICONS[name]
    )


# Lists draw fifty of each of these three, and an include costs ten times as much as a function. There are few different
# tags and levels, so that each is drawn once.


@register.simple_tag
def tag(key, label):
    """Return the mark of a status: its key decides the colour, `label` are its words."""
    return _tag(key, str(label))


@functools.lru_cache(maxsize=500)
def _tag(key, words):
    return format_html('<span class="tag" data-status="{}">{}</span>', key, words)


@register.simple_tag
def level(number, label=""):
    """Return the mark of a level as one to three bars, with `label` or the words “level n” behind it."""
    return _level(number, str(label or LEVELS[number]))


@functools.lru_cache(maxsize=500)
def _level(number, words):
    return format_html(
        '<span class="level" data-level="{}"><svg viewBox="0 0 12 10" aria-hidden="true" focusable="false">'
        '<path d="M0 6h3v4H0z"/><path{} d="M4.5 3h3v7h-3z"/><path{} d="M9 0h3v10H9z"/></svg>{}</span>',
        number,
        _OFF if number < 2 else "",
        _OFF if number < 3 else "",
        words,
    )


@register.simple_tag
def deadline(cell):
    """Return a DeadlineCell as a mark: its state as a colour and a drawing, its words, the moment, the rule."""
    drawing = DEADLINE_ICONS.get(cell.state)
    return format_html(
        '<span class="due"><span class="deadline" data-state="{}">{}{}</span>{}{}{}</span>',
        cell.state,
        icon(drawing) if drawing else "",
        cell.text,
        " " if cell.at else "",
        when(cell.at) if cell.at else "",
        format_html(' <span class="rule">{}</span>', cell.rule) if cell.rule else "",
    )


@register.simple_tag
def deadline_mark(due_at, now, done_at=None, soon=SOON, rule=""):
    """Return the mark of a deadline from its moments."""
    return deadline(deadline_cell(due_at, now=now, done_at=done_at, soon=soon, rule=rule))


@register.inclusion_tag("components/sparkline.html")
def sparkline(values, label=""):
    """Draw the course of `values` (oldest first) as a line; with a label it is an image of that name."""
    values = [float(value) for value in values]
    low, high = (min(values), max(values)) if values else (0, 0)
    step = 96 / max(len(values) - 1, 1)
    spread = (high - low) or 1
    points = [(round(2 + n * step, 1), round(25 - (value - low) / spread * 22, 1)) for n, value in enumerate(values)]
    return {"points": " ".join(f"{x},{y}" for x, y in points), "last": points[-1] if points else None, "label": label}


@register.simple_tag
def shares(rows):
    """Return rows of {label, count, url} with their place on a bar of 100: x, width, level 0-5 and per cent."""
    counts = [_get(row, "count") or 0 for row in rows]
    total = sum(counts) or 1
    drawn, x = [], 0.0
    for n, (row, count) in enumerate(zip(rows, counts, strict=True)):
        width = float(count / total) * 100
        drawn.append(
            {
                "label": _get(row, "label"),
                "url": _get(row, "url"),
                "count": count,
                "x": f"{x:.2f}",
                "width": f"{width:.2f}",
                "level": min(n, HEAT_STEPS),
                "share": count / total,
            }
        )
        x += width
    return drawn


@register.simple_tag
def lengths(rows):
    """Return rows of {label, count, url} with the width, out of 100, of a bar measured against the longest."""
    longest = max((_get(row, "count") or 0 for row in rows), default=0) or 1
    return [
        {
            "label": _get(row, "label"),
            "url": _get(row, "url"),
            "count": _get(row, "count"),
            "width": f"{(_get(row, 'count') or 0) / longest * 100:.2f}",
        }
        for row in rows
    ]


@register.simple_tag
def heat_cells(rows):
    """Return rows of {label, values, urls} as {label, cells of (number, level 0-5, address)}, level 5 being the
    highest number; rows without addresses lead nowhere."""
    highest = max((value for row in rows for value in _get(row, "values")), default=0) or 1
    return [
        {
            "label": _get(row, "label"),
            "cells": [
                (value, -(-value * HEAT_STEPS // highest), url)
                for value, url in zip_longest(_get(row, "values"), _get(row, "urls") or [])
            ],
        }
        for row in rows
    ]


@register.simple_tag
def qr_svg(text, label=""):
    """Return a QR code of `text` as inline SVG, black on white in every theme, with the quiet zone it needs."""
    code = segno.make(text, error="m", micro=False)
    border = 4
    squares = format_html_join(
        "",
        "M{} {}h1v1h-1z",
        ((x + border, y + border) for y, line in enumerate(code.matrix) for x, dark in enumerate(line) if dark),
    )
    size = code.symbol_size(scale=1, border=border)[0]
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" shape-rendering="crispEdges">'
        '<path fill="#FFF" d="M0 0h{}v{}H0z"/><path fill="#000" d="{}"/></svg>',
        size,
        size,
        label,
        size,
        size,
        squares,
    )


def _get(row, name):
    # A dict has a method called values; the key must win over it.
    return row.get(name) if isinstance(row, dict) else getattr(row, name, None)
