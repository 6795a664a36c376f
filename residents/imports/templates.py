"""An empty workbook for each kind of file: the headings, one example, and a sheet that explains the columns."""

import io

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook

from servicedesk.core.spreadsheets import safe_text

LANGUAGES = ("zh-hans", "en")


def workbook(target):
    """Return a file in memory with a sheet to fill in and one that says in both languages what its columns hold.

    The example stands on the second sheet: on the first it would be imported by whoever forgets to remove it.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = safe_text(_("Rows to fill in"))
    sheet.freeze_panes = "A2"
    sheet.append([safe_text(str(column.label)) for column in target.columns])
    for place in range(1, len(target.columns) + 1):
        sheet.column_dimensions[sheet.cell(1, place).column_letter].width = 18
        for line in range(2, 502):
            # Text keeps leading zeros and long numbers as they were typed.
            sheet.cell(line, place).number_format = "@"
    _explain(book.create_sheet(safe_text(_("Columns"))), target)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _explain(sheet, target):
    for letter, width in zip("ABCDEFG", (20, 20, 12, 24, 44, 44, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    heads = [_in(language, gettext_lazy("Column")) for language in LANGUAGES]
    sheet.append([*heads, _("Required"), _("Example, not imported"), *[_("Explanation")] * 2, _("Possible values")])
    for column in target.columns:
        labels = [_in(language, column.label) for language in LANGUAGES]
        abouts = [_in(language, column.about) for language in LANGUAGES]
        choices = " / ".join(str(label) for _code, label in column.choices)
        required = _("yes") if column.required else ""
        sheet.append([safe_text(text) for text in (*labels, required, column.example, *abouts, choices)])


def _in(language, words):
    with translation.override(language):
        return str(words)
