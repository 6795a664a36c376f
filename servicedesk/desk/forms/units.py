"""What narrows the list of homes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.models import Building, Unit
from residents.rooms import key_of
from servicedesk.core.text import TextField


class UnitsForm(forms.Form):
    """A building, a room, a state, and where the page before ended."""

    building = forms.TypedChoiceField(label=_("Building"), required=False, coerce=int, empty_value=None)
    room = TextField(label=_("Room"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *Unit.State.choices])
    after = TextField(required=False, max_length=430, widget=forms.HiddenInput)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        buildings = Building.objects.filter(community=community).order_by("id").values_list("pk", "name")
        self.fields["building"].choices = [("", _("all")), *buildings]

    def clean_room(self):
        return key_of(self.cleaned_data["room"])

    @property
    def building_options(self):
        """The buildings as (value, words, whether chosen), drawn by the page itself: there may be hundreds."""
        chosen = self.data.get("building", "")
        return [(value, words, str(value) == chosen) for value, words in self.fields["building"].choices]

    @property
    def kept(self):
        """What the next page keeps of the address."""
        return {name: self.data[name] for name in ("building", "room", "state") if self.data.get(name)}
