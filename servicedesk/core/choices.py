"""Choices among rows, read once for a form."""

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _


class _ReadOnce(ModelChoiceIterator):
    """The rows of a choice, kept by its queryset; Django's own opens a cursor at the server each time one is drawn."""

    def __iter__(self):
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for row in self.queryset:
            yield self.choice(row)


class RowField(forms.ModelChoiceField):
    """One of some rows."""

    iterator = _ReadOnce

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"empty_label": _("choose"), **kwargs})


class RowsField(forms.ModelMultipleChoiceField):
    """Any of some rows."""

    iterator = _ReadOnce
    # What is no key at all is said in the words of a key that nobody has.
    default_error_messages = {"invalid_pk_value": forms.ModelChoiceField.default_error_messages["invalid_choice"]}
