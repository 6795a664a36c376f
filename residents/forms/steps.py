"""Fields that forms of the register share."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.models import Unit
from residents.rooms import key_of
from servicedesk.core.text import TextField


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
