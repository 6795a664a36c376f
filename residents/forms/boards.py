"""What is typed about directory boards and their plates."""

from django import forms
from django.utils.translation import gettext_lazy as _

from residents import signs
from residents.models import Board, Building, Occupancy, Plate, Section
from servicedesk.core.choices import RowField
from servicedesk.core.forms import NearDayField, PictureField
from servicedesk.core.text import TextField


class BoardForm(forms.Form):
    """A board: where it hangs and how many places it has."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)
    name = TextField(label=_("Name of the board"), max_length=80)
    building = RowField(Building.objects.none(), label=_("Building"))
    section = RowField(Section.objects.none(), label=_("Section"), required=False, empty_label=_("all of the building"))
    floor = forms.IntegerField(
        label=_("Floor"), required=False, min_value=-9, max_value=200, help_text=_("Empty for the board of the lobby.")
    )
    slots = forms.IntegerField(label=_("Places on it"), min_value=1, max_value=300)
    is_bilingual = forms.BooleanField(label=_("In Chinese and English"), required=False)
    due_days = forms.IntegerField(
        label=_("Working days to change a plate"), min_value=1, max_value=60, initial=3, help_text=_("Our proposal.")
    )
    is_active = forms.BooleanField(label=_("The board is in use"), required=False, initial=True)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = Building.objects.filter(community=community)
        sections = Section.objects.filter(building__community=community).select_related("building")
        self.fields["section"].queryset = sections

    def clean(self):
        cleaned = super().clean()
        section, building = cleaned.get("section"), cleaned.get("building")
        if section and building and section.building_id != building.pk:
            self.add_error("section", _("This section belongs to another building."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        place = Board.Place.LOBBY if self.cleaned_data["floor"] is None else Board.Place.FLOOR
        return {name: value for name, value in self.cleaned_data.items() if name != "version"} | {"place": place}


class OccupantField(RowField):
    """One of the occupants of the units of a board, by room and name."""

    def label_from_instance(self, occupancy):
        return f"{occupancy.unit.label} {occupancy.person.name}"


class PlateForm(forms.Form):
    """A plate that is asked for: who, where, the name in their own words, and how they approved it."""

    occupancy = OccupantField(Occupancy.objects.none(), label=_("Occupant"))
    slot = forms.IntegerField(label=_("Place on the board"), min_value=1, max_value=300)
    display_name_zh = TextField(label=_("Name on the plate"), max_length=60)
    display_name_en = TextField(label=_("Name in English"), required=False, max_length=120)
    agreed_by = TextField(
        label=_("Who approved the name"), max_length=60, help_text=_("Somebody who may speak for the occupant.")
    )
    agreed_on = NearDayField(label=_("Approved on"))
    agreed_how = forms.ChoiceField(
        label=_("How"), choices=Plate.How.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    is_private_agreed = forms.BooleanField(
        label=_("A private person, who wishes their name on the board"), required=False
    )
    replaces = RowField(Plate.objects.none(), label=_("Replaces"), required=False, empty_label=_("no plate"))

    def __init__(self, *args, board, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.board, self.today = board, today
        living = Occupancy.objects.on(today).known().filter(unit__in=board.units(), kind__in=signs.BEARERS)
        self.fields["occupancy"].queryset = living.with_people().order_by("unit__label", "id")
        self.fields["replaces"].queryset = board.plates.hanging().select_related("board")
        self.fields["slot"].help_text = _("1 to %(most)s.") % {"most": board.slots}
        if not board.is_bilingual:
            del self.fields["display_name_en"]
        self.initial.setdefault("agreed_on", today.isoformat())

    def clean_agreed_on(self):
        if self.cleaned_data["agreed_on"] > self.today:
            raise forms.ValidationError(_("This day is still to come. Write when the name was approved."))
        return self.cleaned_data["agreed_on"]

    def clean(self):
        cleaned = super().clean()
        if self.board.is_bilingual and not cleaned.get("display_name_en") and not self.has_error("display_name_en"):
            self.add_error("display_name_en", _("This board is in two languages. Write the English name as well."))
        return cleaned


class MountForm(forms.Form):
    """That a plate hangs, with a photo where one was taken."""

    photo = PictureField(label=_("Photo"), required=False)
