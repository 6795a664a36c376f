"""Which column of a file is which of ours: guessed from its headings, chosen by a person, remembered by name.

A mapping is {"columns": {ours: place in the file}, "fixed": {ours: text}, "words": {ours: {word of the file: code}}}.
A fixed text stands where the file has no such column, and where its cell is empty.
"""

import itertools
import re
import unicodedata

from django.utils.translation import gettext_noop

from residents.imports.cells import BadCell, tidy_cell
from residents.imports.targets import REQUIRED, Entry
from servicedesk.core.text import plain

_NOISE = re.compile(r"[\s_\-–—*:：()（）\[\]【】/\\.,，。?？#№·]+")
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
UNKNOWN_WORD = gettext_noop("It is not said what this word means. Say it where the columns are chosen.")
QUOTATION = gettext_noop("A quotation mark stands inside a value.")


def folded(heading):
    """Return a heading as it is compared: without case, blanks, marks and what stands in brackets."""
    text = unicodedata.normalize("NFKC", plain(heading)).lower()
    return _NOISE.sub("", _BRACKETS.sub("", text)) or _NOISE.sub("", text)


def names_of(column):
    """Return the headings by which a column of ours is known, folded; what it is called on our pages among them.

    English names of two words are written apart in the list of one column, so they are joined here in every way that
    a heading may join them.
    """
    words = column.names.split()
    joined = {a + b for a, b in itertools.pairwise(words) if (a + b).isascii()}
    return [folded(str(column.label)), folded(column.key), *map(folded, words), *joined]


def guess(target, header):
    """Return the mapping that the headings of a file suggest. Each of its columns is used once."""
    free = {index: folded(heading) for index, heading in enumerate(header) if folded(heading)}
    columns = {}
    for matches in (_equal, _contained):
        for column in target.columns:
            if column.key in columns:
                continue
            index = next((i for name in names_of(column) for i, text in free.items() if matches(name, text)), None)
            if index is not None:
                columns[column.key] = index
                del free[index]
    return {"columns": columns, "fixed": {}, "words": {}}


def _equal(name, heading):
    return name == heading


def _contained(name, heading):
    """A heading that holds a name of ours, unless the name is too short to mean anything inside another word."""
    return len(name) >= (5 if name.isascii() else 2) and name in heading


def by_heading(mapping, header):
    """Return a mapping as it is remembered: by the headings of the columns instead of their places."""
    columns = {key: header[index] for key, index in mapping["columns"].items() if index < len(header)}
    return {**mapping, "columns": columns}


def by_place(remembered, header):
    """Return a remembered mapping for a file with this header; what the file does not have is left out."""
    places = {folded(heading): index for index, heading in reversed(list(enumerate(header)))}
    columns = {key: places[folded(name)] for key, name in remembered["columns"].items() if folded(name) in places}
    return {**remembered, "columns": columns}


def fits(remembered, header):
    """Return whether a file has all columns that a remembered mapping names."""
    known = {folded(heading) for heading in header}
    return all(folded(name) in known for name in remembered["columns"].values())


def meanings(column, mapping):
    """Return {word, folded: code} of a column of choices: its names, the words of the trade, the file's own."""
    known = {folded(word): code for word, code in column.words.items()}
    known |= {folded(str(label)): code for code, label in column.choices} | {code: code for code, _l in column.choices}
    return known | {folded(word): code for word, code in mapping["words"].get(column.key, {}).items()}


class Reader:
    """Rows of a file as Entries of a target, by a mapping. What is wrong with a row is said cell by cell."""

    def __init__(self, target, mapping):
        self.columns = [
            (
                column.key,
                mapping["columns"].get(column.key, -1),
                plain(mapping["fixed"].get(column.key, "")),
                reader_of(column, mapping),
                column.required,
            )
            for column in target.columns
        ]

    def entry(self, ordinal, row):
        """Return (Entry, []) for a good row, or (None, [(column, value, BadCell)]) with all that is wrong with it."""
        if row.fault:
            return None, [("", "", BadCell(QUOTATION))]
        facts, wrong, cells = {}, [], row.values
        count = len(cells)
        for key, index, fixed, read, required in self.columns:
            value = cells[index] if -1 < index < count else ""
            try:
                value = tidy_cell(value) or fixed if value else fixed
                if value:
                    facts[key] = read(value)
                elif required:
                    raise BadCell(REQUIRED)
                else:
                    facts[key] = None
            except BadCell as bad:
                wrong.append((key, value, bad))
        return (None, wrong) if wrong else (Entry(ordinal, row.line, facts), [])


def reader_of(column, mapping):
    """Return what reads a cell of a column of ours, by a mapping."""
    return _coded(meanings(column, mapping)) if column.choices else column.read


def read_text(column, mapping, text):
    """Return what one text means in a column of ours. Raises BadCell."""
    return reader_of(column, mapping)(tidy_cell(text))


def _coded(known):
    def read(text):
        code = known.get(folded(text))
        if code is None:
            raise BadCell(UNKNOWN_WORD)
        return code

    return read


def unknown_words(column, mapping, rows):
    """Return the words of a column of choices in `rows` that mean nothing yet, in the order in which they stand."""
    index = mapping["columns"].get(column.key)
    if index is None:
        return []
    known = meanings(column, {**mapping, "words": {}})
    words = dict.fromkeys(plain(row[index]) for row in rows if index < len(row))
    return [word for word in words if word and folded(word) not in known]
