"""What narrows the list of homes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.models import Building
from residents.rooms import key_of
from servicedesk.core.choices import RowField
from servicedesk.core.text import TextField


class UnitsForm(forms.Form):
    """A building, a room, and where the page before ended."""

    building = RowField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("all"))
    room = TextField(label=_("Room"), required=False, max_length=60)
    after = TextField(required=False, max_length=130, widget=forms.HiddenInput)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = Building.objects.filter(community=community).order_by("id")

    def clean_room(self):
        return key_of(self.cleaned_data["room"])

    @property
    def kept(self):
        """What the next page keeps of the address."""
        return {name: self.data[name] for name in ("building", "room") if self.data.get(name)}
