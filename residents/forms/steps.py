"""What every form of a step on a key, a loan or a card has: the version of what it was made for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.models import Unit
from residents.rooms import key_of
from servicedesk.core.text import TextField

INLINE = {"class": "inline"}


def few_lines(rows=2):
    return forms.Textarea(attrs={"rows": rows})


class StepForm(forms.Form):
    """A step on `thing`; a page that is out of date, or a form that is sent twice, is told so by `version`."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args, thing, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.thing, self.now = thing, now
        self.initial.setdefault("version", thing.version)
        self.prepare()

    def prepare(self):
        """Fill in what depends on the thing: choices and first values."""

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class CopiesField(forms.IntegerField):
    """How many copies of a key, at least one."""

    widget = forms.NumberInput(attrs={"class": "num", "inputmode": "numeric"})

    def __init__(self, **kwargs):
        super().__init__(**{"label": _("Number of keys"), "min_value": 1, "max_value": 99, "initial": 1, **kwargs})


class RoomField(TextField):
    """A room as it is typed or spoken, returned as the Unit of `community`, or None where nothing was typed."""

    def __init__(self, **kwargs):
        super().__init__(**{"label": _("Room"), "max_length": 60, **kwargs})
        self.community = None

    def clean(self, value):
        typed = super().clean(value)
        if not typed:
            return None
        found = list(Unit.objects.filter(community=self.community).by_room(key_of(typed)).order_by("label")[:2])
        if not found:
            raise forms.ValidationError(_("There is no room %(room)s here. Look at it again."), params={"room": typed})
        if len(found) > 1:
            raise forms.ValidationError(
                _("%(room)s is more than one room. Write the building and the entrance too, for example 3-2-1201."),
                params={"room": typed},
            )
        return found[0]
