"""Tables that leave the desk as CSV or Excel: numbers stay numbers, words stay words and never become formulas.

Text that a spreadsheet would take for a formula gets an apostrophe in front (ASVS 1.2.10), in both formats, because a
file is opened in more programs than the one it was made for.
"""

import csv
import datetime
import io
import re
from decimal import Decimal

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from servicedesk.core.text import clean_text

BOM = "\ufeff"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"
# Excel holds no more in one cell.
MOST_IN_CELL = 32_000
_FORMULA = re.compile(r"^[\s\ufeff\u200b\u200e\u200f']*[=+\-@＝＋－＠|]")
_NUMBER = (int, float, Decimal)


def safe_text(value):
    """Return `value` as text that no spreadsheet program evaluates, without characters that none of them can hold."""
    text = clean_text(str(value))[:MOST_IN_CELL]
    return f"'{text}" if _FORMULA.match(text) else text


def _is_number(value):
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


class _Echo:
    """A file for the csv writer that hands each line straight on."""

    def write(self, line):
        return line


def csv_lines(header, rows):
    """Yield the lines of a CSV file as text, with the mark by which Excel knows UTF-8. One row at a time in memory.

    `rows` are sequences of text, numbers, aware datetimes already in their own zone, dates or None.
    """
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    yield BOM + writer.writerow([safe_text(name) for name in header])
    for row in rows:
        yield writer.writerow([_csv_cell(value) for value in row])


def _csv_cell(value):
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value if _is_number(value) else safe_text(value)


def xlsx_file(header, rows, *, title, about):
    """Return a file in memory with one sheet of `rows` and a second one of `about` (label, value) pairs.

    Written row by row: only the packed file is held, about 150 bytes a row of twenty cells.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(safe_text(title)[:31])
    sheet.freeze_panes = "B2"
    for column in range(len(header)):
        sheet.column_dimensions[_letter(column)].width = 18
    sheet.append([_xlsx_cell(sheet, name, bold=True) for name in header])
    for row in rows:
        sheet.append([_xlsx_cell(sheet, value) for value in row])
    _about(book, about)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def _about(book, about):
    sheet = book.create_sheet(_("About this file")[:31])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 60
    for label, value in about:
        sheet.append([_xlsx_cell(sheet, label, bold=True), _xlsx_cell(sheet, value)])


def _letter(column):
    return chr(65 + column) if column < 26 else chr(64 + column // 26) + chr(65 + column % 26)


def _xlsx_cell(sheet, value, bold=False):
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        cell = WriteOnlyCell(sheet, value=value.replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm"
        return cell
    if isinstance(value, Decimal) and value.as_tuple().exponent == -2:
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = "#,##0.00"
        return cell
    if isinstance(value, datetime.date) or _is_number(value):
        return WriteOnlyCell(sheet, value=value)
    cell = WriteOnlyCell(sheet, value=safe_text(value))
    # Without this openpyxl guesses from the first character.
    cell.data_type = "s"
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if bold:
        cell.font = Font(bold=True)
    return cell
