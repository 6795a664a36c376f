"""What a supervisor types into the lists of the polite desk."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints import letters
from complaints.models import Category
from servicedesk.core.choices import RowField
from servicedesk.core.text import TextField

EVERY = _("every category")


class WordingForm(forms.Form):
    """One row of a list of `community`."""

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        if "category" in self.fields:
            self.fields["category"].queryset = Category.objects.filter(community=community, is_active=True)

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return self.cleaned_data


class PhraseForm(WordingForm):
    code = TextField(
        label=_("Shortcut"),
        required=False,
        max_length=12,
        help_text=_("What is typed after ;; to find it, for example the first letters of its pinyin."),
    )
    text = TextField(label=_("Phrase"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    text_en = TextField(
        label=_("The same in English"), required=False, max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )
    category = RowField(Category.objects.none(), label=_("Offered for"), required=False, empty_label=EVERY)

    def clean_code(self):
        code = self.cleaned_data["code"].lower()
        if not re.fullmatch(r"[\w-]*", code):
            raise forms.ValidationError(_("Letters and digits only, without blanks."))
        return code


class TabooForm(WordingForm):
    text = TextField(label=_("Words to avoid"), max_length=100)
    kin = TextField(
        label=_("Also said as"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line. Blanks, marks and the polite form of “you” are seen through anyway."),
    )
    suggestion = TextField(label=_("Better"), required=False, max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.initial.get("kin"), list):
            self.initial["kin"] = "\n".join(self.initial["kin"])

    def clean_kin(self):
        lines = [line.strip() for line in self.cleaned_data["kin"].splitlines()]
        if any(len(line) > 100 for line in lines):
            raise forms.ValidationError(_("At most 100 characters in one line."))
        return list(dict.fromkeys(filter(None, lines)))


class LetterTemplateForm(WordingForm):
    name = TextField(label=_("Name"), max_length=60)
    category = RowField(Category.objects.none(), label=_("Offered for"), required=False, empty_label=EVERY)
    salutation = TextField(label=_("Salutation"), max_length=200)
    opening = TextField(label=_("What was written to us"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    done = TextField(label=_("What was done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    closing = TextField(label=_("Closing"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self):
        cleaned = super().clean()
        for name in letters.PARTS:
            if unknown := letters.unknown_in(cleaned.get(name) or ""):
                self.add_error(
                    name, _("Nothing is known as %(what)s. Take one of the words below.") % {"what": ", ".join(unknown)}
                )
        return cleaned
