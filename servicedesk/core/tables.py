"""Foreign tables, read in a stream: CSV, gzip, xlsx. Whatever is wrong with one is one sentence.

A table is read once from end to end before anything is written, so that a file that breaks at row 90,000 has written
nothing. A workbook is turned into a temporary CSV on the way: its rows are unpacked once, and memory stays flat.
"""

import codecs
import contextlib
import csv
import gzip
import io
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path

import openpyxl
from django.db import DatabaseError
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused
from servicedesk.core.text import plain

MEGABYTE = 1_000_000
MOST_UNPACKED = 60 * MEGABYTE
MOST_RATIO = 100
MOST_TEXT = 500 * MEGABYTE
MOST_LINE = MEGABYTE
MOST_CELL = 131_072  # the csv module's own limit of a field
MOST_COLUMNS = 1_000
# Excel keeps fifteen digits of a number; the rest of a longer one is made up.
EXACT = 10**15
ROUNDED = "≈"


# What a file of unknown encoding may be, in the order in which it is tried; GB 18030 holds GBK.
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",;\t|"
# So many rows of a workbook are unpacked between two words about the progress.
TOLD_EVERY = 500


class TooLarge(Refused):
    """A file that would hold more, unpacked, than is taken unasked."""


@dataclass(frozen=True)
class Row:
    """One row: its lines in the file, and its values; or, with a `fault`, why it has none."""

    line: int
    last_line: int
    values: list[str]
    fault: str = ""


@dataclass
class Table:
    """A table that can be read again and again. `rows` is how many it holds, known after `check`."""

    opener: Callable[[], contextlib.AbstractContextManager]
    delimiter: str
    numbered: bool
    large: bool
    header: list[str]
    rows: int = 0

    def __iter__(self):
        with self.opener() as stream:
            found = self._read(stream)
            next(found, None)
            yield from found

    def check(self):
        """Read everything once, fill `header` and `rows`, and return the table. Raises Refused."""
        with self.opener() as stream:
            found = self._read(stream)
            first = next(found, None)
            if first is None or first.fault:
                raise Refused(_("The file is empty, or its first row is not a row of column names."))
            if len(first.values) > MOST_COLUMNS:
                raise Refused(_("The first row has more than a thousand columns. Is this the right file?"))
            self.header = [plain(value) for value in first.values]
            self.rows = sum(1 for _row in found)
        return self

    def _read(self, stream):
        reader = csv.reader(self._lines(stream), delimiter=self.delimiter, strict=True)
        begins = 1
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field larger" in str(error) or "end of data" in str(error):
                    text = _("From line %(line)s on a quotation mark is never closed, or a value is far too long.")
                    raise Refused(text % {"line": begins}) from error
                yield Row(begins, reader.line_num, [], _("A quotation mark stands inside a value."))
            else:
                if any(values):
                    line = int(values.pop(0)) if self.numbered else begins
                    yield Row(line, line if self.numbered else reader.line_num, values)
            begins = reader.line_num + 1

    def _lines(self, stream):
        total = 0
        while line := stream.readline(MOST_LINE + 1):
            total += len(line)
            if len(line) > MOST_LINE:
                raise Refused(_("A line is longer than a million characters. This is not a table."))
            if total > MOST_TEXT and not self.large:
                raise TooLarge(_("The file holds more than 500 MB of text. If that is right, add --large."))
            yield line


@contextlib.contextmanager
def open_table(path, *, encoding="utf-8-sig", delimiter=",", sheet="", large=False):
    """Give the checked Table of a file; what it needed is gone afterwards. Raises Refused with one sentence.

    Costs one full reading of the file. Memory does not grow with the file, but for the distinct texts of a workbook.
    """
    path = Path(path)
    start = _start(path)
    workbook = _is_workbook(start)
    if path.suffix.lower() in (".xlsx", ".xlsm") and not workbook:
        raise Refused(_("This is not an Excel workbook, though its name says so."))
    with contextlib.ExitStack() as stack:
        if workbook:
            spool = stack.enter_context(tempfile.NamedTemporaryFile("w+", encoding="utf-8", newline="", suffix=".csv"))
            _spool(path, spool, sheet, large, None)
            opener = _opener(Path(spool.name), "utf-8", packed=False)
        else:
            opener = _opener(path, encoding, packed=start.startswith(b"\x1f\x8b"))
        table = Table(opener, "," if workbook else delimiter, numbered=workbook, large=large, header=[])
        yield table.check()


@dataclass(frozen=True)
class Look:
    """What a file is, seen from its outside: the sheets of a workbook, or how its text is written."""

    sheets: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""

    @property
    def is_workbook(self):
        return bool(self.sheets)


def look_at(path):
    """Return the Look of a file whose sender says nothing about it. Raises Refused with one sentence.

    Text is read once to find an encoding that fits all of it; of a workbook only the list of its sheets is unpacked.
    """
    path = Path(path)
    start = _start(path)
    if _is_workbook(start):
        with _book(path, large=False) as book:
            if not book.worksheets:
                raise Refused(_("The workbook has no sheet with a table."))
            return Look(sheets=tuple(page.title for page in book.worksheets))
    if start.startswith(b"\x1f\x8b"):
        raise Refused(_("This file is packed. Unpack it first and upload the table itself."))
    encoding = _encoding_of(path, start)
    with _opener(path, encoding, packed=False)() as stream:
        line = stream.readline(MOST_LINE)
    return Look(encoding=encoding, delimiter=max(DELIMITERS, key=line.count))


def first_rows(path, look, *, sheet="", most):
    """Return up to `most` Rows, the first of a file that are not empty, as they are numbered there. Raises Refused."""
    if not look.is_workbook:
        opener = _opener(Path(path), look.encoding, packed=False)
        table = Table(opener, look.delimiter, numbered=False, large=False, header=[])
        with opener() as stream:
            return list(islice(table._read(stream), most))
    with _book(Path(path), large=False) as book:
        cells = _rows(book, sheet)
        return [Row(number, number, [_text(cell) for cell in row]) for number, row in islice(cells, most)]


def plain_table(path, *, encoding, delimiter, numbered=False):
    """Return the Table of a file that is known to be text, unchecked; `numbered` if `write_plain` made it."""
    opener = _opener(Path(path), encoding, packed=False)
    return Table(opener, delimiter, numbered=numbered, large=True, header=[])


def write_plain(path, target, *, sheet="", seen=None):
    """Write one sheet of a workbook as text that `plain_table` reads; `seen(rows)` is told of the progress.

    Raises Refused. A workbook is unpacked ten times as slowly as text is read, so it is done once for many readings.
    """
    with Path(target).open("w", encoding="utf-8", newline="") as spool:
        _spool(Path(path), spool, sheet, False, seen)


def _start(path):
    """Return the first bytes of a file. Raises Refused for one that cannot be opened, or that no table begins so."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise Refused(_("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}) from error
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(_("This is an old or a protected Excel file. Save it as an unprotected .xlsx or as CSV."))
    return start


def _is_workbook(start):
    return start.startswith(b"PK\x03\x04")


def _encoding_of(path, start):
    """Return the encoding that all of a text fits. Raises Refused where none does."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start:
        # Text of mostly ASCII in two bytes each, without the mark that should stand in front of it.
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with contextlib.suppress(UnicodeDecodeError), path.open("rb") as file:
            while part := file.read(MEGABYTE):
                decoder.decode(part)
            decoder.decode(b"", final=True)
            return encoding
    raise Refused(_("The text of this file cannot be read. Save it as CSV in UTF-8, or as .xlsx."))


def _opener(path, encoding, *, packed):
    @contextlib.contextmanager
    def opened():
        try:
            with gzip.open(path) if packed else path.open("rb") as raw:
                yield io.TextIOWrapper(raw, encoding=encoding, newline="")
        except UnicodeError as error:
            text = _("The file is not %(encoding)s text. Save it as UTF-8, or name its encoding in the mapping.")
            raise Refused(text % {"encoding": encoding.removesuffix("-sig").upper()}) from error
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Refused(_("The packed file is damaged or cut off.")) from error

    return opened


def _spool(path, spool, sheet, large, seen):
    """Write the rows of one sheet as CSV, each with its number in front. Empty rows cost nothing."""
    writer = csv.writer(spool)
    with _book(path, large=large) as book:
        for count, (number, cells) in enumerate(_rows(book, sheet), start=1):
            writer.writerow([number, *map(_text, cells)])
            if seen and count % TOLD_EVERY == 0:
                seen(count)
    spool.flush()


def _rows(book, sheet):
    """Yield (number, cells) of the rows of one sheet that hold anything."""
    page = _page(book, sheet)
    # Some programs write a wrong size into the sheet, and the rows beyond it would be lost.
    page.reset_dimensions()
    for number, cells in enumerate(page.iter_rows(), start=1):
        values = [_value(cell) for cell in cells]
        if any(value is not None for value in values):
            yield number, values


def _value(cell):
    """Return what a cell holds; what it shows in percent as it is shown, for 100 % is kept as 1."""
    value = cell.value
    if type(value) in (int, float) and cell.has_style and "%" in cell.number_format:
        return f"{(Decimal(str(value)) * 100).normalize():f}%"
    return value


@contextlib.contextmanager
def _book(path, *, large):
    """Give an opened workbook. Whatever goes wrong inside with it is one sentence."""
    _weigh(path, large)
    try:
        # By its bytes: the library judges a path by its ending, and a kept file has none.
        with path.open("rb") as raw, warnings.catch_warnings():
            # openpyxl warns of styles and of extensions that it leaves out; only the values matter here.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(raw, read_only=True, data_only=True)
            with contextlib.closing(book):
                yield book
    except (Refused, DatabaseError):
        raise
    except Exception as error:  # a hostile workbook raises whatever it reaches in the library
        raise Refused(_("This workbook is damaged and cannot be read. Save it anew, or as CSV.")) from error


def _weigh(path, large):
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(info.file_size for info in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(_("This workbook is damaged and cannot be read. Save it anew, or as CSV.")) from error
    if not large and (unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * path.stat().st_size):
        text = _("Unpacked, this workbook would hold %(size)s MB. Save it as CSV, or add --large if that is right.")
        raise TooLarge(text % {"size": f"{unpacked / MEGABYTE:.1f}"})


def _page(book, sheet):
    pages = {page.title: page for page in book.worksheets}
    if not pages:
        raise Refused(_("The workbook has no sheet with a table."))
    if sheet and sheet not in pages:
        text = _("The workbook has no sheet “%(sheet)s”. It has: %(known)s.")
        raise Refused(text % {"sheet": sheet, "known": ", ".join(pages)})
    return pages[sheet] if sheet else next(iter(pages.values()))


def _text(cell):
    """Return a cell as text: dates as ISO, whole numbers without `.0`, rounded ones marked."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if len(cell) >= MOST_CELL:
            raise Refused(_("A cell holds more than 130,000 characters. This is not a table."))
        return cell.encode("utf-8", "ignore").decode()
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, (int, float)) and abs(cell) >= EXACT:
        return f"{ROUNDED}{cell:.0f}" if isinstance(cell, float) else f"{ROUNDED}{cell}"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
