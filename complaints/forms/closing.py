"""What a supervisor types at the close of a day, of a week, of a month."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.models import Explanation
from servicedesk.core.forms import NearDayField
from servicedesk.core.text import TextField

LONG_TEXT = 5000


class CloseForm(forms.Form):
    """The lines beside the rows that were found, the summary of the day, and why it is signed in spite of open rows."""

    summary = TextField(
        label=_("Summary of the day"),
        help_text=_("Name no colleague whom a case is about: they may read this."),
        max_length=LONG_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    exceptions = TextField(
        label=_("Why you sign in spite of open red rows"),
        required=False,
        max_length=LONG_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, checks, signs=False, **kwargs):
        super().__init__(*args, **kwargs)
        # Without it lines are saved, but no day is signed.
        self.fields["summary"].required = signs or not self.is_bound
        self.lines = [(check, row, f"why-{check.key}-{row.key}") for check in checks for row in check.rows]
        for _check, row, name in self.lines:
            self.fields[name] = TextField(
                label=_("Explanation of %(what)s") % {"what": row.label},
                required=False,
                max_length=Explanation._meta.get_field("text").max_length,
                initial=row.explained.text if row.explained else "",
            )
        # Signing comes last on the page, and so in the list of what is to be corrected.
        self.order_fields([name for _check, _row, name in self.lines])

    @property
    def typed(self):
        """The lines that were typed, as (check, row, text)."""
        return [(check, row, text) for check, row, name in self.lines if (text := self.cleaned_data.get(name))]

    def groups(self):
        """Return (check, [(row, field)]) in the order of the checks, as a page draws them."""
        found = {}
        for check, row, name in self.lines:
            found.setdefault(check.key, (check, []))[1].append((row, self[name]))
        return list(found.values())


class ReportForm(forms.Form):
    """What a supervisor says about the figures of a week or a month."""

    text = TextField(
        label=_("What the figures mean, and what will be done"),
        help_text=_("Name no colleague whom a case is about: they may read this."),
        max_length=LONG_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class PeriodForm(forms.Form):
    """The days that a page looks at: at most a year."""

    MOST_DAYS = 366

    first = NearDayField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date", "class": "w-date"}, format="%Y-%m-%d")
    )
    last = NearDayField(
        label=_("Until"), widget=forms.DateInput(attrs={"type": "date", "class": "w-date"}, format="%Y-%m-%d")
    )

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day must not be before the first."))
        elif first and last and (last - first).days > self.MOST_DAYS:
            self.add_error("last", _("Choose a year at the most."))
        return cleaned
