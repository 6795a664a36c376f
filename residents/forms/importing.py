"""What is chosen for an import: the file, its sheet, which column is which, and which rows."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.imports import mapping
from residents.imports.cells import BadCell
from residents.imports.registry import TARGETS
from residents.models import ImportMapping, ImportRun
from servicedesk.core.text import TextField

MOST_BYTES = 20 * 1024 * 1024
# So many words of one column may be given a meaning; a column with more of them is hardly one of choices.
MOST_WORDS = 40
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter_of(index):
    """Return how a spreadsheet calls the column at `index`: A, B, …, Z, AA, …"""
    return (letter_of(index // 26 - 1) if index >= 26 else "") + LETTERS[index % 26]


class TableFileField(forms.FileField):
    """A table that somebody exported, of 20 MB at most; `too_large` is the sentence about a larger one."""

    widget = forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.csv,.txt"})

    def __init__(self, *, too_large, **kwargs):
        empty = {"required": _("Choose a file first."), "empty": _("The file is empty. Choose another one.")}
        super().__init__(label=_("File"), error_messages=empty, **kwargs)
        self.too_large = too_large

    def clean(self, data, initial=None):
        upload = super().clean(data, initial)
        if upload.size > MOST_BYTES:
            raise forms.ValidationError(self.too_large)
        return upload


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    target = forms.ChoiceField(
        label=_("What the file holds"),
        choices=[(key, ImportRun.Target(key).label) for key in TARGETS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what the rows of the file are.")},
    )
    upload = TableFileField(
        help_text=_("Excel or CSV, at most 20 MB. The first row names the columns."),
        too_large=_("The file is larger than 20 MB. Save it as CSV, or divide it; several files are imported in turn."),
    )


class SheetForm(forms.Form):
    """Which sheet of a workbook is read."""

    sheet = forms.ChoiceField(label=_("Sheet"))

    def __init__(self, *args, run, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sheet"].choices = [(sheet, sheet) for sheet in run.sheets]
        self.initial.setdefault("sheet", run.sheet)


class ColumnsForm(forms.Form):
    """Which column of the file is which of ours; what is the same for all rows; what the file's own words mean.

    `chosen` is the mapping that was first chosen or guessed; `words` are {key: words without a meaning}.
    """

    def __init__(self, *args, target, header, chosen, words, **kwargs):
        super().__init__(*args, **kwargs)
        self.target, self.words = target, words
        places = [("", _("not in the file"))]
        places += [(str(index), f"{letter_of(index)}  {name}") for index, name in enumerate(header)]
        for column in self.target.columns:
            place = chosen["columns"].get(column.key)
            self.fields[f"col_{column.key}"] = forms.ChoiceField(
                label=column.label, choices=places, required=False, initial="" if place is None else str(place)
            )
            self.fields[f"fix_{column.key}"] = TextField(
                label=_("%(column)s, the same for all rows") % {"column": column.label},
                required=False,
                max_length=200,
                initial=chosen["fixed"].get(column.key, ""),
            )
            for number, word in enumerate(words.get(column.key, ())[:MOST_WORDS]):
                self.fields[f"word_{column.key}_{number}"] = forms.ChoiceField(
                    label=word,
                    choices=[("", _("choose")), *column.choices],
                    required=False,
                    initial=chosen["words"].get(column.key, {}).get(word, ""),
                )

    @property
    def lines(self):
        """Return what stands on one line for each column of ours: the column and its two fields."""
        return [
            {"column": column, "place": self[f"col_{column.key}"], "fixed": self[f"fix_{column.key}"]}
            for column in self.target.columns
        ]

    @property
    def meanings(self):
        """Return the words that need a meaning, by column."""
        return [
            {
                "column": column,
                "fields": [self[f"word_{column.key}_{n}"] for n in range(min(len(words), MOST_WORDS))],
                "more": max(len(words) - MOST_WORDS, 0),
            }
            for column in self.target.columns
            if (words := self.words.get(column.key))
        ]

    @property
    def mapping(self):
        """Return what was chosen, as ImportRun keeps it."""
        found = {"columns": {}, "fixed": {}, "words": {}}
        for column in self.target.columns:
            if place := self.cleaned_data.get(f"col_{column.key}"):
                found["columns"][column.key] = int(place)
            if fixed := self.cleaned_data.get(f"fix_{column.key}"):
                found["fixed"][column.key] = fixed
            for number, word in enumerate(self.words.get(column.key, ())[:MOST_WORDS]):
                if code := self.cleaned_data.get(f"word_{column.key}_{number}"):
                    found["words"].setdefault(column.key, {})[word] = code
        return found

    def clean(self):
        cleaned = super().clean()
        found = self.mapping
        given = found["columns"].keys() | found["fixed"].keys()
        for column in self.target.columns:
            if column.required and column.key not in given:
                text = _("Choose the column for %(column)s, or write what is the same for all rows.")
                self.add_error(f"col_{column.key}", text % {"column": column.label})
        if self.target.one_of and not given & set(self.target.one_of):
            labels = [column.label for column in self.target.columns if column.key in self.target.one_of]
            text = _("Choose the column for %(one)s or for %(other)s.") % {"one": labels[0], "other": labels[1]}
            self.add_error(f"col_{self.target.one_of[0]}", text)
        for column in self.target.columns:
            if column.key in found["fixed"]:
                self._try(column, found)
        return cleaned

    def _try(self, column, found):
        """Read what is the same for all rows as a cell, so that it is not refused in each of them."""
        try:
            mapping.read_text(column, found, found["fixed"][column.key])
        except BadCell as bad:
            self.add_error(f"fix_{column.key}", bad.sentence)


class MappingForm(ColumnsForm):
    """The columns of a file of the register, remembered under a name."""

    remember = TextField(
        label=_("Remember this choice as"),
        required=False,
        max_length=ImportMapping._meta.get_field("name").max_length,
        help_text=_("For the next file of the same sender, for example the name of the old program."),
    )

    def __init__(self, *args, run, **kwargs):
        super().__init__(*args, target=TARGETS[run.target], header=run.header, **kwargs)


class StartForm(forms.Form):
    """All rows, or only those that can be imported."""

    ALL, GOOD = "all", "good"
    rows = forms.ChoiceField(
        label=_("Which rows"),
        choices=[
            (ALL, _("All rows; nothing is imported while one of them is refused")),
            (GOOD, _("Only the good rows; the refused ones are left out")),
        ],
        widget=forms.RadioSelect,
        initial=ALL,
    )
