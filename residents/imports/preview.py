"""The first rows of a file as they will be read, before anything is decided."""

from django.utils.translation import gettext as _

from residents.imports import mapping
from residents.imports.cells import BadCell
from residents.imports.targets import REQUIRED


def words_in(target, chosen, rows):
    """Return {column: words that mean nothing yet} of the columns of choices, in these rows."""
    columns = [column for column in target.columns if column.choices]
    cells = [row.values for row in rows]
    return {column.key: mapping.unknown_words(column, chosen, cells) for column in columns}


def lines_of(target, chosen, rows):
    """Return the chosen columns and what each cell of these rows means by a mapping, or why it is refused."""
    given = chosen["columns"].keys() | chosen["fixed"].keys()
    columns = [column for column in target.columns if column.key in given]
    lines = [{"number": row.line, "cells": [_cell(column, chosen, row.values) for column in columns]} for row in rows]
    return {"labels": [column.label for column in columns], "lines": lines}


def _cell(column, chosen, row):
    place = chosen["columns"].get(column.key)
    value = row[place] if place is not None and place < len(row) else ""
    try:
        text = mapping.tidy_cell(value) or chosen["fixed"].get(column.key, "")
        if not text:
            return {"label": column.label, "text": "", "cause": _(REQUIRED) if column.required else ""}
        meant = mapping.read_text(column, chosen, text)
    except BadCell as bad:
        return {"label": column.label, "text": value, "cause": bad.sentence}
    return {"label": column.label, "text": str(dict(column.choices).get(meant, meant)), "cause": ""}
